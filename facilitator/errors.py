"""A rule said no. Pure: every room may raise it, every door shows it."""

from collections.abc import Callable
from typing import Literal

RefusalKind = Literal["form", "absolute", "soft"]


def gettext_noop(text: str) -> str:
    """Marks a text for translation where no Django may be imported; doors translate with `words`."""
    return text


class Refusal(Exception):
    """A rule said no, in words fit to show. Only a soft one may be set aside, for a recorded reason."""

    def __init__(self, text: str, code: str = "", kind: RefusalKind = "absolute", **params: object) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.kind: RefusalKind = kind
        self.params = params

    @property
    def status(self) -> int:
        """The HTTP status that every door answers with: 422 for what is not well formed, 409 for what cannot be now."""
        if self.kind == "form":
            return 422
        return 409

    def words(self, gettext: Callable[[str], str]) -> str:
        text = gettext(self.text)
        if not self.params:
            return text
        return text % self.params

    def __str__(self) -> str:
        return self.words(gettext_noop)
