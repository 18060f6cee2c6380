"""What the desk's templates read: one frozen value, so that a field they name is a field there is."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from clients.models import Partner
from sessions.desk import other_commands
from sessions.desk.card_offers import CardOffer, card_offers
from sessions.desk.forms import CARD_FORMS
from sessions.desk.other_commands import CommandGroup, OtherCommand
from sessions.desk.refusals import NotYet, is_from_later
from sessions.desk.snapshot import DeskSnapshot
from sessions.desk.status import LATER_MINUTES, DeskStatus, status_of
from sessions.desk.table import (
    Checkable,
    Choices,
    LaterIdea,
    LogEntry,
    OpenCheck,
    Table,
    TableRow,
    Undoable,
    check_kinds,
    log_entries,
    undoable,
)
from sessions.models import Session
from sessions.record.planning import title_of

# The short name of each card of the desk.
CARD_NAMES = {
    "statement": "statement",
    "need_named": "need",
    "option_added": "option",
    "compromise_drafted": "agreement",
}
MORE = "more"
LOOK_AGAIN_DAYS = 14
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Place:
    """Addresses around a desk, which its door knows. A part whose address is missing is not shown."""

    command_url: str
    fragment_url: str = ""
    more_url: str = ""
    stream_url: str = ""
    desk_url: str = ""
    place_url: str = ""
    session_url: str = ""
    sheet_url: str = ""
    turn_url: str = ""
    home_url: str = ""
    # Just the clock: the page holds the session, and nobody keeps it.
    held: bool = False


@dataclass(frozen=True)
class Typed:
    """What was typed on a press that had to wait, so that it comes back.

    `cards` holds a card that was posted, by kind; `fields` what was typed elsewhere, by kind and field.
    """

    cards: Mapping[str, forms.Form] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class DeskContext:
    """Everything the desk's templates read of a session; addresses stand in `Place`."""

    session: Session
    title: str
    place_label: str
    timed: bool
    partners: Mapping[str, Partner]
    people: list[Partner]
    # The sign of each by slot, and of both together.
    marks: Mapping[str, SafeString]

    status: DeskStatus
    sign: str

    check: OpenCheck | None
    checkable: Checkable | None
    check_kinds: Choices
    table: list[TableRow]
    later: list[LaterIdea]

    card_forms: Mapping[str, forms.Form]
    open_card: str
    has_more: bool
    # None until *More* is opened.
    more: list[CommandGroup] | None
    more_at_hand: list[OtherCommand]
    card_offers: list[CardOffer]
    later_minutes: tuple[int, ...]

    refusal: NotYet | None
    typed: Mapping[str, Mapping[str, Any]]

    undo: Undoable | None
    log: list[LogEntry]
    # The newest line that moved the clock: a press from an older screen is refused.
    seen: int
    # How many lines there are: an answer older than what the screen shows is dropped.
    head: int
    key_base: str


def desk_context(
    desk: DeskSnapshot,
    *,
    status: DeskStatus | None = None,
    typed: Typed | None = None,
    refusal: NotYet | None = None,
    sign: str = "",
    with_more: bool = False,
) -> DeskContext:
    """What one desk shows. `with_more` puts the list behind *More* in, which is otherwise fetched."""
    typed = typed or Typed()
    bound = typed.cards
    if is_from_later(typed.fields.get("option_added", NOTHING)):
        # Pressed on the Later list: what is half written in the option card is another idea, and stays.
        bound = {}

    table = Table(desk)
    open_card = _open_card(bound, typed.fields)
    has_more = other_commands.is_any(desk)
    shows_more = has_more and (with_more or open_card == MORE)

    return DeskContext(
        session=desk.session,
        title=title_of(desk.session),
        place_label=desk.session.couple.label,
        timed=desk.plan.timed,
        partners=desk.partners,
        people=desk.people,
        marks=_marks(desk),
        status=status or status_of(desk),
        sign=sign or desk.plan.exit_strategy.sign,
        check=table.open_check,
        checkable=table.checkable,
        check_kinds=check_kinds(),
        table=table.rows,
        later=table.later,
        card_forms={**_empty_cards(desk), **bound},
        open_card=open_card,
        has_more=has_more,
        more=other_commands.groups(desk, typed.fields) if shows_more else None,
        more_at_hand=other_commands.at_hand(desk, typed.fields),
        card_offers=card_offers(desk),
        later_minutes=LATER_MINUTES,
        refusal=refusal,
        typed=typed.fields,
        undo=undoable(desk),
        log=log_entries(desk),
        seen=desk.clock_line,
        head=len(desk.moments),
        key_base=_key_base(desk),
    )


def for_template(context: DeskContext, place: Place) -> dict[str, Any]:
    """Both as a template reads them."""
    values = {one.name: getattr(context, one.name) for one in fields(context)}
    addresses = {one.name: getattr(place, one.name) for one in fields(place)}
    # Lists that stand in many rows are made once for each page (templatetags/presses.py).
    return {**values, **addresses, "options_made": {}}


def tag_of(desk: DeskSnapshot, status: DeskStatus, *, sign: str = "") -> str:
    """The tag of a fragment, from what it is made of and before it is rendered: one state has one tag."""
    names = [(partner.slot, partner.name) for partner in desk.partners.values()]
    parts = [
        str(desk.session.pk),
        len(desk.moments),
        desk.session.couple.label,
        desk.session.couple.zone,
        sorted(names),
        sign,
        get_language(),
        status,
    ]
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def _marks(desk: DeskSnapshot) -> dict[str, SafeString]:
    """Made once, however often they stand on the desk."""
    marks = {
        partner.slot: render_to_string("facilitator/mark.html", {"slot": partner.slot, "name": partner.name})
        for partner in desk.partners.values()
    }
    marks["both"] = render_to_string("facilitator/pair.html", {"partners": desk.people})
    return {slot: mark_safe(html.strip()) for slot, html in marks.items()}


def _key_base(desk: DeskSnapshot) -> str:
    """What the keys of this page's forms begin with: another one after each entry."""
    return hashlib.sha256(f"{desk.session.pk}:{len(desk.moments)}".encode()).hexdigest()[:20]


def _open_card(bound: Mapping[str, Any], typed: Mapping[str, Any]) -> str:
    """A card that had to wait stays open."""
    for kind in bound:
        if kind in CARD_NAMES:
            return CARD_NAMES[kind]
    if any(kind in other_commands.KNOWN for kind in typed):
        return MORE
    return ""


def _empty_cards(desk: DeskSnapshot) -> dict[str, forms.Form]:
    is_of_one = len(desk.plan.partners) == 1
    floor = desk.reading.floor or (desk.plan.partners[0] if is_of_one else None)
    initial: dict[str, Any] = {
        "who": floor if is_of_one else "both",
        "look_again_on": _today(desk.reading.now, desk.plan.zone) + timedelta(days=LOOK_AGAIN_DAYS),
    }
    if floor:
        initial["by"] = floor

    return {
        kind: form_class(people=desk.names, initial=initial, auto_id=f"{kind}-%s")
        for kind, form_class in CARD_FORMS.items()
    }


def _today(now: datetime, zone: str) -> Any:
    return now.astimezone(ZoneInfo(zone)).date()
