"""Pieces that several papers share: the foot, who met, an agreement, the pause sign, the next meeting."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.contexts.material import Meeting, SeenLine
from reports.contexts.story import Draft, Story
from reports.contexts.words import day, hour, iso_day, listed, minutes


@dataclass(frozen=True)
class Foot:
    """What stands at the foot of every page."""

    kind: str
    label: str
    version: int
    released: str
    draft: bool


@dataclass(frozen=True)
class Part:
    name: str
    what: str


@dataclass(frozen=True)
class Confirmation:
    name: str
    on: str
    aloud: bool


@dataclass(frozen=True)
class AgreementSeen:
    text: str
    parts: tuple[Part, ...]
    starts: str
    trial_until: str
    look_again: str
    looks_after: tuple[str, ...]
    if_not_working: str
    confirmed: tuple[Confirmation, ...]

    @property
    def dates(self) -> str:
        said = []
        if self.starts:
            said.append(_("from %(day)s") % {"day": self.starts})
        if self.trial_until and self.trial_until != self.look_again:
            said.append(_("on trial until %(day)s") % {"day": self.trial_until})
        if self.look_again:
            said.append(_("look again on %(day)s") % {"day": self.look_again})
        return " · ".join(said)


@dataclass(frozen=True)
class PauseSign:
    sign: str
    least: str
    sentence: str


def foot(meeting: Meeting, kind: str, *, draft: bool = False) -> Foot:
    released_on = day(meeting.released_on)
    released = _("released %(day)s") % {"day": released_on} if released_on else ""

    # The code is the care team's name for the two; a partner's paper carries the label they chose.
    label = meeting.label if meeting.who_meets == "both" else ""
    return Foot(kind, label, meeting.version, released, draft)


def people(meeting: Meeting) -> str:
    partners = [meeting.names[slot] for slot in sorted(meeting.order)]

    helpers = [meeting.names[slot] for slot in ("F", "G") if meeting.names.get(slot)]
    for name, why in meeting.present:
        helpers.append(f"{name} ({why})" if why else name)

    return _("%(partners)s, with %(helpers)s") % {"partners": listed(partners), "helpers": listed(helpers)}


def written_up(meeting: Meeting) -> str:
    """How long it was is what somebody remembers, and says so."""
    said = [_("written up afterwards, not timed")]
    if meeting.about_minutes:
        said.append(_("about %(n)s minutes") % {"n": meeting.about_minutes})
    return " · ".join(said)


def agreement(draft: Draft, story: Story) -> AgreementSeen:
    meeting = story.material.meeting
    line = draft.line
    needs = [story.needs[ident].get("need") for ident in line.get("serves") or () if ident in story.needs]

    return AgreementSeen(
        text=line.get("text") or "",
        parts=tuple(parts(line, meeting.names)),
        starts=iso_day(line.get("from") or meeting.held_on),
        trial_until=iso_day(line.get("trial_until")),
        look_again=iso_day(line.get("look_again_on")),
        looks_after=tuple(need for need in needs if need),
        if_not_working=line.get("if_not_working") or "",
        confirmed=tuple(confirmation(draft, slot, meeting) for slot in meeting.order),
    )


def parts(line: SeenLine, names: Mapping[str, str]) -> list[Part]:
    """Who does what."""
    found = []
    for part in line.get("who_does_what") or ():
        name = _("Both") if part["who"] == "both" else names.get(part["who"], "")
        found.append(Part(name, part["what"]))
    return found


def confirmation(draft: Draft, slot: str, meeting: Meeting) -> Confirmation:
    """A yes was given at the meeting; the entry that says so may still be for other eyes."""
    line = draft.confirmed.get(slot)
    on = meeting.local(line.at) if line and line.at else meeting.held_on
    return Confirmation(meeting.names[slot], day(on), aloud=bool(line and line.told_to))


def phrases(story: Story) -> list[str]:
    """Those they had before and those they used, each once."""
    used = [line.get("text") for line in story.of_kind("phrase_used")]
    both = [*story.material.meeting.phrases, *used]
    return list(dict.fromkeys(text for text in both if text))


def pause_sign(meeting: Meeting) -> PauseSign | None:
    planned = meeting.exit_strategy
    if planned is None or not (planned.sign or planned.return_sentence):
        return None
    return PauseSign(planned.sign, minutes(planned.minimum_minutes * 60), planned.return_sentence)


def next_meeting(meeting: Meeting) -> str:
    """Day and hour in the reader's zone, with the zone named."""
    if meeting.next_session is None:
        return ""

    local = meeting.local(meeting.next_session)
    place = meeting.zone.rpartition("/")[2].replace("_", " ")
    return _("%(day)s, %(hour)s (%(zone)s time)") % {"day": day(local), "hour": hour(local), "zone": place}


def size_of(letters: int, *, roomy: int, snug: int) -> str:
    """How large a sheet can be set and still be one page."""
    if letters <= roomy:
        return "roomy"
    if letters <= snug:
        return "snug"
    return "tight"
