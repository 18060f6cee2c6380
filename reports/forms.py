"""Forms about papers: well-formed or not, nothing else."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def _lines(rows: int) -> forms.Textarea:
    return forms.Textarea({"rows": rows})


class PartingForm(forms.Form):
    """What both take home in the facilitator's words, and how the two pause. Each may stay empty."""

    sign = forms.CharField(label=_("Our pause sign"), max_length=120, required=False)
    return_sentence = forms.CharField(label=_("The sentence on coming back"), max_length=200, required=False)
    line = forms.CharField(
        label=_("One line from you"), max_length=240, required=False, help_text=_("On the sheet at the door.")
    )
    foreword = forms.CharField(
        label=_("A few sentences from you"),
        max_length=1200,
        required=False,
        help_text=_("Two to five, at the top of the fuller summary. Both read the same."),
        widget=_lines(4),
    )

    def words(self) -> dict[str, Any]:
        return {name: text.strip() for name, text in self.cleaned_data.items()}
