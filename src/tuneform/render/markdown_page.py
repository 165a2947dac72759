"""A page of Markdown that stays below a limit: blocks go on it whole, or not at all.

Knows no value of ours. What is put on it is escaped already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

LIMIT = 65_536
"""Of the body of a comment on GitHub. It counts characters; counting bytes of UTF-8, of which there
are never fewer, stays below it however characters are counted."""

LEAST = 8_192
"""A limit below this could cut what is never cut."""

_BREAK = "\n\n"


class Page:
    """Blocks, a blank line between them.

    Args:
        limit: the text stays below so many bytes of UTF-8.
        reserve: bytes of it that only `must` uses, for the notes at the end.

    Raises:
        ValueError: the limit is too small for a page that says anything.
    """

    def __init__(self, limit: int = LIMIT, reserve: int = 512) -> None:
        if limit < LEAST:
            raise ValueError(f"a page takes at least {LEAST} bytes, not {limit}")
        self._room = limit - 1 - reserve
        self._blocks: list[str] = []

    def must(self, *blocks: str) -> None:
        """Put blocks on the page, whatever else is there; empty ones are left out."""
        for block in filter(None, blocks):
            self._put(block)

    def add(self, block: str) -> bool:
        """Put a block on the page if there is room for it."""
        fits = _size(block) + len(_BREAK) <= self._room
        if fits:
            self._put(block)
        return fits

    def fill(self, lines: Iterable[str], head: Sequence[str] = (), share: float = 1.0) -> int:
        """Put as many lines on the page as there is room for, as one block.

        Args:
            lines: of a list, or rows of a table; none is made that is not needed.
            head: what comes before the first of them, and only with it.
            share: of the room that is left, which it may take.

        Returns:
            How many of the lines are on the page.
        """
        room = int(self._room * share) - len(_BREAK) - sum(_size(line) + 1 for line in head)
        taken: list[str] = []
        for line in lines:
            room -= _size(line) + 1
            if room < 0:
                break
            taken.append(line)
        if taken:
            self._put("\n".join((*head, *taken)))
        return len(taken)

    def _put(self, block: str) -> None:
        self._room -= _size(block) + len(_BREAK)
        self._blocks.append(block)

    def __str__(self) -> str:
        return _BREAK.join(self._blocks)


def _size(text: str) -> int:
    return len(text.encode())


def table_head(*titles: str) -> tuple[str, str]:
    """The first two lines of a table."""
    return row(*titles), "|" + " --- |" * len(titles)


def row(*cells: str) -> str:
    """One row of a table; its cells are escaped already, and one line each."""
    return "| " + " | ".join(cells) + " |"


def folded(summary: str, blocks: Iterable[str], *, unfolded: bool = False) -> str:
    """Blocks behind a line that opens them.

    Args:
        summary: HTML of one line.
        blocks: Markdown; the blank lines make it Markdown inside of HTML.
        unfolded: whether they are open from the start.
    """
    opening = "<details open>" if unfolded else "<details>"
    head = f"{opening}\n<summary>{summary}</summary>"
    return _BREAK.join((head, *filter(None, blocks), "</details>"))
