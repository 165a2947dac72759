"""What became of the examples between the live version and the desired one. It only explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from tuneform.domain.cost import CHARACTERS_A_TOKEN

SampleKind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One example that differs. It holds example text: it is shown, and never recorded.

    Attributes:
        kind: what became of it.
        text_input: with its preamble, as it is sent.
        before: the output until now; None where there was none.
        after: the output from now on; None where there is none.
    """

    kind: SampleKind
    text_input: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class DataChange:
    """How two datasets differ, paired by their inputs. Order does not matter, duplicates count.

    Attributes:
        added, removed, changed, unchanged: counts of examples; a changed one has the same input
            and another output.
        characters: Unicode code points of the later one less those of the earlier one.
        source: where the earlier one was found.
        commit: the git commit that has it; None where the ledger had its digests.
        samples: some of the examples that differ.
    """

    added: int
    removed: int
    changed: int
    unchanged: int
    characters: int
    source: Literal["git", "ledger"]
    commit: str | None = None
    samples: tuple[Sample, ...] = ()

    @property
    def tokens(self) -> int:
        """The same difference in tokens, estimated as for costs."""
        return round(self.characters / CHARACTERS_A_TOKEN)


class KeyedRow(NamedTuple):
    """One example without its text, as a ledger knows it.

    Attributes:
        input: keyed digest of the input as it is sent, 16 bytes.
        output: keyed digest of the output, 16 bytes.
        characters: Unicode code points of both.
    """

    input: bytes
    output: bytes
    characters: int
