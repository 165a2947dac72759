"""What is known about a dataset while its rows go by: facts, mistakes and doubts.

Mistakes are those of the whole file; facts and doubts are about the part of it that is meant.
Mistakes are counted and placed, never quoted: an example may be private. Nothing is read here.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from tuneform.dataset import guide, repeats
from tuneform.dataset.digest import AROUND_TEXTS, Digests
from tuneform.dataset.holdout import part
from tuneform.dataset.rows import Batch, Fault, shown
from tuneform.domain.capabilities import Limits
from tuneform.domain.cost import CHARACTERS_A_TOKEN_MOST
from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.domain.spec import DatasetFacts, DatasetRef

MISTAKES_SHOWN = 100
"""Of one file; what comes after is counted."""

_GROUPS_SHOWN = 5
_LINES_SHOWN = 4

_SUMMARIES = {
    "dataset-missing": "dataset not found",
    "dataset-outside": "dataset outside of the project",
    "dataset-not-file": "dataset is not a file",
    "dataset-unreadable": "dataset cannot be read",
    "dataset-too-large": "dataset too large",
    "dataset-invalid": "dataset cannot be understood",
    "dataset-empty": "dataset without examples",
    "row-invalid": "row cannot be understood",
    "field-missing": "field missing",
    "field-duplicate": "field stands twice",
    "field-not-text": "field is not text",
    "field-empty": "field is empty",
    "field-too-long": "field too long",
    "holdout-empty": "no example held out",
    "training-empty": "no example left to train with",
    "too-many-examples": "too many examples",
    "more-mistakes": "more mistakes in this file",
    "few-examples": "few examples",
    "many-tokens": "examples with too many tokens",
    "blank-fields": "fields with nothing but space",
    "duplicate-examples": "duplicate examples",
    "conflicting-examples": "equal inputs with different outputs",
}


def as_diagnostic(severity: Severity, path: str, fault: Fault) -> Diagnostic:
    """What to tell the user about a mistake in the file at `path`."""
    return Diagnostic(
        severity,
        fault.code,
        _SUMMARIES[fault.code],
        detail=fault.detail,
        place=Place(path, fault.line, fault.column),
        hint=fault.hint,
    )


class Tally:
    """What is known after some of the rows; for each row it keeps a digest, a hash and a line.

    Args:
        ref: how the file was read, and which part of it is meant; messages name its path and
            fields.
        limits: of the base that shall be trained with it.
        trains: whether advice on training data is wanted; what is held out never gets it.
    """

    def __init__(self, ref: DatasetRef, limits: Limits, *, trains: bool = True) -> None:
        self._ref = ref
        self._limits = limits
        self._trains = trains and not ref.held_out
        self._total = 0
        self._faults: list[Fault] = []
        self._more: Fault | None = None
        self._more_count = 0
        self._digests = Digests()
        self._inputs = array("q")
        self._lines = array("L")
        self._characters = 0
        self._sent = 0
        self._blank: list[int] = []
        self._heavy: list[int] = []

    def blame(self, fault: Fault) -> None:
        """Note a mistake."""
        if len(self._faults) < MISTAKES_SHOWN:
            self._faults.append(fault)
            return
        self._more = self._more or fault
        self._more_count += 1

    def count(self, batch: Batch) -> None:
        """Note the rows of a batch, and their mistakes."""
        for fault in self._field_faults(batch):
            self.blame(fault)
        self._total += len(batch.lines)
        batch, digests = part(self._ref, batch)
        if any(map(str.isspace, batch.inputs)) or any(map(str.isspace, batch.outputs)):
            pairs = zip(batch.lines, batch.inputs, batch.outputs, strict=True)
            self._blank += [line for line, *pair in pairs if any(map(str.isspace, pair))]
        self._heavy += self._surely_heavy(batch)
        self._characters += sum(map(len, batch.inputs)) + sum(map(len, batch.outputs))
        if self._limits.sent_bytes is not None:
            around = self._limits.sent_bytes_each - AROUND_TEXTS
            self._sent += sum(map(len, batch.canonical)) + around * len(batch.lines)
        self._digests.add(digests)
        self._inputs.extend(map(hash, batch.inputs))
        self._lines.extend(batch.lines)

    def _surely_heavy(self, batch: Batch) -> Iterator[int]:
        """Lines of examples that have too many tokens even where each is as long as it gets."""
        tokens = self._limits.example_tokens
        if tokens is None or not batch.canonical:
            return
        most = tokens * CHARACTERS_A_TOKEN_MOST - len(self._ref.preamble)
        if max(map(len, batch.canonical)) <= most:  # no text has more characters than bytes
            return
        for line, text_input, output in batch.rows():
            if len(text_input) + len(output) > most:
                yield line

    def _field_faults(self, batch: Batch) -> Iterator[Fault]:
        input_most = self._limits.input_characters - len(self._ref.preamble)
        output_most = self._limits.output_characters
        # No string has more characters than the bytes of its row: mostly this tells enough.
        longest = max(map(len, batch.canonical))
        may_be_long = longest > self._limits.input_characters or longest > output_most
        if not (may_be_long or "" in batch.inputs or "" in batch.outputs):
            return
        ahead = len(self._ref.preamble)
        for line, text_input, output in batch.rows():
            if not text_input:
                yield _empty(line, self._ref.input_field)
            elif len(text_input) > input_most:
                most = self._limits.input_characters
                yield _too_long(line, self._ref.input_field, ahead + len(text_input), most, ahead)
            if not output:
                yield _empty(line, self._ref.output_field)
            elif len(output) > output_most:
                yield _too_long(line, self._ref.output_field, len(output), output_most)

    def facts(self) -> DatasetFacts | None:
        """The facts of the part that is meant, when all is read.

        None after a mistake, wherever in the file, or if there is no example.
        """
        count = len(self._digests)
        if self._faults or not count or self._too_many or self._too_large:
            return None
        characters = self._characters + count * len(self._ref.preamble)
        return DatasetFacts(self._digests.dataset_digest(), count, characters)

    @property
    def _too_many(self) -> bool:
        most = self._limits.examples_most
        return most is not None and len(self._digests) > most

    @property
    def _too_large(self) -> bool:
        most = self._limits.sent_bytes
        return most is not None and self._sent > most

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What there is to say, when all is read, sorted by line."""
        path = self._ref.path
        found = [as_diagnostic(Severity.ERROR, path, fault) for fault in self._errors()]
        found += [as_diagnostic(Severity.WARNING, path, fault) for fault in self._doubts()]
        return tuple(sorted(found, key=lambda each: each.sort_key))

    def _errors(self) -> Iterator[Fault]:
        yield from self._faults
        if self._more:
            detail = f"{self._more_count:,} more from this line on are not shown"
            yield Fault(self._more.line, self._more.column, "more-mistakes", detail)
        if not (self._digests or self._faults):
            yield self._nothing()
        if self._too_many:
            detail = f"{len(self._digests):,} examples, the limit is {self._limits.examples_most:,}"
            yield Fault(0, 0, "too-many-examples", detail, "remove examples")
        if self._too_large:
            detail = (
                f"{self._sent:,} bytes in the form in which the service takes the examples, "
                f"the limit is {self._limits.sent_bytes:,}"
            )
            yield Fault(0, 0, "dataset-too-large", detail, "use fewer or shorter examples")

    def _nothing(self) -> Fault:
        if not self._total:
            hint = (
                f"add examples; {guide.on_size(self._limits)}" if self._trains else "add examples"
            )
            return Fault(0, 0, "dataset-empty", "there is no example in the file", hint)
        examples = _counted(self._total, "example")
        if self._ref.held_out:
            detail = f"a share of {self._ref.holdout:g} holds out none of {examples}"
            return Fault(0, 0, "holdout-empty", detail, "raise the share, or add examples")
        detail = f"a share of {self._ref.holdout:g} holds out all of {examples}"
        return Fault(0, 0, "training-empty", detail, "lower the share, or add examples")

    def _doubts(self) -> Iterator[Fault]:
        """What the service would accept, but perhaps nobody means; one of each kind."""
        count = len(self._digests)
        least = self._limits.examples_least
        if self._trains and 0 < count < least and not self._faults:
            held_out = self._total - count
            without = f" without the {held_out:,} held out" if held_out else ""
            detail = f"{_counted(count, 'example')}{without}, fewer than {least:,}"
            yield Fault(0, 0, "few-examples", detail, guide.on_size(self._limits))
        if self._blank:
            rows = _counted(len(self._blank), "row")
            detail = f"{rows} with a field of nothing but space: {_lines([self._blank])}"
            hint = "whitespace is training data" if self._trains else "whitespace is sent as it is"
            yield Fault(self._blank[0], 0, "blank-fields", detail, hint)
        if self._heavy:
            yield self._many_tokens()
        yield from self._repeats()

    def _many_tokens(self) -> Fault:
        rows = _counted(len(self._heavy), "row")
        detail = (
            f"{rows} surely above {self._limits.example_tokens:,} tokens, input and output "
            f"together, at {CHARACTERS_A_TOKEN_MOST} characters each: {_lines([self._heavy])}"
        )
        hint = "the service drops such examples, or cuts them off; shorten them"
        return Fault(self._heavy[0], 0, "many-tokens", detail, hint)

    def _repeats(self) -> Iterator[Fault]:
        found = repeats.find(self._inputs, self._digests)
        if not (found.duplicates or found.conflicts):
            return
        lines = self._lines
        if found.duplicates and self._trains:
            groups = [[lines[place] for place in places] for places in found.duplicates]
            examples, rows = _counted(len(groups), "example"), _counted(found.superfluous, "row")
            detail = f"{examples} more than once, {rows} too many: {_lines(groups)}"
            hint = "a repeated example weighs more; remove the rows if that is not meant"
            yield Fault(groups[0][0], 0, "duplicate-examples", detail, hint)
        if found.conflicts:
            groups = [[lines[place] for place in places] for places in found.conflicts]
            detail = f"{_counted(len(groups), 'input')} with different outputs: {_lines(groups)}"
            reason = "no model can learn both" if self._trains else "no answer is right for both"
            hint = f"{reason}; keep the output that is meant"
            yield Fault(groups[0][0], 0, "conflicting-examples", detail, hint)


def _empty(line: int, name: str) -> Fault:
    hint = "every example needs an input and an output"
    return Fault(line, 0, "field-empty", f"{shown(name)} is empty", hint)


def _too_long(line: int, name: str, length: int, most: int, preamble: int = 0) -> Fault:
    included = f", {preamble:,} of them the preamble" if preamble else ""
    detail = f"{shown(name)} has {length:,} characters{included}, the limit is {most:,}"
    return Fault(line, 0, "field-too-long", detail, "shorten it, or remove the example")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _lines(groups: Sequence[Sequence[int]]) -> str:
    """Some groups of lines in words, such as `lines 3 and 7; lines 9, 12 and 4 more`."""
    shown_groups = [_line_group(group) for group in groups[:_GROUPS_SHOWN]]
    rest = len(groups) - len(shown_groups)
    return "; ".join(shown_groups) + (f"; and {rest:,} more" if rest else "")


def _line_group(lines: Sequence[int]) -> str:
    if len(lines) == 1:
        return f"line {lines[0]}"
    names = [str(line) for line in lines[:_LINES_SHOWN]]
    rest = len(lines) - len(names)
    last = f"{rest:,} more" if rest else names.pop()
    return f"lines {', '.join(names)} and {last}"
