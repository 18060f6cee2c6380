"""Buttons of the desk as one component each: `{% press "minutes_added" words=… phase=… %}`.

They are written in Python because a desk has dozens of them, and is made anew with every press.
"""

from functools import cache
from typing import Any

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()

NO_HTML = mark_safe("")
SELECTED = mark_safe(" selected")
SPACE = " "


@register.simple_tag(takes_context=True)
def press(
    context: Context,
    kind: str,
    *,
    words: str,
    look: str = "",
    icon: str = "",
    id: str = "",
    letter: str = "",
    also: str = "",
    felt: str = "",
    by: str = "",
    tail: str = "",
    **fields: Any,
) -> SafeString:
    """A form of one button that posts this kind of command. `fields` are the fields of the command.

    `letter` and `also` are keys that press it. `felt` names what the clock shows before the answer is there.
    `tail` tells two presses of one kind on one page apart. `id` is how a key finds the form.
    """
    form = [
        format_html('<form method="post" action="{}"', context["command_url"]),
        _attribute("id", f"press-{id}" if id else ""),
        _attribute("data-felt", felt),
        mark_safe(">"),
        command_fields(context, kind, by=by, tail=tail, **fields),
        format_html('<button class="button {}" type="submit"', look),
        _attribute("data-key", letter),
        _attribute("data-key-also", also),
        mark_safe(">"),
        picture(icon) if icon else NO_HTML,
        format_html("<span>{}</span>", words),
        key_cap(letter),
        key_cap(also),
        mark_safe("</button></form>"),
    ]
    return mark_safe("".join(form))


@register.simple_tag(takes_context=True)
def command_fields(context: Context, kind: str, *, by: str = "", tail: str = "", **fields: Any) -> SafeString:
    """The hidden fields of a form that posts this kind of command: who may send it, once, and on what it rests."""
    key = f"{context['key_base']}-{kind}"
    if tail:
        key = f"{key}-{tail}"

    hidden = {
        "csrfmiddlewaretoken": context["csrf_token"],
        "kind": kind,
        "key": key,
        "seen": context["seen"],
    }
    if by:
        hidden["by"] = by
    for name, value in fields.items():
        # A field that is a word of Python's has a trailing underline here.
        hidden[name.rstrip("_")] = value

    inputs = [
        f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items()
    ]
    return mark_safe("".join(inputs))


@register.simple_tag
def key_cap(letter: str) -> SafeString:
    """The key as it is shown on a button."""
    if not letter:
        return NO_HTML
    words = _("Space") if letter == SPACE else letter
    return format_html('<kbd aria-hidden="true">{}</kbd>', words)


@register.simple_tag
def picture(name: str) -> SafeString:
    """An icon of the house by its name."""
    return _icon(name)


@cache
def _icon(name: str) -> SafeString:
    return mark_safe(render_to_string(f"facilitator/icons/{name}.html").strip())


@register.simple_tag(takes_context=True)
def mark(context: Context, slot: str) -> SafeString:
    """The sign of one partner: initial, shape and colour; of both together where it is of no single one."""
    marks: dict[str, SafeString] = context["marks"]
    return marks.get(slot, marks["both"])


# The two forms that stand in every row of the table


@register.simple_tag(takes_context=True)
def rewording(context: Context, line: Any) -> SafeString:
    """*Reword*, folded: the words of one row as they should read."""
    field = f"reword-{line.line}-text"
    return format_html(
        '<details class="reword" id="reword-{line}">'
        '<summary class="small soft">{reword}<span class="out-of-sight">: {text}</span></summary>'
        '<form class="one-line" method="post" action="{action}">{hidden}'
        '<label class="out-of-sight" for="{field}">{label}</label>'
        '<textarea id="{field}" name="{name}" rows="1" required>{rewording}</textarea>'
        '<button class="button" type="submit">{keep}</button>'
        "</form></details>",
        line=line.line,
        reword=_("Reword"),
        text=line.text,
        action=context["command_url"],
        hidden=command_fields(context, "corrected", by=line.by, tail=line.line, line=line.line),
        field=field,
        label=_("As it should read"),
        name=line.reworded,
        rewording=line.rewording,
        keep=_("Keep"),
    )


@register.simple_tag(takes_context=True)
def open_check(context: Context, line: Any) -> SafeString:
    """*Check*, with the kinds of check, the likely one chosen."""
    field = f"kind-{line.ref}"
    fields = {"of": line.ref, "listener": line.listener}
    return format_html(
        '<form class="open-check" method="post" action="{action}">{hidden}'
        '<label class="out-of-sight" for="{field}">{label}</label>'
        '<select id="{field}" name="check_kind">{kinds}</select>'
        '<button class="button" type="submit">{ear}{check}<span class="out-of-sight">: {text}</span></button>'
        "</form>",
        action=context["command_url"],
        hidden=command_fields(context, "check_opened", tail=line.ref, **fields),
        field=field,
        label=_("Kind of check"),
        kinds=_kind_options(context, line.check_kind),
        ear=picture("ear"),
        check=_("Check"),
        text=line.text,
    )


def _kind_options(context: Context, chosen: str) -> SafeString:
    """The kinds of check as options of a list; made once for each chosen kind on a page."""
    made: dict[str, SafeString] = context["options_made"]
    if chosen not in made:
        choices = context["check_kinds"]
        marked = [(value, SELECTED if value == chosen else NO_HTML, words) for value, words in choices]
        made[chosen] = format_html_join("", '<option value="{}"{}>{}</option>', marked)
    return made[chosen]


def _attribute(name: str, value: str) -> SafeString:
    if not value:
        return NO_HTML
    return mark_safe(f' {name}="{conditional_escape(value)}"')
