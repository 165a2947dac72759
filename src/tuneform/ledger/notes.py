"""What the ledger remembers about an object, in one sentence. Rows in, notes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tuneform.domain.live import RecordedSet
from tuneform.domain.report import Status


class Entry(NamedTuple):
    """One step of the past, and what became of it.

    Attributes:
        remote: the object.
        step: `start` or `watch`.
        outcome: a Status as text; None where none was recorded.
        detail: the reason, or empty.
        at: ISO 8601 time of the outcome, else of the intent.
        host: the machine.
    """

    remote: str
    step: str
    outcome: str | None
    detail: str | None
    at: str
    host: str


def notes_of(entries: Iterable[Entry], host: str) -> RecordedSet:
    """The last thing worth telling about each object.

    Args:
        entries: oldest first.
        host: this machine.
    """
    notes: dict[str, str] = {}
    for entry in entries:
        sentence = _sentence(entry, "this machine" if entry.host == host else entry.host)
        if sentence:
            notes[entry.remote] = sentence
    return RecordedSet(tuple(sorted(notes.items())))


def _sentence(entry: Entry, machine: str) -> str | None:
    day = entry.at[:10]
    reason = f": {entry.detail}" if entry.detail else ""
    match entry.step, entry.outcome:
        case "start", Status.DONE:
            return f"started on {day} by {machine}"
        case "start", None:
            return f"a start was begun on {day} by {machine}, and how it ended is not recorded"
        case "start", Status.FAILED:
            return f"starting failed on {day}{reason}"
        case "watch", Status.FAILED:
            return f"training failed on {day}{reason}"
        case _:
            return None
