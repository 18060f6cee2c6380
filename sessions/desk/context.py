"""What the desk shows, shaped for its templates: absolute instants only, so that one state gives one fragment."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sessions.desk import other_commands, refusals, table
from sessions.desk.forms import CARDS
from sessions.desk.snapshot import Room, people, room
from sessions.desk.status import LATER_MINUTES, glance
from sessions.record.planning import title_of

__all__ = ["Room", "context", "digest", "people", "room"]

CARD_NAMES = {
    "statement": "statement",
    "need_named": "need",
    "option_added": "option",
    "compromise_drafted": "agreement",
}
LOOK_AGAIN_DAYS = 14


def context(
    room: Room,
    *,
    forms: Mapping[str, Any] | None = None,
    refusal: Any = None,
    typed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`forms` and `typed` hold what was typed on a press that had to wait.

    Addresses are the door's to add: `command_url`, `desk_url`, and where there are such pages `place_url`,
    `turn_url`, `session_url`, `sheet_url`. A part whose address is missing is not shown.
    """
    on_the_table = table.table(room)
    key_base = hashlib.sha256(f"{room.session.pk}:{len(room.moments)}".encode()).hexdigest()[:20]
    typed = typed or {}
    if refusals.from_later(typed.get("option_added", {})):
        # It was no card that had to wait: what is being drafted in one is another idea.
        forms = {}
    return {
        "session": room.session,
        "title": title_of(room.session),
        "place_label": room.session.couple.label,
        "timed": room.plan.timed,
        "partners": room.partners,
        "people": [room.partners[slot] for slot in room.plan.partners],
        "reading": glance(room),
        "check": table.check(room, on_the_table),
        "checkable": table.checkable(room, on_the_table),
        "check_kinds": table.check_kinds(),
        "table": list(reversed(on_the_table))[: table.NEWEST],
        "forms": {**_forms(room), **(forms or {})},
        "open_card": _open_card(forms, typed),
        "more": other_commands.groups(room, people(room), typed),
        "hand_over": other_commands.cards(room),
        "later_minutes": LATER_MINUTES,
        "refusal": refusal,
        "typed": typed,
        "later": table.later(room),
        "sign": room.plan.exit_strategy.sign,
        "undo": table.undoable(room),
        "log": table.entries(room),
        "seen": room.clock_line,
        # Lets a screen drop an answer that is older than what it shows already.
        "head": len(room.moments),
        "key_base": key_base,
    }


def _open_card(forms: Mapping[str, Any] | None, typed: Mapping[str, Any]) -> str:
    """A card that had to wait stays open."""
    card = next((CARD_NAMES[kind] for kind in forms or {} if kind in CARD_NAMES), "")
    return card or ("more" if any(kind in other_commands.KNOWN for kind in typed) else "")


def _forms(room: Room) -> dict[str, Any]:
    floor = room.reading.floor or (room.plan.partners[0] if len(room.plan.partners) == 1 else None)
    today = room.reading.now.astimezone(ZoneInfo(room.plan.zone)).date()
    start = {
        **({"by": floor} if floor else {}),
        "who": "both" if len(room.plan.partners) > 1 else floor,
        "look_again_on": today + timedelta(days=LOOK_AGAIN_DAYS),
    }
    return {
        kind: made(people=people(room), initial=start, auto_id=f"{kind}-%s")  # type: ignore[call-arg]
        for kind, made in CARDS.items()
    }


def digest(html: str, token: str) -> str:
    """The fragment's tag: its bytes without the form token, which is new on each page."""
    return hashlib.sha256(json.dumps(html.replace(token, "")).encode()).hexdigest()[:32]
