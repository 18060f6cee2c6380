"""Tables at the moments that the guards are tried at, each as long as it takes to get there."""

from dataclasses import replace
from datetime import timedelta

from tests.sessions.engine.table import PLAN, STANDING, START, UNTIMED, Table, text


class Post:
    def __init__(self, by, kind, fields=None, **how):
        self.by, self.kind, self.fields, self.how = by, kind, fields, how


class Guard:
    """`no` is refused with `code` at the table `at`; `yes` (or `no` itself) is accepted at `well`."""

    def __init__(self, sentence, code, sort, at, no, well=None, yes=None):
        self.sentence, self.code, self.sort = sentence, code, sort
        self.at, self.no, self.well, self.yes = at, no, well or at, yes or no


def new():
    return Table()


def fresh(**changes):
    return lambda: Table(PLAN, replace(STANDING, **changes))


def gathered_with(**changes):
    return lambda: Table(PLAN, replace(STANDING, **changes)).gathered()


def gathered():
    return Table().gathered()


def begun():
    return Table().begun()


def phase(number):
    return lambda: Table().in_phase(number)


def said():
    return Table().in_phase(3).said()


def asked():
    return said().asked()


def reflected():
    return asked().reflected()


def bridging():
    return Table().corrected_times(3)


def listened():
    return Table().in_phase(3).listened()


def wishing():
    return phase(5)().said().asked(check_kind="wish")


def feared(answer=None):
    def at():
        table = phase(3)()
        table.post("F", "fear_offered", id="F1", to="A", wording="I wonder if it was fear?")
        if answer:
            table.post("A", "fear_answered", fear="F1", answer=answer)
        return table

    return at


def redirected():
    table = phase(3)()
    table.post("F", "redirect_offered", id="R1", to="A", families=["ABS"], suggestion="What did you see?")
    return table


def cooling():
    return phase(3)().cooling()


def both_ready():
    return cooling().both_ready()


def one_ready():
    table = cooling()
    table.post("A", "ready_again")
    return table


def paused():
    table = phase(3)()
    table.post("A", "brief_pause_called")
    return table


def with_ana():
    table = phase(3)()
    table.post("F", "caucus_started", {"with": "A"})
    return table


def extending():
    table = phase(3)()
    table.post("A", "extension_proposed", phase=3, minutes=2)
    return table


def past_maximum():
    return phase(6)().wait(minutes=56)


def nearly_closing():
    table = phase(3)().wait(minutes=50)
    table.post("F", "phase_finished", phase=3)
    return table


def late():
    table = paused()
    table.wait(minutes=71)
    return table


def left():
    table = phase(3)()
    table.post("B", "partner_left")
    return table


def remote():
    return Table(replace(PLAN, mode="remote")).in_phase(3)


def options():
    return Table().with_options()


def drafted():
    return Table().drafted()


def ended():
    table = Table().closed()
    table.post("F", "session_ended", how="completed")
    return table


def untimed():
    return Table(UNTIMED).in_phase(3)


def noted():
    table = phase(3)()
    table.post("F", "note", text="Quiet today.")
    return table


def co_facilitated():
    return Table(replace(PLAN, co_facilitator=True)).in_phase(3)


def turn(*floors):
    def at():
        table = phase(5)()
        for floor in floors:
            table.post("F", "turn_started", floor=floor)
        return table

    return at


def in_return(minutes):
    return {"return_at": text(START + timedelta(minutes=minutes))}


SPEAK = {"id": "S9", "text": "I walked home alone.", "feelings": ["sad"]}
OPTION = Post("A", "option_added", id="O9", text="A walk on Sunday.", serves=[])
REFLECT = Post("B", "reflection_given", check="C1", feelings=["sad"], reason="you were all alone")
CONFIRM = Post("A", "reflection_confirmed", check="C1")
DRAFT = {
    "id": "AG9",
    "from_options": [],
    "text": "A walk.",
    "who_does_what": [{"who": "both", "what": "Walk."}],
    "look_again_on": "2026-03-16",
    "serves": [],
}

# The line on which `drafted` puts its draft.
DRAFT_LINE = 28


def started():
    table = Table().gathered().wait(minutes=5)
    table.post("F", "session_started")
    return table


def between(number):
    table = phase(number)()
    table.post("F", "phase_finished", phase=number)
    return table


def returned(number):
    table = between(3)
    table.post("F", "phase_returned", phase=number)
    return table


def confirmed(who):
    table = drafted()
    table.post(who, "agreement_confirmed", agreement="AG1")
    return table


def part_ended():
    table = with_ana()
    table.post("F", "caucus_ended", {"with": "A"})
    return table


def agreed_by_one():
    table = drafted()
    assert table.state.moments[-1].number == DRAFT_LINE
    table.post("A", "agreement_confirmed", agreement="AG1")
    return table


def released():
    table = said()
    table.standing = replace(STANDING, released=True)
    return table


def withdrawn(table):
    table.standing = replace(STANDING, facilitation_consent_b=False)
    return table


def caucus_in_cool_down():
    table = cooling()
    table.post("F", "caucus_started", {"with": "A"})
    return table


def rules_said():
    table = begun()
    table.post("F", "ground_rules_confirmed")
    return table


def long_paused():
    table = paused()
    table.wait(minutes=50).post("F", "resumed")
    return table


def pace_asked():
    table = listened()
    table.post("F", "pace_asked")
    return table


def one_listened():
    table = Table().in_phase(3).listened()
    return table.in_phase(6)


def proposed(minutes):
    table = cooling()
    table.post("B", "return_time_changed", in_return(minutes))
    return table
