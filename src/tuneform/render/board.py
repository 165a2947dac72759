"""Trainings under way, as lines of a known width.

Remembers events and draws when asked; knows no terminal and no clock.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import assert_never

from tuneform.domain.plan import Evaluate, Start, Step, Watch
from tuneform.domain.report import (
    ChangeEnded,
    Evaluated,
    Event,
    Noticed,
    Outcome,
    Progressed,
    Status,
    StepBegan,
    StepEnded,
)
from tuneform.render.evaluation import verdict_words
from tuneform.render.layout import GAP, cells, cut, duration, pad, short_number
from tuneform.render.look import Look, Style
from tuneform.render.report import outcome_numbers, outcome_style
from tuneform.render.sentences import outcome_word
from tuneform.render.steps import evaluating_words, step_words

_NAMES = 3  # a name gets this part of the width at most
_LEAST_BAR = 6
_WIDEST_BAR = 40


@dataclass(frozen=True, slots=True)
class Row:
    """One model under way.

    Attributes:
        model: its name.
        began: seconds of the clock that the board is handed.
        doing: the present step, where it is no training; the verdict once there is one.
        done, total: steps of the training; the total is 0 where nobody knows it.
        loss: the last one told.
        outcome: how it ended; None until then.
    """

    model: str
    began: float
    doing: str = ""
    done: int = 0
    total: int = 0
    loss: float | None = None
    outcome: Outcome | None = None


class Board:
    """What is under way and what has ended, in the order in which it began."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}

    def note(self, event: Event, now: float) -> None:
        """Remember an event that came `now`, in seconds from an arbitrary start."""
        match event:
            case StepBegan():
                row = self._row(event.model, now)
                self._rows[event.model] = replace(row, doing=_doing(event.step))
            case Evaluated(evaluation):
                row = self._row(evaluation.model, now)
                self._rows[evaluation.model] = replace(row, doing=verdict_words(evaluation))
            case Progressed():
                loss = event.point.loss if event.point else None
                row = self._row(event.model, now)
                done, total = event.steps_done, event.steps_total
                self._rows[event.model] = replace(row, done=done, total=total, loss=loss)
            case ChangeEnded():
                self._end(event.outcome, now)
            case StepEnded() | Noticed():
                pass
            case _:
                assert_never(event)

    def _row(self, model: str, now: float) -> Row:
        return self._rows.get(model) or Row(model, now)

    def _end(self, outcome: Outcome, now: float) -> None:
        """Models of which nothing was to be done leave no row."""
        model = outcome.change.model
        if model in self._rows or outcome.status not in (Status.UNCHANGED, Status.HELD):
            self._rows[model] = replace(self._row(model, now), outcome=outcome)

    def lines(self, look: Look, now: float, most: int) -> list[str]:
        """At most `most` lines: those under way first, the rest counted in the last one."""
        rows = list(self._rows.values())
        if len(rows) <= most:
            return [_line(row, rows, look, now) for row in rows]
        ranked = sorted(rows, key=lambda row: row.outcome is not None)
        shown, rest = ranked[: most - 1], ranked[most - 1 :]
        words = Counter(outcome_word(row.outcome) if row.outcome else "under way" for row in rest)
        told = ", ".join(f"{count} {word}" for word, count in words.items())
        more = cut(f"and {len(rest)} more: {told}", look.width, look)
        return [*(_line(row, shown, look, now) for row in shown), look.paint(more, Style.DIM)]


def _doing(step: Step) -> str:
    match step:
        case Start() | Watch():
            return ""
        case Evaluate():
            return evaluating_words(step)
        case _:
            return " ".join(step_words(step, step.remote)).strip()


def _line(row: Row, beside: list[Row], look: Look, now: float) -> str:
    """One row, never wider than the look; what matters least goes first where it is narrow."""
    named = min(max(cells(look.clean(each.model)) for each in beside), look.width // _NAMES)
    name = pad(cut(look.clean(row.model), named, look), named)
    room = look.width - named - len(GAP)
    if row.outcome is not None:
        text = GAP.join(filter(None, (outcome_word(row.outcome), outcome_numbers(row.outcome))))
        return f"{name}{GAP}{look.paint(cut(text, room, look), outcome_style(row.outcome))}"
    if row.doing:
        return f"{name}{GAP}{cut(look.clean(row.doing), room, look)}"
    return f"{name}{GAP}{_training(row, room, look, now)}"


def _training(row: Row, room: int, look: Look, now: float) -> str:
    """Bar, steps, loss and time, as much of it as there is room for."""
    steps = f"{row.done}/{row.total}" if row.total else f"{row.done} steps"
    loss = "" if row.loss is None else f"loss {short_number(row.loss)}"
    parts = [f"{steps:>9}", f"{loss:<12}", f"{duration(now - row.began):>11}"]
    while len(parts) > 1 and _LEAST_BAR + sum(len(GAP + part) for part in parts) > room:
        parts.pop()
    tail = GAP.join(parts)
    width = min(_WIDEST_BAR, room - len(GAP + tail))
    if width < _LEAST_BAR:
        return cut(tail.strip(), room, look)
    share = row.done / row.total if row.total else 0.0
    return f"{bar(share, width, look)}{GAP}{tail}".rstrip()


def bar(share: float, width: int, look: Look) -> str:
    """A bar of `width` cells, filled as far as `share` from 0 to 1 says."""
    full = int(min(max(share, 0.0), 1.0) * width)
    on, off = ("━", "─") if look.unicode else ("#", ".")
    return look.paint(on * full, Style.GREEN) + look.paint(off * (width - full), Style.DIM)
