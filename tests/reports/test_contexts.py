"""What each paper may hold: one session as Mara (A) and Teo (B) and Ines heard it, without any PDF."""

import json
from dataclasses import asdict, replace
from datetime import date

import pytest

from reports.contexts import AgreementSheet, FacilitatorRecord, JointSummary, PartnerCopy, SeenLine
from reports.contexts.joint import Answer, Quote
from tests.reports import stage


def flat(context):
    if context is None:
        return ""
    return json.dumps(asdict(context), default=str, ensure_ascii=False)


def papers(material):
    return {
        "joint": JointSummary.of(material),
        "A": PartnerCopy.of(material, "A"),
        "B": PartnerCopy.of(material, "B"),
        "record": FacilitatorRecord.of(material),
        "sheet": AgreementSheet.of(material),
    }


def changed(material, wanted, **new):
    """The same session with every line that is `wanted` changed."""
    lines = [replace(line, **new) if wanted(line) else line for line in material.lines]
    return replace(material, lines=lines)


def without(material, wanted):
    return replace(material, lines=[line for line in material.lines if not wanted(line)])


def test_the_first_speaker_comes_first_and_both_sides_have_the_same_parts():
    teo, mara = JointSummary.of(stage.worked()).sides

    assert teo.name == "Teo"
    assert mara.name == "Mara"
    assert [len(part) for part in (teo.said, teo.needs, teo.fears, teo.seen)] == [2, 3, 1, 0]
    assert [len(part) for part in (mara.said, mara.needs, mara.fears, mara.seen)] == [2, 2, 0, 1]


def test_what_was_meant_is_printed_and_what_was_first_heard_is_not():
    summary = JointSummary.of(stage.worked())

    assert summary.sides[1].said[0] == Quote(
        text="On Monday and Tuesday evening I felt lonely and frightened because I did not know if you were "
        "coming back to me.",
        feelings=("lonely", "frightened"),
        meant=("Lonely, yes, and frightened, because I could not tell if it was over.",),
        answers=(Answer("Teo", "Anyone would be frightened, not knowing."),),
    )
    assert "because I asked about the money" not in flat(summary)
    assert "because I was not talking" not in flat(summary)


def test_a_need_that_both_said_stands_on_both_sides():
    summary = JointSummary.of(stage.worked())

    assert [(need.need, need.both) for need in summary.sides[0].needs] == [
        ("space", False),
        ("encouragement", False),
        ("predictability", True),
    ]

    assert [(need.need, need.both) for need in summary.sides[1].needs] == [
        ("reassurance", False),
        ("predictability", True),
    ]


def test_the_summary_says_how_long_and_how_many_and_nothing_finer():
    summary = JointSummary.of(stage.worked())

    assert summary.length == "talked 48 minutes · rested 23 minutes"
    assert summary.said_back == "6 things were said back and confirmed."
    assert summary.still_open == ("If I need longer, I send one line with a new time.",)
    assert summary.next_meeting == "27 March 2025, 18:00 (Lisbon time)"


def test_no_measure_of_anybody_reaches_a_partners_paper():
    """Every figure but the times of the whole session is made unmistakable."""
    material = stage.worked()
    loud = dict(material.figures)
    loud["voice_s"] = dict.fromkeys("ABF", 91119) | {"none": 91119}
    loud["checks"] = {name: 91119 for name in material.figures["checks"] if name != "by_listener"}
    loud["checks"]["by_listener"] = {who: {"answered": 91119, "first_try": 91119} for who in "AB"}
    loud["misinterpretations"] = [{**one, "tries": 91119} for one in material.figures["misinterpretations"]]

    made = papers(replace(material, figures=loud))

    assert "91119" in flat(made["record"])
    assert [name for name in ("joint", "A", "B", "sheet") if "91119" in flat(made[name])] == []


def test_who_called_a_pause_changes_no_joint_paper():
    """The same session, with each pause called by the other one."""
    material = stage.worked()
    other_one = {"A": "B", "B": "A"}
    pauses = [
        {**pause, "called_by": other_one.get(pause["called_by"], "B")} for pause in material.figures["pauses"]
    ]
    swapped = changed(
        replace(material, figures={**material.figures, "pauses": pauses}),
        lambda line: line.kind == "brief_pause_called" and line.audience == "OWN_F",
        owner="B",
        by="B",
    )

    assert JointSummary.of(swapped) == JointSummary.of(material)
    assert FacilitatorRecord.of(swapped).pauses != FacilitatorRecord.of(material).pauses


def marked(material):
    """Every text of every line replaced by a word of its own that says whose it is and who may read it."""
    marks = {}
    lines = []

    def mark(value, line, name):
        if isinstance(value, str) and name not in ("who", "id"):
            word = f"zq{len(marks):03d}x"
            marks[word] = (line.audience, line.owner, line.kind, name)
            return word
        if isinstance(value, list):
            return [mark(one, line, name) for one in value]
        if isinstance(value, dict):
            return {key: mark(one, line, key) for key, one in value.items()}
        return value

    for line in material.lines:
        words = {name: mark(value, line, name) for name, value in line.words.items()}
        lines.append(replace(line, words=words))

    for audience in ("OWN", "SYS", "FAC"):
        for owner in ("A", "B"):
            extra = SeenLine("statement", len(lines) + 1, audience=audience, owner=owner, by=owner)
            words = {"text": mark("x", extra, "text"), "feelings": mark(["x"], extra, "feelings")}
            lines.append(replace(extra, facts={"id": f"X{len(lines)}"}, words=words))

    return replace(material, lines=lines), marks


def found_in(paper, marks):
    text = flat(paper)
    return {(audience, owner) for word, (audience, owner, _, _) in marks.items() if word in text}


def test_every_text_is_only_on_papers_its_audience_reads():
    """All lines of every audience are handed to every paper: the second lock alone must hold."""
    material, marks = marked(stage.worked())
    made = papers(material)

    assert found_in(made["joint"], marks) == {("JOINT", ""), ("REL", "A"), ("REL", "B")}
    assert found_in(made["A"], marks) == {("JOINT", ""), ("REL", "A"), ("REL", "B")}
    assert found_in(made["B"], marks) == {("JOINT", ""), ("REL", "A"), ("REL", "B"), ("OWN_F", "B")}
    assert found_in(made["sheet"], marks) == {("JOINT", ""), ("REL", "A"), ("REL", "B")}

    record = found_in(made["record"], marks)
    assert {("FAC", "A"), ("FAC", "B"), ("OWN_F", "B"), ("REL", "A"), ("JOINT", "")} <= record
    assert not {("OWN", "A"), ("OWN", "B"), ("SYS", "A"), ("SYS", "B")} & record


def test_numbers_stay_with_their_owner():
    anas = PartnerCopy.of(stage.worked(), "A").only_for_you
    bens = PartnerCopy.of(stage.worked(), "B").only_for_you

    assert [number.value for number in anas.numbers] == [6, 4, 3]
    assert [(number.when, number.value) for number in bens.numbers] == [
        ("on arriving", 7),
        ("at the pause", 8),
        ("when ready again", 4),
        ("at the end", 3),
    ]


# What Teo keeps back, and what goes with it: the check, what was said back of it, and what answered it.
KEPT_BACK = {
    "a statement": ({"S1"}, {"S1", "C1", "V1"}),
    "a need with its words": ({"N1"}, {"N1", "S5", "C5"}),
    "the own words on a fear": ({"F1"}, {"F1", "V2"}),
    "an option": ({"O3"}, {"O3"}),
}


def names(line):
    return {line.get(name) for name in ("id", "check", "of", "statement", "fear")} - {None}


@pytest.mark.parametrize("case", KEPT_BACK)
def test_a_line_kept_back_leaves_no_gap(case):
    """The summary is the same, to the letter, as if it had never been said."""
    kept, goes = KEPT_BACK[case]
    material = stage.worked()
    kinds = ("statement", "need_named", "fear_answered", "option_added")

    def is_kept(line):
        is_bens = line.audience == "REL" and line.owner == "B"
        return is_bens and line.kind in kinds and bool(names(line) & kept)

    held = changed(material, is_kept, held_back=True)
    never = without(material, lambda line: bool(names(line) & goes))

    assert [line for line in held.lines if line.held_back]
    assert JointSummary.of(held) == JointSummary.of(never)
    assert JointSummary.of(never) != JointSummary.of(material)
    assert PartnerCopy.of(held, "A") == PartnerCopy.of(never, "A")


def test_a_line_kept_back_stays_with_its_author_and_is_a_marker_in_the_record():
    held = changed(stage.worked(), lambda line: line.get("id") == "S1", held_back=True)

    said = PartnerCopy.of(held, "B").summary.sides[0].said[0]
    assert said.text[:24] == "After we talked about mo"
    assert said.own_only is True

    record = FacilitatorRecord.of(held)
    assert record.said[0].head == "S1"
    assert record.said[0].text == "held back by its author"
    assert "After we talked" not in flat(record)


def test_before_release_a_copy_holds_what_is_joint_and_what_is_ones_own():
    material = stage.worked(released_on=None)
    mine = without(material, lambda line: line.audience == "REL" and line.owner != "A")
    copy = PartnerCopy.of(mine, "A")

    teo, mara = copy.summary.sides
    assert teo.said == ()
    assert teo.fears == ()
    assert [(need.need, need.both) for need in teo.needs] == [("predictability", True)]
    assert [len(part) for part in (mara.said, mara.needs, mara.seen)] == [2, 2, 1]
    assert [held.text for held in copy.summary.agreements] == [
        "Teo says the sentence and a time; Mara sends one message at most."
    ]
    assert "overwhelmed" not in flat(copy)


def test_a_guess_that_was_turned_down_is_on_no_paper():
    material = stage.worked()
    unshown = without(material, lambda line: line.kind == "fear_answered" and line.audience == "REL")

    for answer in ("does_not_fit", "not_now"):
        left = [
            replace(line, facts={**line.facts, "answer": answer}) if line.get("answer") == "partly" else line
            for line in unshown.lines
        ]
        made = papers(replace(material, lines=left))

        telling = [name for name, paper in made.items() if "any answer will be the wrong one" in flat(paper)]
        assert telling == []
        assert [block.text for block in made["record"].fears] == ["a guess was offered and left"]


def test_who_answered_an_extension_is_on_no_paper():
    record = FacilitatorRecord.of(stage.worked())

    assert [row for row in record.log.rows if row[3] == "more time answered"] == [
        ("83", "19:04:50", "", "more time answered"),
        ("84", "19:04:50", "", "more time answered"),
    ]
    assert "not_now" not in flat(record)


def test_the_record_has_the_time_table_to_the_second():
    times = FacilitatorRecord.of(stage.worked()).times

    assert times.heads == ("Phase", "planned", "added", "active", "over", "M.", "T.", "I.", "quiet")
    assert times.rows[5] == (
        "6  A kinder way next time",
        "8:00",
        "3:00",
        "10:20",
        "0:00",
        "3:40",
        "3:40",
        "3:00",
        "0:00",
    )
    assert times.total == ("all", "50:00", "3:00", "48:30", "0:20", "15:59", "15:29", "15:12", "1:50")


def test_the_record_has_every_attempt_and_no_raw_words():
    record = FacilitatorRecord.of(stage.worked())

    assert record.checks.rows[:2] == (
        (
            "C1 · S1",
            "M.",
            "1",
            "angry · because I asked about the money",
            "another feeling; meant: Not angry. Overwhelmed, and worried I would hurt you.",
        ),
        (
            "C1",
            "M.",
            "2",
            "overwhelmed · because you had no answer, and you went quiet so as not to hurt me",
            "confirmed; settled in 0:55 talking, 0:55 in all",
        ),
    )
    assert record.redirects.rows == (("R1", "18:14", "ABS", "said another way"),)
    assert len(record.log.rows) == 105


def test_both_early_ends_and_safety_read_the_same():
    header, commands = stage.read()
    figures = stage.worked().figures

    seen = set()
    for how in ("early_by_facilitator", "early_by_partner", "safety"):
        material = stage.material_from(header, commands, {**figures, "ended_how": how})
        seen.add((flat(FacilitatorRecord.of(material)), flat(JointSummary.of(material))))

    assert len(seen) == 1


def test_with_nothing_agreed_there_is_a_summary_and_no_sheet():
    material = without(
        stage.worked(), lambda line: line.kind in ("compromise_drafted", "agreement_confirmed")
    )

    assert AgreementSheet.of(material) is None

    summary = JointSummary.of(material)
    assert summary.agreements == ()
    assert len(summary.still_open) == 3


def test_a_draft_that_one_confirmed_is_still_open():
    material = changed(
        without(stage.worked(), lambda line: line.kind == "agreement_confirmed" and line.owner == "B"),
        lambda line: line.kind in ("compromise_drafted", "agreement_confirmed"),
        audience="REL",
    )

    assert AgreementSheet.of(material) is None
    assert JointSummary.of(material).still_open == (
        "Teo says the sentence and a time; Mara sends one message at most.",
        "If I need longer, I send one line with a new time.",
    )


def test_the_sheet_holds_the_agreement_and_nothing_of_its_story():
    sheet = AgreementSheet.of(stage.worked())
    held = sheet.agreements[0]

    assert [(part.name, part.what) for part in held.parts] == [
        ("Teo", "Says 'I need a breather' and names a time."),
        ("Mara", "Sends one message at most."),
    ]
    assert held.looks_after == ("space", "reassurance")
    assert held.dates == "from 13 March 2025 · look again on 27 March 2025"
    assert [(yes.name, yes.on) for yes in held.confirmed] == [
        ("Teo", "13 March 2025"),
        ("Mara", "13 March 2025"),
    ]

    assert "overwhelmed" not in flat(sheet)
    assert "one line with a new time" not in flat(sheet)


def test_one_sided_content_leaves_the_other_side_out():
    material = without(stage.worked(), lambda line: line.audience == "REL" and line.owner == "A")

    assert [side.name for side in JointSummary.of(material).sides] == ["Teo"]


def test_written_up_afterwards_holds_no_seconds():
    header, commands = stage.read()
    timed_only = ("planned_start", "agreed_max_minutes", "latest_end")
    untimed = {k: v for k, v in header.items() if k not in timed_only} | {"timed": False}
    silent = ("pause", "cool_down", "caucus", "extension", "return", "resumed", "ready_again", "voice")
    kept = [
        {k: v for k, v in command.items() if k not in ("at", "voice")}
        for command in commands
        if not any(word in command["kind"] for word in silent)
    ]
    figures = {k: v for k, v in stage.worked().figures.items() if not k.endswith("_s") and k != "phases"}
    figures["misinterpretations"] = [{"check": "C1", "problem": "feeling_wrong", "tries": 2}]
    figures["pauses"] = []

    material = stage.material_from(untimed, kept, figures)

    assert JointSummary.of(material).length == "written up afterwards, not timed"
    record = FacilitatorRecord.of(material)
    assert record.times is None
    assert record.pauses is None
    assert record.chart is None
    assert record.airtime == ""
    assert record.span == "written up afterwards, not timed"
    assert {row[1] for row in record.log.rows} == {"–"}


def test_a_copy_of_a_talk_with_one_says_nothing_of_two():
    header, commands = stage.read("one_to_one.jsonl")
    material = stage.material_from(header, commands, stage.worked().figures)
    copy = PartnerCopy.of(material, header["with"])

    assert copy.summary.alone is True
    assert copy.summary.people == "Ana, with Fay"
    assert copy.foot.label == ""
    assert "Ben" not in flat(copy)


def test_a_correction_is_laid_over_what_it_corrects_and_what_is_undone_is_gone():
    material = stage.worked()
    first = next(line for line in material.lines if line.get("id") == "S4")
    third_option = next(line for line in material.lines if line.get("id") == "O3")
    fixed = SeenLine(
        "corrected",
        900,
        facts={"line": first.command},
        words={"text": "The note helped."},
        audience="REL",
        owner="A",
        command=900,
    )
    undone = SeenLine(
        "undone",
        901,
        facts={"line": third_option.command},
        audience="FAC",
        command=901,
    )

    later = replace(material, lines=[*material.lines, fixed, undone])

    assert JointSummary.of(later).sides[1].said[1].text == "The note helped."
    record = FacilitatorRecord.of(later)
    assert [row[0] for row in record.options.rows] == ["O1", "O2"]
    assert record.log.rows[-1][3] == f"taken back · entry {undone.get('line') - 1}"


def test_what_was_said_aloud_says_so_on_the_sheet():
    material = changed(stage.worked(), lambda line: line.kind == "agreement_confirmed", told_to=True)
    assert [yes.aloud for yes in AgreementSheet.of(material).agreements[0].confirmed] == [True, True]


def test_a_paper_is_a_draft_until_it_is_released():
    assert JointSummary.of(stage.worked(released_on=None)).foot.draft is True
    assert JointSummary.of(stage.worked(released_on=date(2025, 3, 14))).foot.draft is False
    assert PartnerCopy.of(stage.worked(released_on=None), "A").foot.draft is False


def test_two_of_the_same_name_go_by_their_letters_in_the_record():
    header, commands = stage.read()
    header["partners"] = {"A": {"name": "Sam"}, "B": {"name": "Sam"}}

    record = FacilitatorRecord.of(stage.material_from(header, commands, stage.worked().figures))

    assert record.times.heads[5:8] == ("A", "B", "I.")


def test_the_same_session_gives_the_same_papers():
    assert papers(stage.worked()) == papers(stage.worked())
