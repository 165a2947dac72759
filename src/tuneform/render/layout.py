"""Lines that fit: widths in terminal cells, breaking, cutting, aligning. Knows no value of ours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tuneform.render.look import Look, Style

GAP = "  "


def cells(text: str) -> int:
    """How many terminal cells clean text takes: two for wide characters, none for accents."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415 - 20 ms that plain ASCII need not pay

    return cell_len(text)


def pad(text: str, width: int) -> str:
    """Text with spaces up to a width in cells."""
    return text + " " * (width - cells(text))


def cut(text: str, width: int, look: Look) -> str:
    """Text of at most `width` cells, the end left out where it is longer."""
    if cells(text) <= width:
        return text
    room = width - cells(look.ellipsis)
    if room < 0:
        return "." * width
    kept, used = [], 0
    for character in text:
        used += cells(character)
        if used > room:
            break
        kept.append(character)
    return "".join(kept) + look.ellipsis


def wrap(
    text: str, look: Look, *, first: str = "", rest: str | None = None, style: Style | None = None
) -> list[str]:
    """Foreign sentences as clean lines, broken at spaces; a longer word stays whole.

    Args:
        text: a line feed in it begins a new line, everything else that is hidden is shown.
        look: gives the width.
        first: what stands before the first line, clean and plain.
        rest: the same for the other lines; spaces of the same width where it is None.
        style: of the text, not of what stands before it.
    """
    rest = " " * cells(first) if rest is None else rest
    head = first
    lines: list[str] = []
    for paragraph in text.replace("\r\n", "\n").split("\n"):
        rooms = [max(1, look.width - cells(each)) for each in (head, rest)]
        for line in _break(look.clean(paragraph), *rooms):
            text = line.rstrip(" ")
            lines.append(f"{head}{look.paint(text, style)}" if text else head.rstrip(" "))
            head = rest
    return lines


def _break(line: str, room: int, further: int) -> list[str]:
    """One clean line as several; its indentation is kept where there is room for it.

    Args:
        line: as it is.
        room: cells of the first line.
        further: cells of all others.
    """
    if cells(line) <= room:
        return [line]
    indent = " " * min(len(line) - len(line.lstrip(" ")), further // 2)
    lines: list[str] = []
    current, used = indent, len(indent)
    for word in filter(None, line.split(" ")):
        width = cells(word)
        begun = used > len(indent)
        if begun and used + 1 + width > (further if lines else room):
            lines.append(current)
            current, used, begun = indent, len(indent), False
        current += f" {word}" if begun else word
        used += width + begun
    return [*lines, current]


def flow(parts: Iterable[str], look: Look, indent: str, style: Style | None = None) -> list[str]:
    """Clean parts side by side, two spaces apart, on as few lines as hold them whole."""
    lines: list[str] = []
    current = ""
    for part in filter(None, parts):
        if current and cells(indent + current + GAP + part) > look.width:
            lines.append(current)
            current = part
        else:
            current = f"{current}{GAP}{part}" if current else part
    return [indent + look.paint(line, style) for line in (*lines, current) if line]


def pairs(rows: Sequence[tuple[str, str]], look: Look, *, indent: str = "") -> list[str]:
    """Labels with foreign text beside them, or below where it is narrow; no empty texts."""
    shown = [(label, text) for label, text in rows if text]
    width = max((cells(look.clean(label)) for label, _ in shown), default=0)
    lines: list[str] = []
    for label, text in shown:
        name = look.clean(label)
        beside = wrap(text, look, first=f"{indent}{pad(name, width)}{GAP}")
        if all(cells(line) <= look.width for line in beside):
            lines += beside
        else:
            lines += [f"{indent}{name}", *wrap(text, look, first=indent + GAP)]
    return lines


def table(rows: Sequence[Sequence[str]], look: Look, *, indent: str = "") -> list[str] | None:
    """Clean cells in aligned columns, the first row a heading; None where it is too wide."""
    widths = [max(cells(cell) for cell in column) for column in zip(*rows, strict=True)]
    if len(indent) + sum(widths) + len(GAP) * (len(widths) - 1) > look.width:
        return None
    lines = [
        indent + GAP.join(pad(cell, width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    head, *body = (line.rstrip() for line in lines)
    return [look.paint(head, Style.BOLD), *body]


def joined(lines: Iterable[str]) -> str:
    """Lines as one text, without a line feed at the end."""
    return "\n".join(lines)


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 example`, `1,200 examples`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def short_number(value: float) -> str:
    """A loss or a rate with three digits that matter."""
    return f"{value:.3g}" if math.isfinite(value) else "not a number"


def number(value: float | None) -> float | None:
    """What JSON can say of a number: null where it is none."""
    return value if value is not None and math.isfinite(value) else None


_MINUTE = 60
_HOUR = 3600
_TENTHS_BELOW = 9.95  # what is more would be told as 10.0


def duration(seconds: float) -> str:
    """Seconds as people say them: `3.2 s`, `42 s`, `2 min 5 s`, `1 h 12 min`."""
    if seconds < _TENTHS_BELOW:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR:,} h {whole % _HOUR // _MINUTE} min"
