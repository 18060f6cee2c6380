"""What partners read: listed in one place, and free of the words that hurt (practice.md 8)."""

import re

from tests import words

BANNED = re.compile(
    r"\b(refus\w*|invalid|expir\w*|not available|unavailable|homework|complian\w*|fail(?:ed|ure|s)?|overdue)\b|!",
    re.I,
)


def sentences():
    return [
        (source, text)
        for sources in words.collected().values()
        for source, texts in sources.items()
        for text in texts
    ]


def test_the_list_is_the_one_of_today():
    """Run `python -m tests.words` and read what is new aloud."""
    assert words.SHEET.read_text(encoding="utf-8") == words.sheet()


def test_none_of_them_holds_a_word_that_hurts_or_raises_its_voice():
    said = sentences()
    assert len(said) > 500
    assert [(source, text) for source, text in said if BANNED.search(text)] == []


def test_the_list_finds_what_it_looks_for():
    found = {text for _source, text in sentences()}
    wanted = {
        "This is resting for now. {facilitator} can tell you more when you meet.",
        "One speaks, one listens.",
        "We listened to each other today. That was the whole plan.",
        "What is one word for how you leave?",
        "A small, sure moment at the same time each day.",
        "A sentence nobody says.",
    }
    assert wanted - found == {"A sentence nobody says."}
    assert BANNED.search("Your answer failed")
    assert BANNED.search("Well done!")
    assert list(
        words.of_template(
            "{% blocktranslate count n=n %}One{% plural %}{{ n }} of them{% endblocktranslate %}"
        )
    ) == [
        "One",
        "{{ n }} of them",
    ]
