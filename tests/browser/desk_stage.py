"""Run inside a house by `manage.py shell`: every state a session can be in, with long names."""

import json
from datetime import timedelta

from facilitator.now import now
from tests import cast
from tests.sessions.live_stage import sign_in
from tests.world import BEGUN, DRAFT, drive, planned

NAMES = ("Anastasia-Wilhelmina von Hohenstein", "Bartholomäus Maximilian Featherstonehaugh")
SAID = "On Monday evening I sat in the car for a while, because I did not know what would be waiting inside for us."
TOLD = [
    *BEGUN,
    ("F", "phase_finished", {"phase": 1}),
    ("F", "phase_started", {"phase": 4}),
    ("F", "turn_started", {"floor": "A"}),
]
STATED = [*TOLD, ("A", "statement", {"id": "S1", "text": SAID, "feelings": ["lonely", "tired"]})]
ASKED = [*STATED, ("F", "check_opened", {"id": "C1", "of": "S1", "listener": "B"})]
HEARD = ("B", "reflection_given", {"check": "C1", "heard": ["feeling", "reason"]})
NOT_QUITE = ("A", "reflection_corrected", {"check": "C1"})
LOTS = [
    *TOLD,
    *[("A", "statement", {"id": f"S{n}", "text": SAID}) for n in range(9)],
    *[
        ("F", "idea_parked", {"id": f"I{n}", "text": f"The garden, the shed and its door, number {n}."})
        for n in range(7)
    ],
    ("A", "option_added", {"id": "O1", "text": "A walk."}),
    ("F", "fear_offered", {"id": "F1", "to": "B", "wording": "I wonder whether it felt like too much."}),
    ("F", "redirect_offered", {"id": "R1", "to": "A", "suggestion": "I felt alone."}),
    ("F", "extension_proposed", {"phase": 4, "minutes": 5}),
]
CLOSING = [
    *TOLD,
    ("F", "phase_finished", {"phase": 4}),
    ("F", "phase_started", {"phase": 8}),
]
COOLING = [*STATED, ("F", "cool_down_called", {})]
STATES = {
    "ready": [],
    "gathering": BEGUN[:1],
    "running": BEGUN,
    "told": STATED,
    "reflecting": ASKED,
    "answering": [*ASKED, HEARD],
    "corrected": [*ASKED, HEARD, NOT_QUITE],
    "bridge": [*ASKED, *[HEARD, NOT_QUITE] * 3],
    "lots": LOTS,
    "drafted": [*STATED, ("F", "compromise_drafted", DRAFT)],
    "brief_pause": [*STATED, ("F", "brief_pause_called", {})],
    "settling": [*STATED, ("F", "settling_called", {"minutes": 5})],
    "cooling_down": COOLING,
    "nearly_back": [*COOLING, ("B", "ready_again", {})],
    "caucus": [*STATED, ("F", "caucus_started", {"with": "B"})],
    "closing": CLOSING,
    "wrapping_up": [*CLOSING, ("F", "phase_finished", {"phase": 8})],
    "carried": [*COOLING, ("F", "carried_over", {})],
    "ended": [*CLOSING, ("F", "phase_finished", {"phase": 8}), ("F", "session_ended", {})],
}


def stage():
    """Prints a sign-in and the desk of each state. `overtime` began so long ago that everything is late."""
    at = now()
    fay = cast.household("Fay", NAMES, at=at - timedelta(days=2))
    ids = {}
    for name, steps in {**STATES, "overtime": STATED}.items():
        begun = at - timedelta(minutes=80 if name == "overtime" else 12)
        ids[name] = str(drive(fay, planned(fay, start=begun), steps, at=begun).pk)
    print(json.dumps({"ids": ids, "sign_ins": {"fay": sign_in(fay.facilitator)}}))
