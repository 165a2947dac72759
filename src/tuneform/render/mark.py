"""What a mark decides about its version, in words. The line itself is not written here."""

from __future__ import annotations

from tuneform.domain.gate import Gate
from tuneform.domain.mark import Mark
from tuneform.render.plain import JsonValue


def verdict_word(mark: Mark | None) -> str:
    """What its gate said last, in one word; empty where none has spoken."""
    if mark is None or mark.verdict is None:
        return ""
    return "passed" if mark.verdict.passed else "failed"


def verdict_row(mark: Mark | None, gate: Gate | None) -> str:
    """The same, and whether it was the gate that the manifest has now.

    Args:
        mark: of a version.
        gate: the present one; None where the manifest has none, or where it could not be read.
    """
    if mark is None or mark.verdict is None:
        return "not evaluated" if gate else ""
    if gate is None:
        return f"{verdict_word(mark)}, by gate {mark.verdict.gate}"
    whose = "the present" if mark.verdict.gate == gate.short else "another"
    return f"{verdict_word(mark)}, by {whose} gate"


def mark_rows(mark: Mark | None) -> list[tuple[str, str]]:
    """Labels and what each means; empty texts where a word is not there."""
    if mark is None:
        return []
    return [
        ("staged", "for a branch that is not merged" if mark.staged else ""),
        ("pinned", f"in place of {mark.pinned}, which the manifests want" if mark.pinned else ""),
        ("cancelled", "it never serves" if mark.cancelled else ""),
        ("adopted", f"its id is its own, {mark.adopted}" if mark.adopted else ""),
    ]


def mark_json(mark: Mark | None) -> JsonValue:
    """The words that decide, for programs."""
    if mark is None:
        return None
    verdict = mark.verdict
    return {
        "staged": mark.staged,
        "pinned": mark.pinned,
        "verdict": {"passed": verdict.passed, "gate": verdict.gate} if verdict else None,
        "cancelled": mark.cancelled,
        "adopted": mark.adopted,
    }
