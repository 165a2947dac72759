"""Lanes that wait before their next attempt, some of them for a quota. Nobody sleeps here."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from tuneform.execute.job import Lane


@dataclass(order=True, slots=True)
class _Delay:
    due: float
    number: int
    lane: Lane = field(compare=False)
    quota: bool = field(compare=False)


class Delays:
    """What is to be tried again, and when."""

    def __init__(self) -> None:
        self._heap: list[_Delay] = []
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self._heap)

    @property
    def due(self) -> float | None:
        """Monotonic second of the first; None where nothing waits."""
        return self._heap[0].due if self._heap else None

    def add(self, lane: Lane, due: float) -> None:
        """Let a lane wait until a monotonic second."""
        self._push(lane, due, quota=False)

    def add_for_quota(self, lane: Lane, now: float, seconds: float, until: float | None) -> None:
        """Let a lane wait until a quota may have room for it.

        All that wait for it ask as often as one alone would, so the more they are the longer each
        waits: a create carries all its examples. `take_for_quota` calls one of them earlier.

        Args:
            lane: whose create was refused.
            now: monotonic second.
            seconds: that one alone would wait.
            until: monotonic second after which nobody waits; None where there is none.
        """
        due = now + seconds * (1 + sum(each.quota for each in self._heap))
        self._push(lane, due if until is None else min(due, until), quota=True)

    def take_due(self, now: float) -> list[Lane]:
        """The lanes whose time has come, first come, first served."""
        lanes = []
        while self._heap and self._heap[0].due <= now:
            lanes.append(heappop(self._heap).lane)
        return lanes

    def take_for_quota(self) -> Lane | None:
        """The lane that has waited longest for a quota; None where none waits for it."""
        waiting = [each for each in self._heap if each.quota]
        if not waiting:
            return None
        first = min(waiting, key=lambda each: each.number)
        self._heap.remove(first)
        heapify(self._heap)
        return first.lane

    def clear(self) -> None:
        """Wait for nothing any longer."""
        self._heap.clear()

    def _push(self, lane: Lane, due: float, *, quota: bool) -> None:
        self._number += 1
        heappush(self._heap, _Delay(due, self._number, lane, quota))
