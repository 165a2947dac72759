"""Parents before children, else by name: an order that never depends on the order of the input."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ordering:
    """Names in order.

    Attributes:
        names: parents first, else by name; those on or behind a cycle are missing.
        cycles: each as its names in the order child to parent, starting with the smallest name.
    """

    names: tuple[str, ...]
    cycles: tuple[tuple[str, ...], ...] = ()


def order(parents: Mapping[str, Collection[str]]) -> Ordering:
    """Order names so that each comes after its parents.

    Args:
        parents: for each name, those it depends on. Parents that are no key are ignored.
    """
    if not any(parents.values()):
        return Ordering(tuple(sorted(parents)))
    waiting = {name: {each for each in above if each in parents} for name, above in parents.items()}
    children: dict[str, list[str]] = {}
    for name, above in waiting.items():
        for each in above:
            children.setdefault(each, []).append(name)
    ready = [name for name, above in waiting.items() if not above]
    heapq.heapify(ready)
    names = []
    while ready:
        name = heapq.heappop(ready)
        names.append(name)
        for child in children.get(name, ()):
            waiting[child].discard(name)
            if not waiting[child]:
                heapq.heappush(ready, child)
    return Ordering(
        tuple(names), _cycles({name: above for name, above in waiting.items() if above})
    )


def _cycles(stuck: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """The cycles that names which never became ready are on or behind, each told once."""
    found = set()
    seen: set[str] = set()
    for start in sorted(stuck):
        path: dict[str, None] = {}
        name = start
        while name not in seen and name not in path:
            path[name] = None
            name = min(stuck[name])
        if name in path:
            walked = list(path)
            circle = walked[walked.index(name) :]
            first = circle.index(min(circle))
            found.add((*circle[first:], *circle[:first]))
        seen.update(path)
    return tuple(sorted(found))
