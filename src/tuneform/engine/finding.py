"""What breaks a rule of the policy, before it is given a place; and how counts are put."""

from __future__ import annotations

from dataclasses import dataclass

from tuneform.domain.diagnostic import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold.

    Attributes:
        rule: its name in tuneform.yaml.
        summary, detail, hint: as in a diagnostic.
        field: the same; empty where no file is to blame.
        severity: None where the policy says it.
    """

    rule: str
    summary: str
    detail: str
    field: str
    hint: str
    severity: Severity | None = None


def counted(count: int, noun: str) -> str:
    """`1 model`, `1,000 models`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
