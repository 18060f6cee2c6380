"""Fields of the desk's cards, written in Python: the desk is made anew with every press, and has a dozen of them.

They look as Django's own do. Django renders a template for each field, and four for a pair of radio buttons.
"""

from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class Line(forms.TextInput):
    """One line of text."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        attributes = self.build_attrs(self.attrs, attrs)
        shown = self.format_value(value)
        if shown is not None:
            attributes["value"] = shown
        return format_html('<input type="{}" name="{}"{}>', self.input_type, name, flatatt(attributes))


class Day(Line):
    """A day; the browser brings its own calendar."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        return forms.DateInput(format="%Y-%m-%d").format_value(value)


class Area(forms.Textarea):
    """A few lines of text."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        attributes = self.build_attrs(self.attrs, attrs)
        # A browser swallows the first line break of a text area.
        shown = self.format_value(value) or ""
        return format_html('<textarea name="{}"{}>\n{}</textarea>', name, flatatt(attributes), shown)


class Radios(forms.RadioSelect):
    """A few choices, all in view."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        context = self.get_context(name, value, attrs)["widget"]
        options = [option for _group, group, _index in context["optgroups"] for option in group]
        inputs = [
            (
                option["attrs"]["id"],
                option["name"],
                option["value"],
                flatatt(option["attrs"]),
                option["label"],
            )
            for option in options
        ]
        choices = format_html_join(
            "",
            '<div><label for="{}"><input type="radio" name="{}" value="{}"{}> {}</label></div>',
            inputs,
        )
        return format_html('<div id="{}">{}</div>', context["attrs"]["id"], choices)
