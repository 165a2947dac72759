"""The mark: what a live object says about itself, so that no state file is needed.

Only the value and its one-line text form are here. Where the line is kept on an object
(the last line of a description, labels, …) is each provider's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from tuneform.domain.names import NAME, SHORT

PREFIX = "tuneform/"
VERSION = "tuneform/v1"

Identity: TypeAlias = tuple[str, str, str]
"""Owner, model and short fingerprint."""

_OWNER = re.compile(rf"{NAME.pattern}(/{NAME.pattern})?")
_REVISION = re.compile(r"[1-9][0-9]{0,8}")
_VERDICT = re.compile(rf"(passed|failed):({SHORT.pattern})")


class DeletionPolicy(StrEnum):
    """What happens to a model when no manifest declares it any longer."""

    DELETE = "delete"
    RETAIN = "retain"
    PREVENT = "prevent"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The last word of a gate.

    Attributes:
        passed: the outcome.
        gate: short digest of the gate's definition and data.
    """

    passed: bool
    gate: str

    def __str__(self) -> str:
        return f"{'passed' if self.passed else 'failed'}:{self.gate}"


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose object this is, what it was trained from, and what must hold without a manifest.

    Attributes:
        owner: `PROJECT` or `PROJECT/ENV`.
        model: the model that this object is a version of.
        fingerprint: short digest of the training inputs.
        data: short digest of the dataset.
        revision: the manifest's `spec.revision`, from 1.
        serving: applications call this version.
        staged: trained for a branch that is not merged.
        pinned: short fingerprint of the desired version that this one was rolled back from.
        verdict: the last verdict of a gate.
        deletion: what holds when the manifest is gone.
        cancelled: written before a cancel is sent; such a version never serves.
        adopted: the object's own id, where it is not the derived one.
        unknown: words that this release does not understand, or that contradict each other:
            whoever finds one touches nothing.
    """

    owner: str
    model: str
    fingerprint: str = ""
    data: str = ""
    revision: int = 1
    serving: bool = False
    staged: bool = False
    pinned: str | None = None
    verdict: Verdict | None = None
    deletion: DeletionPolicy = DeletionPolicy.DELETE
    cancelled: bool = False
    adopted: str | None = None
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = [
            VERSION,
            f"owner={self.owner}",
            f"model={self.model}",
        ]
        if self.fingerprint:
            words.append(f"fingerprint={self.fingerprint}")
        if self.data:
            words.append(f"data={self.data}")
        words.append(f"rev={self.revision}")
        if self.serving:
            words.append("serving")
        if self.staged:
            words.append("staged")
        if self.pinned:
            words.append(f"pinned={self.pinned}")
        if self.verdict:
            words.append(f"gate={self.verdict}")
        if self.deletion is not DeletionPolicy.DELETE:
            words.append(f"deletion={self.deletion}")
        if self.cancelled:
            words.append("cancelled")
        if self.adopted:
            words.append(f"adopted={self.adopted}")
        return " ".join((*words, *self.unknown))

    @property
    def identity(self) -> Identity:
        """What tells the version from all others; two objects that share it are copies."""
        return self.owner, self.model, self.fingerprint

    def promoted(self, pinned: str | None = None) -> Mark:
        """The mark of the version that applications call from now on.

        Args:
            pinned: short fingerprint of the desired version that this one is rolled back from.
        """
        if self.serving and not self.staged and self.pinned == pinned:
            return self
        return replace(self, serving=True, staged=False, pinned=pinned)

    def retired(self) -> Mark:
        """The mark of the version that applications called until now."""
        return replace(self, serving=False, pinned=None)


def parse_mark(line: str) -> Mark | None:
    """Read one line.

    Returns:
        None where the line is no mark: another first word, or no valid owner and model, so that
        nobody can be told from it. Everything else that is odd goes to `unknown`.
    """
    first, *words = line.split() or [""]
    if not first.startswith(PREFIX):
        return None
    values, flags, unknown = _sort_words(words)
    owner, model = values.pop("owner", ""), values.pop("model", "")
    if not _OWNER.fullmatch(owner) or not NAME.fullmatch(model):
        return None
    if first != VERSION:
        unknown.insert(0, first)
    unknown += [word for word in _missing(values) if word not in unknown]
    verdict = _VERDICT.fullmatch(values.get("gate", ""))
    return Mark(
        owner=owner,
        model=model,
        fingerprint=values.get("fingerprint", ""),
        data=values.get("data", ""),
        revision=int(values.get("rev", "1")),
        serving="serving" in flags,
        staged="staged" in flags,
        pinned=values.get("pinned"),
        verdict=Verdict(verdict[1] == "passed", verdict[2]) if verdict else None,
        deletion=DeletionPolicy(values.get("deletion", "delete")),
        cancelled="cancelled" in flags,
        adopted=values.get("adopted"),
        unknown=tuple(unknown),
    )


def names_owner(text: str, owner: str) -> bool:
    """Whether the last line of a text is a mark of this owner, however damaged the rest of it is.

    Args:
        text: such as a description.
        owner: `PROJECT` or `PROJECT/ENV`.
    """
    first, *words = (text.strip().splitlines() or [""])[-1].split() or [""]
    return first.startswith(PREFIX) and f"owner={owner}" in words


_FLAGS = frozenset({"serving", "staged", "cancelled"})
_VALUES = {
    "owner": _OWNER,
    "model": NAME,
    "fingerprint": SHORT,
    "data": SHORT,
    "rev": _REVISION,
    "pinned": SHORT,
    "gate": _VERDICT,
    "deletion": re.compile(r"prevent|retain"),
    "adopted": re.compile(r"[!-~]{1,200}"),
}


def _missing(values: Mapping[str, str]) -> list[str]:
    """What every mark must say and this one does not, as the words that a mark of it is given."""
    return [f"{key}=" for key in ("fingerprint", "data", "rev") if key not in values]


def _sort_words(words: list[str]) -> tuple[dict[str, str], set[str], list[str]]:
    """Tell keys with a valid value, flags, and what is neither. A second value is neither."""
    values: dict[str, str] = {}
    flags: set[str] = set()
    unknown: list[str] = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals and word in _FLAGS:
            flags.add(word)
        elif equals and key in _VALUES and _VALUES[key].fullmatch(value) and key not in values:
            values[key] = value
        elif values.get(key) != value or not equals:
            unknown.append(word)
    return values, flags, unknown
