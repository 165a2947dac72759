"""Rows of a JSON file: one array of objects, however it is laid out.

The text is decoded element by element from a window that slides over the file, so memory is
bounded by the longest element; only a syntax error makes the window grow to the end of the file.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from tuneform.dataset.jsonrow import Fields, MalformedError, Spot, behind_space, decode
from tuneform.dataset.rows import Batch, Fault, RowBatch, Unusable
from tuneform.domain.spec import DatasetRef

_BATCH_ROWS = 500


def batches(blocks: Iterable[bytes], ref: DatasetRef) -> Iterator[Batch | Fault]:
    """Read the blocks of a file.

    Args:
        blocks: of whole lines.
        ref: names of the fields, and the preamble.
    """
    window = _Window(blocks)
    fields = Fields(ref.input_field, ref.output_field)
    rows = RowBatch(ref.preamble)
    try:
        for value, text, spot in _elements(window):
            found = fields.pick(value, text, spot)
            if isinstance(found, list):
                yield from rows.take()
                yield from found
            else:
                rows.add(spot.line, *found)
                yield from rows.take(_BATCH_ROWS)
    except Unusable as stop:  # what follows cannot be understood
        yield from rows.take()
        yield stop.fault
    else:
        yield from rows.take()


def _elements(window: _Window) -> Iterator[tuple[object, str, Spot]]:
    """Each element with its text and where it begins.

    Raises:
        Unusable: this is not an array, or it is broken here.
    """
    first = window.peek()
    if not first:
        return
    if first != "[":
        raise Unusable(_not_an_array(first, window.spot))
    window.skip()
    if window.peek() == "]":
        window.skip()
    else:
        mark = ","
        while mark == ",":
            yield window.element()
            mark = window.peek()
            if mark not in (",", "]"):
                detail = "a comma or ] is missing here" if mark else "the array is never closed"
                raise Unusable(_broken(window.spot, detail))
            window.skip()
    if window.peek():
        raise Unusable(_broken(window.spot, "the file goes on behind the end of the array"))


class _Window:
    """The part of the file that is being decoded, and where in the file it begins."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        # Bytes that are not UTF-8 are kept, so that the element they are in can be blamed.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0
        self._line = 1
        self._line_start = 0  # an offset in the text, negative where the line began before it
        self._ended = False

    @property
    def spot(self) -> Spot:
        """Where the next character is."""
        return Spot(self._line, self._at - self._line_start + 1)

    def peek(self) -> str:
        """The next character that is not space, which is skipped; empty at the end of the file."""
        while True:
            self._go_to(behind_space(self._text, self._at))
            if self._at < len(self._text) or not self._grow():
                return self._text[self._at : self._at + 1]

    def skip(self) -> None:
        """Go behind the next character, which is no line feed."""
        self._at += 1

    def element(self) -> tuple[object, str, Spot]:
        """Decode the value that begins behind the next space, and go behind it.

        Raises:
            Unusable: it is not JSON.
        """
        self.peek()
        while True:
            try:
                value, end = decode(self._text, self._at)
            except MalformedError as error:
                if self._grow():
                    continue
                fault = error.behind(self._at).fault(self._text[self._at :], self.spot)
                raise Unusable(fault) from None
            # A number may go on in the next block: 1 is an element of [1.5] until the point comes.
            follows = self._text[end : end + 1]
            if (follows and follows in ",] \t\r\n") or not self._grow():
                break
        text, spot = self._text[self._at : end], self.spot
        self._go_to(end)
        return value, text, spot

    def _go_to(self, offset: int) -> None:
        feeds = self._text.count("\n", self._at, offset)
        if feeds:
            self._line += feeds
            self._line_start = self._text.rfind("\n", self._at, offset) + 1
        self._at = offset

    def _grow(self) -> bool:
        """Read on, at least as much as there is, so that a long element costs linear time."""
        if self._ended:
            return False
        pieces = [self._text[self._at :]]
        wanted = len(pieces[0])
        while not self._ended and (wanted >= 0 or len(pieces) == 1):
            block = next(self._blocks, b"")
            self._ended = not block
            pieces.append(self._decoder.decode(block, final=not block))
            wanted -= len(block)
        self._text = "".join(pieces)
        self._line_start -= self._at
        self._at = 0
        return True


def _not_an_array(first: str, spot: Spot) -> Fault:
    detail = "the file must hold one array of objects"
    hint = 'with one object on each line, the format is "jsonl"' if first == "{" else ""
    return Fault(spot.line, spot.column, "dataset-invalid", detail, hint)


def _broken(spot: Spot, detail: str) -> Fault:
    hint = "nothing behind this place was checked"
    return Fault(
        spot.line, spot.column, "dataset-invalid", f"this is not valid JSON: {detail}", hint
    )
