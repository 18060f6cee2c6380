"""Forms of the desk's cards: a few words each. What they give becomes the fields of a command."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions.desk.widgets import Area, Day, Line, Radios

Names = list[tuple[str, str]]


def _area(label: Any, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=4000,
        required=required,
        widget=Area({"rows": 2, "autocomplete": "off"}),
    )


def words_between(text: str) -> list[str]:
    """The words between commas or semicolons."""
    return [word.strip() for word in text.replace(";", ",").split(",") if word.strip()]


class CardForm(forms.Form):
    """A card of the desk. `people` are (slot, name) of those who meet."""

    def __init__(self, *args: Any, people: Names, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(people)

    def offer(self, people: Names) -> None:
        """Fill the choices that are people."""
        raise NotImplementedError

    def command_fields(self) -> dict[str, Any]:
        """The fields of the command that this card comes to."""
        raise NotImplementedError

    @property
    def spoken_by(self) -> str:
        """Who said it: a slot, or F."""
        return "F"


class SpokenForm(CardForm):
    """A card of one of the two; the desk says of whom."""

    by = forms.ChoiceField(label=_("Who"), choices=[], widget=Radios)

    def offer(self, people: Names) -> None:
        if "by" in self.fields:
            self.fields["by"].choices = people  # type: ignore[attr-defined]

    @property
    def spoken_by(self) -> str:
        return str(self.cleaned_data["by"])


class StatementForm(SpokenForm):
    text = _area(_("What was said, in a few words"), required=False)
    feelings = forms.CharField(
        label=_("Feelings"), required=False, max_length=200, widget=Line({"autocomplete": "off"})
    )

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if not said.get("text") and not words_between(said.get("feelings", "")):
            self.add_error("text", _("A word or a feeling is enough."))
        return said

    def command_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if self.cleaned_data["text"]:
            fields["text"] = self.cleaned_data["text"]
        feelings = words_between(self.cleaned_data["feelings"])
        if feelings:
            fields["feelings"] = feelings
        return fields


class NeedForm(SpokenForm):
    need = forms.CharField(label=_("Need"), max_length=120, widget=Line({"autocomplete": "off"}))
    wish = _area(_("As a wish"), required=False)

    def command_fields(self) -> dict[str, Any]:
        fields = {"need": self.cleaned_data["need"]}
        if self.cleaned_data["wish"]:
            fields["wish"] = self.cleaned_data["wish"]
        return fields


class OptionForm(SpokenForm):
    text = _area(_("The idea"))

    def command_fields(self) -> dict[str, Any]:
        return {"text": self.cleaned_data["text"]}


class DraftForm(CardForm):
    text = _area(_("What they will try"))
    who = forms.ChoiceField(label=_("Who does it"), choices=[], widget=Radios)
    look_again_on = forms.DateField(label=_("Look again on"), widget=Day)

    def offer(self, people: Names) -> None:
        both = [("both", _("both"))] if len(people) > 1 else []
        self.fields["who"].choices = [*both, *people]  # type: ignore[attr-defined]

    def command_fields(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "text": said["text"],
            "who_does_what": [{"who": said["who"], "what": said["text"][:1000]}],
            "look_again_on": said["look_again_on"].isoformat(),
        }


CARD_FORMS: dict[str, type[CardForm]] = {
    "statement": StatementForm,
    "need_named": NeedForm,
    "option_added": OptionForm,
    "compromise_drafted": DraftForm,
}
