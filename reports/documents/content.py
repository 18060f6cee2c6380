"""What a paper says and how it is set: its content by kind, its fingerprint, its title, its bytes."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass, replace
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from facilitator.crypto import blind_index
from reports import pdf
from reports.contexts import AgreementSheet, DoorSheet, FacilitatorRecord, JointSummary, Material, PartnerCopy
from reports.models import Document

Kind = Document.Kind

# Quiet circles on the cover of a partner's copy: x of the left edge, radius, diameter.
RINGS = tuple((110 - radius, radius, 2 * radius) for radius in range(12, 101, 11))


@dataclass(frozen=True)
class Setting:
    """How a paper is set for its reader."""

    language: str
    large: bool


def content_of(kind: str, material: Material, slot: str, setting: Setting) -> Any:
    """The frozen context of a paper, in its reader's language. None where there is nothing to put on it."""
    with translation.override(setting.language):
        if kind == Kind.PARTNER_COPY:
            return PartnerCopy.of(material, slot)  # type: ignore[arg-type]
        return CONTENT[kind](material)


# Papers that read the same whoever of their readers holds them.
CONTENT: dict[str, Callable[[Material], Any]] = {
    Kind.JOINT_SUMMARY: JointSummary.of,
    Kind.FACILITATOR_RECORD: FacilitatorRecord.of,
    Kind.AGREEMENT_SHEET: AgreementSheet.of,
    Kind.DOOR_SHEET: DoorSheet.of,
}


def fingerprint(content: Any, setting: Setting) -> str:
    """The same words for the same reader in the same setting, whatever version they were."""
    text = json.dumps([content, setting], default=_as_json, sort_keys=True, ensure_ascii=False)
    return blind_index(hashlib.sha256(text.encode()).hexdigest())


def _as_json(value: Any) -> Any:
    return vars(value) if is_dataclass(value) else str(value)


def numbered(content: Any, version: int) -> Any:
    """The same paper with its version at the foot."""
    return replace(content, foot=replace(content.foot, version=version))


def rendered(kind: str, content: Any, setting: Setting, *, author: str) -> bytes:
    """The PDF. `author` stands in its metadata, so it names no person."""
    context: Mapping[str, Any] = {"paper": content, "rings": RINGS}
    return pdf.render(
        f"reports/{kind}.html",
        context,
        language=setting.language,
        title=_title(kind, content, setting),
        author=author,
        large=setting.large,
    )


def _title(kind: str, content: Any, setting: Setting) -> str:
    """It travels in metadata and in a viewer's window bar: a word and a day, no more."""
    held_on = content.since if kind == Kind.AGREEMENT_SHEET else content.day
    with translation.override(setting.language):
        word = TITLES[kind]()
    return f"{word}, {held_on}" if held_on else word


TITLES: dict[str, Callable[[], str]] = {
    Kind.JOINT_SUMMARY: lambda: _("Summary"),
    Kind.PARTNER_COPY: lambda: _("Copy"),
    Kind.FACILITATOR_RECORD: lambda: _("Record"),
    Kind.AGREEMENT_SHEET: lambda: _("Sheet"),
    Kind.DOOR_SHEET: lambda: _("Sheet at the door"),
}
