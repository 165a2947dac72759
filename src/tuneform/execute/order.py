"""Which lanes may start, and which never will: a lane waits for others to end well.

Knows no threads and no provider.
"""

from __future__ import annotations

from collections.abc import Sequence

from tuneform.execute.job import Lane


class Order:
    """The lanes of one stage, and who waits for whom.

    Args:
        lanes: with distinct keys, in the order in which they shall start.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = {lane.key: lane for lane in lanes}
        self._missing = {lane.key: set(lane.after) for lane in lanes}
        self._followers: dict[str, list[Lane]] = {}
        for lane in lanes:
            for key in lane.after:
                self._followers.setdefault(key, []).append(lane)

    def first(self) -> list[Lane]:
        """Lanes that wait for nobody."""
        return [lane for lane in self._lanes.values() if not lane.after]

    def hopeless(self) -> list[tuple[Lane, str]]:
        """Lanes that wait for one that is not here and so cannot end well, with its key."""
        found = []
        for lane in self._lanes.values():
            absent = next((key for key in lane.after if key not in self._lanes), None)
            if absent is not None:
                found.append((lane, absent))
        return found

    def end(self, lane: Lane, *, well: bool) -> list[Lane] | None:
        """Take note that a lane has ended, and return those whose fate that decides.

        Where it ended well these may start now; else they never will. None where it had ended
        before.
        """
        if self._lanes.pop(lane.key, None) is None:
            return None
        decided = []
        for follower in self._followers.pop(lane.key, []):
            self._missing[follower.key].discard(lane.key)
            open_still = follower.key in self._lanes
            if open_still and not (well and self._missing[follower.key]):
                decided.append(follower)
        return decided

    def rest(self) -> list[tuple[Lane, str]]:
        """Lanes that have not ended, each with the key of one that it waits for, or its own."""
        return [
            (lane, min(self._missing[lane.key], default=lane.key)) for lane in self._lanes.values()
        ]
