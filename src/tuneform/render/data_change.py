"""What became of the examples, in words and in a few lines of them."""

from __future__ import annotations

from types import MappingProxyType
from typing import assert_never

from tuneform.domain.data_change import DataChange, Sample
from tuneform.render.layout import cells, counted, wrap
from tuneform.render.look import Look, Style
from tuneform.render.samples import quoted, side_by_side, told_apart

_COMMIT = 7  # digits, as git shows them
_ROOMY = 60  # cells: narrower, each text of a sample has a line of its own
_SIGNS = MappingProxyType(
    {"added": ("+", Style.GREEN), "removed": ("-", Style.RED), "changed": ("~", Style.YELLOW)}
)


def data_words(data: DataChange) -> str:
    """`12 examples added, 3 removed, 230 unchanged; +1,204 characters (compared with …)`."""
    counts = ((data.added, "added"), (data.removed, "removed"), (data.changed, "changed"))
    differ = [(count, word) for count, word in counts if count]
    first = [f"{counted(count, 'example')} {word}" for count, word in differ[:1]]
    told = ", ".join(
        (
            *(first or ["no example differs"]),
            *(f"{count:,} {word}" for count, word in differ[1:]),
            f"{data.unchanged:,} unchanged",
        )
    )
    sign = "-" if data.characters < 0 else "+"
    size = counted(abs(data.characters), "character")
    if data.tokens:
        size += f", about {sign}{counted(abs(data.tokens), 'token')}"
    return f"{told}; {sign}{size} (compared with {_earlier(data)})"


def _earlier(data: DataChange) -> str:
    """Where the earlier side is from."""
    if data.commit:
        return f"git commit {data.commit[:_COMMIT]}"
    return "git" if data.source == "git" else "digests in the ledger"


def sample_lines(data: DataChange, look: Look, indent: str) -> list[str]:
    """The samples, and how many more there are; nothing where none were handed over."""
    lines = [line for sample in data.samples for line in _sample(sample, look, indent)]
    more = data.added + data.removed + data.changed - len(data.samples)
    if lines and more > 0:
        lines += wrap(f"{more:,} more not shown", look, first=indent, style=Style.DIM)
    return lines


def _sample(sample: Sample, look: Look, indent: str) -> list[str]:
    """`+ "input" -> "output"`, or `~ "input": "old" -> "new"`."""
    sign, style = _SIGNS[sample.kind]
    outputs = _outputs(sample)
    between = ("", " -> ") if len(outputs) == 1 else ("", ": ", " -> ")
    head = f"{indent}{look.paint(sign, style)} "
    start = cells(indent) + len(sign) + 1
    if look.width < _ROOMY:
        return _narrow(sample.text_input, outputs, head, start, look)
    room = look.width - start - len("".join(between))
    texts = (sample.text_input, *outputs)
    # Where all of it fits, quotes included, nothing that both outputs begin with is left out.
    if len(outputs) > 1 and sum(cells(look.clean(each)) + 2 for each in texts) > room:
        texts = (sample.text_input, *told_apart(outputs[0], outputs[1], look))
    shown = side_by_side(texts, room, look)
    return [head + "".join(map("".join, zip(between, shown, strict=True)))]


def _outputs(sample: Sample) -> list[str]:
    """Those that are told of its kind."""
    match sample.kind:
        case "added":
            return [sample.after or ""]
        case "removed":
            return [sample.before or ""]
        case "changed":
            return [sample.before or "", sample.after or ""]
        case _:
            assert_never(sample.kind)


def _narrow(text_input: str, outputs: list[str], head: str, start: int, look: Look) -> list[str]:
    """The same, a line for each text."""
    lines = [head + quoted(text_input, look.width - start, look)]
    arrows = ["-> "] if len(outputs) == 1 else ["   ", "-> "]
    if len(outputs) > 1:
        outputs = [*told_apart(outputs[0], outputs[1], look)]
    room = look.width - start - len("-> ")
    return lines + [
        f"{' ' * start}{arrow}{quoted(output, room, look)}"
        for arrow, output in zip(arrows, outputs, strict=True)
    ]
