"""Two ways to tell events while they happen: plain lines for logs, a board for terminals.

Both are called with each event, by any thread, and are context managers around the whole run.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self, TextIO, assert_never

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tuneform.clock import Clock, SystemClock
from tuneform.domain.plan import Evaluate, Start, Watch
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
from tuneform.render.board import Board
from tuneform.render.evaluation import verdict_words
from tuneform.render.layout import short_number
from tuneform.render.look import Look
from tuneform.render.report import MANY_ALIKE, outcome_numbers
from tuneform.render.sentences import outcome_word
from tuneform.render.steps import evaluating_words, step_done

_MANY = 20  # models: beyond, a log with the progress of each is read by nobody
_TENTHS = 10
_MOST_ROWS = 12
_REFRESHES = 8  # a second


class PlainProgress(AbstractContextManager["PlainProgress"]):
    """One line when a training starts, at most one for each tenth of it, one at the end.

    A gate has two: when it is asked, and its verdict. Where more than 20 models are under way, only
    starts and ends are told. A sentence that many end with is told of the first few; the report
    counts them.

    Args:
        write: takes a line with its line feed.
        look: tells how text is to look now; lines are not broken. A run may have begun before the
            project was read, and with it what is secret.
    """

    def __init__(self, write: Callable[[str], object], look: Callable[[], Look]) -> None:
        self._write = write
        self._look = look
        self._tenths: dict[str, int] = {}
        self._messages: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Nothing is held open."""

    def __call__(self, event: Event) -> None:
        """Tell one event, where it is worth a line."""
        with self._lock:
            text = self._told(event)
            if text:
                self._write(self._look().clean(text) + "\n")

    def _told(self, event: Event) -> str:
        match event:
            case StepBegan():
                return self._began(event)
            case Progressed():
                return self._progressed(event)
            case StepEnded():
                told = isinstance(event.step, (Start, Watch, Evaluate))  # by events of their own
                return "" if told or self._many else f"{event.model}: {step_done(event.step)}"
            case Evaluated(evaluation):
                return "" if self._many else f"{evaluation.model}: {verdict_words(evaluation)}"
            case ChangeEnded():
                return self._ended(event.outcome)
            case Noticed():
                return event.message
            case _:
                assert_never(event)

    @property
    def _many(self) -> bool:
        return len(self._tenths) > _MANY

    def _began(self, event: StepBegan) -> str:
        """A watch that follows its own start needs no second line."""
        known = event.model in self._tenths
        if isinstance(event.step, Evaluate):
            self._tenths.setdefault(event.model, 0)
            skip = known and self._many
            return "" if skip else f"{event.model}: {evaluating_words(event.step)}"
        if not isinstance(event.step, (Start, Watch)) or known:
            return ""
        self._tenths[event.model] = 0
        starts = isinstance(event.step, Start)
        return f"{event.model}: {'training starts' if starts else 'waiting for its training'}"

    def _progressed(self, event: Progressed) -> str:
        if event.steps_total <= 0:
            return ""
        tenth = event.steps_done * _TENTHS // event.steps_total
        before = self._tenths.get(event.model, 0)
        self._tenths[event.model] = max(tenth, before)
        if tenth <= before or self._many:
            return ""
        loss = f", loss {short_number(event.point.loss)}" if event.point else ""
        steps = f"step {event.steps_done} of {event.steps_total}"
        return f"{event.model}: {tenth * 100 // _TENTHS} %, {steps}{loss}"

    def _ended(self, outcome: Outcome) -> str:
        if outcome.status is Status.UNCHANGED:
            return ""
        self._messages[outcome.message] += 1
        message = outcome.message if self._messages[outcome.message] < MANY_ALIKE else ""
        parts = (outcome_word(outcome), outcome_numbers(outcome), message)
        return f"{outcome.change.model}: {', '.join(filter(None, parts))}"


class BarProgress(AbstractContextManager["BarProgress"]):
    """A board of bars that is drawn again and again in place, and gone when the run ends.

    Args:
        stream: a terminal; as a rule standard error.
        look: tells how text is to look now; width and colour stay as they are at the beginning.
        clock: for elapsed times.
    """

    def __init__(
        self, stream: TextIO, look: Callable[[], Look], clock: Clock | None = None
    ) -> None:
        self._look = look
        first = look()
        self._clock = clock or SystemClock()
        self._board = Board()
        self._lock = threading.Lock()
        self._console = Console(
            file=stream,
            width=first.width,
            force_terminal=True,
            no_color=not first.colour,
            markup=False,
            highlight=False,
            emoji=False,
        )
        self._live = Live(
            console=self._console,
            get_renderable=self._drawn,
            refresh_per_second=_REFRESHES,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Clear the board; the terminal is as it was."""
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Put an event on the board; what is worth a line of its own stays above it."""
        with self._lock:
            self._board.note(event, self._clock.monotonic())
        if isinstance(event, Noticed):
            self._console.print(Text(self._look().clean(event.message)))

    def _drawn(self) -> Text:
        most = max(1, min(_MOST_ROWS, self._console.height - 2))
        with self._lock:
            lines = self._board.lines(self._look(), self._clock.monotonic(), most)
        return Text.from_ansi("\n".join(lines), no_wrap=True, overflow="crop")
