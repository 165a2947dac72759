"""Read a saved plan. Nothing in it is believed before its checksum and its shape hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UnsetType

from tuneform.domain.plan import Plan
from tuneform.domain.selection import Selection
from tuneform.errors import LocalError, Stale, UsageError
from tuneform.planfile import sealing
from tuneform.planfile.flaw import Flaw
from tuneform.planfile.shape import FORMAT_VERSION, MadeFrom
from tuneform.planfile.told import plan_of

MOST_BYTES: Final = 200_000_000
"""Several times what 10,000 models with a dozen versions each take."""

_AGAIN = "run `tuneform plan --out FILE` again"
_CHECKSUM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A saved plan that may be shown, and after comparison applied.

    Attributes:
        plan: as the document tells it. Texts in it may be redacted: it is for showing;
            `restore` gives the one to apply.
        texts: digests (SHA-256, hex) of display name, description and, by key, labels of the live
            objects that it was made from, by remote name.
        made_from: what else it was made from.
        checksum: 64 hex digits; what a reviewer approves.
    """

    plan: Plan
    texts: Mapping[str, tuple[str, str, Mapping[str, str]]]
    made_from: MadeFrom
    checksum: str

    @property
    def selection(self) -> Selection:
        """What the user had selected."""
        chosen = self.made_from.selection
        return Selection(chosen.targets, chosen.excludes)


def read_document(text: bytes, checksum: str | None = None) -> SavedPlan:
    """Read what `plan --out` wrote.

    Args:
        text: the file's content.
        checksum: the one that was approved, 64 hex digits; None where the plan's own will do.

    Raises:
        UsageError: the approved checksum is none.
        LocalError: it is no plan, or one that this release cannot read; names the place.
        Stale: it was edited, or is not the one that was approved.
    """
    approved = None if checksum is None else _approved(checksum)
    document = _loaded(text)
    _check_version(document)
    own = _check_seal(document)
    if approved is not None and approved != own:
        raise Stale(
            f"this is not the plan that was approved: its checksum is {own}, not {approved}",
            hint="apply the approved file, or have this one approved",
        )
    try:
        checked = sealing.checked(document)
        plan = plan_of(checked)
    except Flaw as flaw:
        raise LocalError(f"the plan file cannot be used: {flaw}", hint=_AGAIN) from None
    texts = {
        version.remote: (
            version.texts.display_name,
            version.texts.description,
            {} if isinstance(version.labels, UnsetType) else version.labels,
        )
        for change in checked.changes
        for version in change.versions
    }
    return SavedPlan(plan, texts, checked.made_from, own)


def _approved(checksum: str) -> str:
    found = checksum.lower()
    if not _CHECKSUM.fullmatch(found):
        raise UsageError(
            "--checksum: this is no checksum: it has 64 hex digits",
            hint="`tuneform plan --out FILE` shows the plan's checksum",
        )
    return found


def _loaded(text: bytes) -> dict[str, Any]:
    if len(text) > MOST_BYTES:
        raise LocalError(
            f"the plan file has more than {MOST_BYTES:,} bytes, and so is no plan", hint=_AGAIN
        )
    try:
        value = json.loads(
            text.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_number
        )
    except Flaw as flaw:
        raise LocalError(f"the plan file cannot be used: {flaw}", hint=_AGAIN) from None
    except json.JSONDecodeError as error:
        raise LocalError(
            f"the plan file is no JSON: {error.msg} in line {error.lineno}, column {error.colno}",
            hint=_AGAIN,
        ) from None
    except (ValueError, RecursionError) as error:  # no UTF-8, or a number or depth beyond reason
        raise LocalError(f"the plan file is no JSON: {_first_line(error)}", hint=_AGAIN) from None
    if not isinstance(value, dict) or "format_version" not in value:
        raise LocalError("the file is no plan: it has no format_version", hint=_AGAIN)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; with a key twice, a reviewer may see another value than we do."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise Flaw("", "a key stands twice in one object")
    return value


def _no_number(name: str) -> float:
    raise Flaw("", f"{name} is no number of JSON")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _check_version(document: dict[str, Any]) -> None:
    found = document["format_version"]
    if found == FORMAT_VERSION:
        return
    if isinstance(found, str) and _is_newer(found):
        raise LocalError(
            f"format_version {found} is newer than this release knows ({FORMAT_VERSION})",
            hint="use the release that made the plan, or make it again with this one",
        )
    raise LocalError(
        f"the plan file cannot be used: format_version: it is not {FORMAT_VERSION}", hint=_AGAIN
    )


def _is_newer(version: str) -> bool:
    if not re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}", version):
        return False
    return _numbers(version) > _numbers(FORMAT_VERSION)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _check_seal(document: dict[str, Any]) -> str:
    """The checksum of the document, which must be the one that it bears."""
    told = document.get("checksum")
    if told is None and "changes" in document:
        raise LocalError(
            "the plan was printed, not saved: it has no checksum and cannot be applied",
            hint="`tuneform plan --out FILE` saves one",
        )
    if told is None:
        raise LocalError("the file is no plan: it has no changes", hint=_AGAIN)
    try:
        found = sealing.checksum(document)
    except UnicodeEncodeError:
        found = "that of no text"
    if told != found:
        shown = told if isinstance(told, str) and _CHECKSUM.fullmatch(told) else "no checksum"
        raise Stale(
            f"the plan file was edited: its checksum is {shown}, its content gives {found}",
            hint=_AGAIN,
        )
    return found
