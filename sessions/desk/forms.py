"""Forms of the desk: a few words each. What they give becomes the fields of a command."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.replace(";", ",").split(",") if word.strip()]


def _area(label: Any, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=4000,
        required=required,
        widget=forms.Textarea({"rows": 2, "autocomplete": "off"}),
    )


class SpokenForm(forms.Form):
    """A card of one of the two; the desk says for whom."""

    by = forms.ChoiceField(label=_("Who"), choices=[], widget=forms.RadioSelect)

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "by" in self.fields:
            self.fields["by"].choices = people  # type: ignore[attr-defined]

    def command_fields(self) -> dict[str, Any]:
        raise NotImplementedError


class StatementForm(SpokenForm):
    text = _area(_("What was said, in a few words"), required=False)
    feelings = forms.CharField(
        label=_("Feelings"), required=False, max_length=200, widget=forms.TextInput({"autocomplete": "off"})
    )

    def command_fields(self) -> dict[str, Any]:
        said = self.cleaned_data
        feelings = _words(said["feelings"])
        return {
            **({"text": said["text"]} if said["text"] else {}),
            **({"feelings": feelings} if feelings else {}),
        }

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if not said.get("text") and not _words(said.get("feelings", "")):
            self.add_error("text", _("A word or a feeling is enough."))
        return said


class NeedForm(SpokenForm):
    need = forms.CharField(label=_("Need"), max_length=120, widget=forms.TextInput({"autocomplete": "off"}))
    wish = _area(_("As a wish"), required=False)

    def command_fields(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {"need": said["need"], **({"wish": said["wish"]} if said["wish"] else {})}


class OptionForm(SpokenForm):
    text = _area(_("The idea"))

    def command_fields(self) -> dict[str, Any]:
        return {"text": self.cleaned_data["text"]}


class DraftForm(forms.Form):
    text = _area(_("What they will try"))
    who = forms.ChoiceField(label=_("Who does it"), choices=[], widget=forms.RadioSelect)
    look_again_on = forms.DateField(
        label=_("Look again on"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        both = [("both", _("both"))] if len(people) > 1 else []
        self.fields["who"].choices = [*both, *people]  # type: ignore[attr-defined]

    def command_fields(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "text": said["text"],
            "who_does_what": [{"who": said["who"], "what": said["text"][:1000]}],
            "look_again_on": said["look_again_on"].isoformat(),
        }


CARDS: dict[str, type[forms.Form]] = {
    "statement": StatementForm,
    "need_named": NeedForm,
    "option_added": OptionForm,
    "compromise_drafted": DraftForm,
}
