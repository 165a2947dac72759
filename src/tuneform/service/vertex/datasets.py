"""The examples of a tuning job: one JSON object in each line, with `contents`.

A line is a conversation. Its last turn, which is the model's, is what is to be said; everything
before it, the system instruction first, is what it is said to. The file is read in pieces and its
lines one by one. All of them are counted, and only as many kept as this service learns from.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from tuneform.service.generation import tokens
from tuneform.service.vertex.checks import bucket_and_name

MAX_TOKENS = 131_072
"""In and out, of one example; longer ones are left out, as documented for Gemini 2.5 Flash."""

MAX_LINE = 4 * MAX_TOKENS * 8
"""Bytes; no example within the bound above is longer."""

LEARNT = 4_000_000
"""Characters of the examples that are learnt from. Of more, a sample stands for all; the real
service's limit of 1 GB is kept, without as much memory."""

SAMPLES = 3
"""How many examples of the user come back with the statistics."""

_TOLD = 3
"""How many mistakes of a dataset are told."""


class DatasetUnusable(Exception):
    """The examples cannot be had, or understood; the message says which and why."""


class Malformed(Exception):
    """One example that is none; the message goes on after its number."""


class Pieces(Protocol):
    """Bytes of an open file."""

    def __iter__(self) -> Iterator[bytes]:
        """Piece by piece."""

    def close(self) -> None:
        """Read no more."""


class Stored(Protocol):
    """One object of a bucket."""

    def chunks(self) -> Pieces:
        """Its bytes, in pieces."""


class Objects(Protocol):
    """The buckets, as far as tuning looks into them."""

    def get(self, bucket: str, name: str) -> Stored | None:
        """The object of that name, if there is one."""


Admission = Callable[[str, str, str], None]
"""Raises `PermissionError` when an account (third) may not do something (second) in a bucket
(first)."""


@dataclass(slots=True)
class Sample:
    """Pairs that stand for all that were added: all of them, up to a bound.

    Beyond it they are those with the least digests, so that the order in which they come plays no
    part.
    """

    most: int = LEARNT
    pairs: list[tuple[str, str]] = field(default_factory=list)
    _characters: int = 0
    _sum: int = 0
    _full: bytes = b"\xff" * 33
    """The least digest of those that found no room: what follows it never will."""

    def add(self, text: str, output: str) -> None:
        """Take a pair in."""
        digest = _digest((text, output))
        self._sum += int.from_bytes(digest)
        if digest >= self._full:
            return
        self.pairs.append((text, output))
        self._characters += len(text) + len(output)
        if self._characters > 2 * self.most:
            self._cut()

    def taken(self) -> list[tuple[str, str]]:
        """The pairs, sorted."""
        if self._characters > self.most:
            self._cut()
        return sorted(self.pairs)

    @property
    def digest(self) -> str:
        """Of everything that was added: equal data has one digest, in whatever order it came."""
        return f"{self._sum % 2**256:064x}"

    def _cut(self) -> None:
        self.pairs.sort(key=_digest)
        kept = self._characters = 0
        for text, output in self.pairs:
            if kept and self._characters + len(text) + len(output) > self.most:
                self._full = _digest((text, output))
                break
            kept += 1
            self._characters += len(text) + len(output)
        del self.pairs[kept:]


def _digest(pair: tuple[str, str]) -> bytes:
    return hashlib.sha256(msgspec.json.encode(pair)).digest()


@dataclass(slots=True)
class Examples:
    """What a file holds."""

    sample: Sample = field(default_factory=Sample)
    """What is learnt from."""
    count: int = 0
    """Of the examples that can be used."""
    characters: int = 0
    """Of all these."""
    inputs: Counter[int] = field(default_factory=Counter)
    """How many of them have an input of so many tokens."""
    outputs: Counter[int] = field(default_factory=Counter)
    """The same of outputs."""
    turns: Counter[int] = field(default_factory=Counter)
    """The same of messages."""
    dropped: list[int] = field(default_factory=list)
    """Numbers of the examples that are too long, from 0."""
    shown: list[Any] = field(default_factory=list)
    """Some, as the statistics show them."""

    def take(self, text: str, output: str, turns: int) -> None:
        """Note one that can be used."""
        self.sample.add(text, output)
        self.count += 1
        self.characters += len(text) + len(output)
        self.inputs[tokens(len(text))] += 1
        self.outputs[tokens(len(output))] += 1
        self.turns[turns] += 1
        if len(self.shown) < SAMPLES:
            self.shown.append({"role": "user", "parts": [{"text": text}]})


class Datasets:
    """Finds and reads the files that tuning jobs name."""

    def __init__(self, objects: Objects, admit: Admission) -> None:
        self._objects = objects
        self._admit = admit

    def find(self, uri: str, caller: str) -> Stored:
        """The object that a URI names.

        Raises:
            DatasetUnusable: there is none, or it may not be read.
        """
        place = bucket_and_name(uri)
        assert place is not None  # the draft was judged
        bucket, name = place
        try:
            self._admit(bucket, "storage.objects.get", caller)
        except PermissionError as error:
            raise DatasetUnusable(f"The dataset {uri} cannot be read: {error}") from error
        found = self._objects.get(bucket, name)
        if found is None:
            raise DatasetUnusable(f"The dataset {uri} does not exist.")
        return found

    def read(self, uri: str, caller: str) -> Examples:
        """The examples of a file.

        Raises:
            DatasetUnusable: it cannot be read or understood.
        """
        try:
            with closing(self.find(uri, caller).chunks()) as pieces:
                return read_examples(uri, pieces)
        except OSError as error:
            raise DatasetUnusable(f"The dataset {uri} cannot be read: {error}") from error


def read_examples(uri: str, chunks: Iterable[bytes]) -> Examples:
    """Read the lines of a file.

    Raises:
        DatasetUnusable: naming the first examples that are wrong, from 1.
    """
    found, mistakes = Examples(), []
    number = 0
    for line in _lines(uri, chunks):
        if not line.strip():
            continue
        number += 1
        try:
            _take(found, number, line)
        except Malformed as error:
            mistakes.append(f"Dataset example {number} {error}")
            if len(mistakes) == _TOLD:
                break
    if mistakes:
        raise DatasetUnusable(f"The dataset {uri} is malformed. {' '.join(mistakes)}")
    if not found.count:
        raise DatasetUnusable(f"The dataset {uri} has no examples that can be used.")
    return found


def _lines(uri: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > MAX_LINE:
            raise DatasetUnusable(f"The dataset {uri} has a line of more than {MAX_LINE:,} bytes.")
    if rest:
        yield rest


def _take(found: Examples, number: int, line: bytes) -> None:
    row = _row(line)
    text, output = pair(row)
    if (len(text) + len(output)) > 4 * MAX_TOKENS:
        found.dropped.append(number - 1)
        return
    found.take(text, output, len(row["contents"]))


def _row(line: bytes) -> Mapping[str, Any]:
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"is no JSON: {error}.") from error
    if not isinstance(row, dict):
        raise Malformed("is no JSON object.")
    if "messages" in row and "contents" not in row:
        raise Malformed("has `messages`, which Gemini models do not take; use `contents`.")
    return row


def pair(row: Mapping[str, Any]) -> tuple[str, str]:
    """What is said to the model, and what it is to say.

    Raises:
        Malformed: it is none.
    """
    contents = row.get("contents")
    if not isinstance(contents, list) or not contents:
        raise Malformed("has no `contents`.")
    turns = [_turn(each) for each in contents]
    roles = [role for role, _ in turns]
    if roles[-1] != "model" or "user" not in roles:
        raise Malformed("must have a turn of the user, and end with a turn of the model.")
    system = row.get("systemInstruction", row.get("system_instruction"))
    texts = [_turn(system)[1]] if system else []
    text, output = together([*texts, *(said for _, said in turns[:-1])]), turns[-1][1]
    if not text or not output:
        raise Malformed("has an empty text.")
    return text, output


def _turn(content: Any) -> tuple[str, str]:
    if not isinstance(content, dict):
        raise Malformed("has a turn that is no object.")
    role, parts = content.get("role", "user"), content.get("parts")
    if role not in ("user", "model", "system"):
        raise Malformed(f"has the role {str(role)[:40]!r}; use `user` or `model`.")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise Malformed("has a turn without `parts`.")
    for part in parts:
        if not isinstance(part.get("text"), str):
            kind = next(iter(part), "nothing")
            raise Malformed(
                f'contains an unsupported modality [{kind}] in the "parts" field; this service '
                "supports [text]."
            )
    return role, "".join(part["text"] for part in parts)


def together(texts: Sequence[str]) -> str:
    """Several turns as the one text that this service's models can be asked."""
    return "\n".join(text for text in texts if text)
