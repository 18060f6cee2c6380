"""The desk's templates name only what their context has: a name that nothing fills would show as nothing."""

import re
from dataclasses import fields

import pytest
from django.template.base import Lexer, TokenType

from sessions.desk.context import DeskContext, Place
from tests.services import ROOT

FOLDER = ROOT / "sessions/templates/facilitation/desk"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))

GIVEN = {one.name for one in (*fields(DeskContext), *fields(Place))}
# What every page has, and what its door adds.
EVERYWHERE = {"viewer", "now", "forloop", "block", "neutral_name", "is_mute", "practice", "csrf_token"}
WORDS_OF_TAGS = {"and", "or", "not", "in", "is", "as", "with", "only", "asvar", "None", "True", "False"}
TEXT_OR_FILTER = re.compile(r"\"[^\"]*\"|'[^']*'|\|\s*\w+")
NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?!\w*=)")


def tokens(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    return [token for token in Lexer(text).tokenize() if token.token_type in (TokenType.VAR, TokenType.BLOCK)]


def names_in(token):
    """The first part of each name that a token reads."""
    said = token.contents
    if token.token_type == TokenType.BLOCK:
        tag, _space, said = said.partition(" ")
        if tag in ("load", "extends", "block", "endblock", "comment"):
            return set()
    return set(NAME.findall(TEXT_OR_FILTER.sub(" ", said))) - WORDS_OF_TAGS


def made_here():
    """Names that a loop, `as`, `with` or an include gives, in any of these templates."""
    made = set()
    for name in TEMPLATES:
        for token in tokens(name):
            said = token.contents
            made |= set(re.findall(r"\bas(?:var)? (\w+)", said))
            made |= set(re.findall(r"(\w+)=", said))
            if said.startswith("for "):
                made |= set(re.findall(r"\w+", said.removeprefix("for ").partition(" in ")[0]))
    return made


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_of_the_desk_names_only_what_there_is(name):
    known = GIVEN | EVERYWHERE | made_here()

    read = {each for token in tokens(name) for each in names_in(token)}

    assert read - known == set()


def test_a_name_that_nothing_fills_would_be_found():
    [token] = [one for one in Lexer('{% if nowhere.at_all == "x" %}').tokenize() if one.contents]

    assert names_in(token) == {"nowhere"}
