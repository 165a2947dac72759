"""Example text on one line: cleaned, in quotes, cut. Which examples are shown, others decide."""

from __future__ import annotations

from collections.abc import Sequence

from tuneform.render.layout import cells, cut
from tuneform.render.look import Look

_CONTEXT = 8  # characters that stay of a beginning that two texts share


def quoted(text: str, width: int, look: Look) -> str:
    """Foreign text in quotes, of at most `width` cells where three or more are given."""
    return side_by_side((text,), width, look)[0]


def side_by_side(texts: Sequence[str], width: int, look: Look) -> list[str]:
    """Foreign texts in quotes, `width` cells together: short ones whole, the others share alike."""
    shown = [look.clean(text).replace('"', '\\"') for text in texts]
    left = width - 2 * len(shown)
    by_length = sorted(range(len(shown)), key=lambda at: cells(shown[at]))
    for rank, at in enumerate(by_length):
        shown[at] = cut(shown[at], max(1, left // (len(shown) - rank)), look)
        left -= cells(shown[at])
    return [f'"{each}"' for each in shown]


def told_apart(before: str, after: str, look: Look) -> tuple[str, str]:
    """Two foreign texts without most of what they begin with alike.

    A cut leaves out the end: it must not hide what differs.

    Returns:
        Clean texts, which `side_by_side` may clean once more.
    """
    old, new = look.clean(before), look.clean(after)
    skipped = _shared(old, new) - _CONTEXT
    if skipped <= _CONTEXT:
        return old, new
    return look.ellipsis + old[skipped:], look.ellipsis + new[skipped:]


def _shared(old: str, new: str) -> int:
    """How many characters two texts begin with alike, by halves: most of a plan may be samples."""
    least, most = 0, min(len(old), len(new))
    while least < most:
        middle = (least + most + 1) // 2
        if old.startswith(new[:middle]):
            least = middle
        else:
            most = middle - 1
    return least
