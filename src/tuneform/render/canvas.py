"""Dots on terminal cells: a line through points. Knows no losses, no axes, no colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_BRAILLE = 0x2800  # Unicode, Braille Patterns: a bit for each of 2 x 4 dots
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


@dataclass(frozen=True, slots=True)
class Grid:
    """How many dots there are.

    Attributes:
        columns, rows: of terminal cells.
        unicode: whether a cell holds 2 x 4 Braille dots, or one ASCII star.
    """

    columns: int
    rows: int
    unicode: bool

    @property
    def width(self) -> int:
        """Dots from left to right."""
        return self.columns * 2 if self.unicode else self.columns

    @property
    def height(self) -> int:
        """Dots from top to bottom."""
        return self.rows * 4 if self.unicode else self.rows


def line(points: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The dots `(x, y)` of a line through points; a single point is a dot."""
    yield from points[:1]
    for (x0, y0), (x1, y1) in pairwise(points):
        length = max(abs(x1 - x0), abs(y1 - y0), 1)
        for at in range(1, length + 1):
            yield x0 + round((x1 - x0) * at / length), y0 + round((y1 - y0) * at / length)


def draw(grid: Grid, dots: Iterable[tuple[int, int]]) -> list[str]:
    """Rows of text, top first, each as wide as the grid."""
    cells = [[0] * grid.columns for _ in range(grid.rows)]
    for x, y in dots:
        if grid.unicode:
            cells[y // 4][x // 2] |= _BITS[x % 2][y % 4]
        else:
            cells[y][x] = 1
    return ["".join(_cell(bits, grid) for bits in row) for row in cells]


def _cell(bits: int, grid: Grid) -> str:
    if not bits:
        return " "
    return chr(_BRAILLE + bits) if grid.unicode else "*"
