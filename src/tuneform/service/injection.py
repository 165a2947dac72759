"""Which fault befalls which request, decided one by one and the same way for the same seed.

Chance is a digest of the seed, the rule, and what is asked for the how-manieth time: so the fate
of a request does not hang on how the requests of several threads interleave. Counts (`after`,
`times`) do, unless they are counted per name. Nothing here carries a fault out.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import msgspec

from tuneform.clock import Clock
from tuneform.service.faults import (
    AnyRequestRule,
    Appears,
    ExpiredToken,
    Fails,
    Faults,
    Lingers,
    Refusal,
    Refuse,
    RequestRule,
    Rule,
    Stalls,
    StandingRule,
    Vanishes,
)
from tuneform.service.subject import NOBODY, Subject

_Standing = TypeVar("_Standing", bound=StandingRule)
_Record = TypeVar("_Record")

_WHOLE = 2**64


@dataclass(frozen=True, slots=True)
class Asked:
    """What rules can know of a request."""

    method: str
    path: str
    """Below the version, without a slash before it."""
    subject: Subject = NOBODY
    """The thing that is meant."""
    with_token: bool = False

    @property
    def what(self) -> str:
        """What is asked for, in a form that is the same in every run."""
        return self.subject.key or self.path


@dataclass(slots=True)
class _Ghost:
    """A deleted thing that is still shown."""

    record: Any
    caller: str
    until: float
    everywhere: bool


@dataclass(slots=True)
class _State:
    """Faults in force, and what they did so far."""

    faults: Faults
    seen: Counter[tuple[int, str]]
    fired: Counter[tuple[int, str]]
    draws: Counter[tuple[int, str, str]]
    lasting: dict[int, float]

    @classmethod
    def of(cls, faults: Faults) -> "_State":
        return cls(faults, Counter(), Counter(), Counter(), {})


class Injector:
    """Faults in force. Safe for threads; may be given other faults at any time."""

    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._state = _State.of(faults)
        self._ghosts: list[_Ghost] = []
        self._refused_until = 0.0

    def put(self, faults: Faults) -> None:
        """Have these faults from now on, and no others; what was counted is forgotten."""
        with self._lock:
            self._state = _State.of(faults)
            self._ghosts.clear()
            self._refused_until = 0.0

    def clear(self) -> None:
        """Have no faults from now on."""
        self.put(Faults())

    def shown(self) -> dict[str, Any]:
        """The faults in force as JSON, with how many requests each took."""
        with self._lock:
            state = self._state
            rules = [
                msgspec.to_builtins(rule) | self._counts(state, number)
                for number, rule in enumerate(state.faults.rules)
            ]
            return {"seed": state.faults.seed, "rules": rules}

    @staticmethod
    def _counts(state: _State, number: int) -> dict[str, int]:
        if not isinstance(state.faults.rules[number], RequestRule):
            return {}
        matched = sum(n for (rule, _), n in state.seen.items() if rule == number)
        fired = sum(n for (rule, _), n in state.fired.items() if rule == number)
        return {"matched": matched, "fired": fired}

    # --- requests -------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether there is nothing to decide."""
        return not self._state.faults.rules

    def take(self, asked: Asked) -> AnyRequestRule | None:
        """The rule that has this request; those above it counted it, those below did not."""
        now = self._clock.monotonic()
        with self._lock:
            for number, rule in enumerate(self._state.faults.rules):
                if (
                    isinstance(rule, RequestRule)
                    and _matches(rule, asked)
                    and self._fires(self._state, number, rule, asked, now)
                ):
                    self._last(number, rule, now)
                    return rule
        return None

    @staticmethod
    def _fires(state: _State, number: int, rule: RequestRule, asked: Asked, now: float) -> bool:
        if now < state.lasting.get(number, now):
            return True
        key = (number, asked.subject.key if rule.per == "name" else "")
        state.seen[key] += 1
        if state.seen[key] <= rule.after:
            return False
        if rule.times is not None and state.fired[key] >= rule.times:
            return False
        if rule.probability < 1:
            which = (number, asked.method, asked.what)
            state.draws[which] += 1
            text = f"{asked.method} {asked.what} {state.draws[which]}"
            if not _happens(state.faults.seed, number, rule.probability, text):
                return False
        state.fired[key] += 1
        return True

    def _last(self, number: int, rule: RequestRule, now: float) -> None:
        """Note that a fault goes on for a while."""
        if isinstance(rule, Refuse):
            self._refused_until = now + rule.seconds
        elif isinstance(rule, Refusal) and rule.seconds > 0:
            ends = self._state.lasting.get(number, 0.0)
            self._state.lasting[number] = ends if now < ends else now + rule.seconds

    def refuses(self) -> bool:
        """Whether no connection is accepted now."""
        return self._clock.monotonic() < self._refused_until

    # --- what exists ----------------------------------------------------------------------------

    def hides(self, subject: Subject, created: str, *, in_list: bool) -> bool:
        """Whether something is too young to be shown."""
        rules = self._standing(Appears, subject)
        return any(
            self._age(created) < rule.seconds
            for rule in rules
            if (in_list or rule.reads == "all") and fnmatchcase(subject.kind, rule.kind)
        )

    def deleted(self, record: Any, subject: Subject, caller: str) -> None:
        """Note that something is gone; lists may show it for a while."""
        rules = self._standing(Lingers, subject)
        rule = next((each for each in rules if fnmatchcase(subject.kind, each.kind)), None)
        if rule is not None:
            until = self._clock.monotonic() + rule.seconds
            with self._lock:
                self._ghosts.append(_Ghost(record, caller, until, rule.reads == "all"))

    def ghosts(self, kind: type[_Record], caller: str, *, in_list: bool) -> list[_Record]:
        """Records that are gone, and are shown to this caller all the same."""
        if not self._ghosts:
            return []
        now = self._clock.monotonic()
        with self._lock:
            self._ghosts[:] = [each for each in self._ghosts if now < each.until]
            mine = [each for each in self._ghosts if each.caller == caller]
            shown = [each.record for each in mine if in_list or each.everywhere]
            return [record for record in shown if isinstance(record, kind)]

    def vanished(self, subject: Subject, created: str) -> bool:
        """Whether nobody knows the operations of this."""
        rules = self._standing(Vanishes, subject)
        return any(self._age(created) >= rule.seconds for rule in rules)

    def fails(self, subject: Subject) -> bool:
        """Whether the training of this is to end in an error."""
        return any(self._standing(Fails, subject))

    def stalls(self, subject: Subject, created: str) -> bool:
        """Whether the training of this is not to begin yet."""
        rules = self._standing(Stalls, subject)
        return any(rule.seconds is None or self._age(created) < rule.seconds for rule in rules)

    def _standing(self, kind: type[_Standing], subject: Subject) -> Iterator[_Standing]:
        faults = self._state.faults
        for number, rule in enumerate(faults.rules):
            if (
                isinstance(rule, kind)
                and _is_named(rule, subject)
                and _happens(faults.seed, number, rule.probability, subject.key)
            ):
                yield rule

    def _age(self, created: str) -> float:
        return (self._clock.now() - datetime.fromisoformat(created)).total_seconds()


def _matches(rule: RequestRule, asked: Asked) -> bool:
    if isinstance(rule, ExpiredToken) and not asked.with_token:
        return False
    return (
        fnmatchcase(asked.method, rule.method)
        and fnmatchcase(asked.path, rule.path)
        and _is_named(rule, asked.subject)
    )


def _is_named(rule: Rule, subject: Subject) -> bool:
    return any(fnmatchcase(name, rule.name) for name in subject.names)


def _happens(seed: int, number: int, probability: float, what: str) -> bool:
    if probability >= 1:
        return True
    digest = hashlib.sha256(f"{seed} {number} {what}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") < probability * _WHOLE
