"""Progress of a run on stderr: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tuneform.app.applying import Ears
from tuneform.cli.interrupt import two_stage
from tuneform.cli.options import Common
from tuneform.domain.plan import Plan
from tuneform.domain.report import Event, Noticed
from tuneform.render.events import event_json, plan_event
from tuneform.render.look import Look
from tuneform.render.progress import BarProgress, PlainProgress

_ECHO = len("^C") + 1


def _narrowed(look: Look) -> Look:
    """Room for what the terminal echoes on Ctrl-C: a line break there would shift the board."""
    return replace(look, width=max(look.width - _ECHO, 1))


@contextmanager
def listening(common: Common, command: str) -> Iterator[Ears]:
    """Draw what happens, and hear Ctrl-C, for the time of the block."""
    screen = common.screen
    progress = (
        BarProgress(screen.err, lambda: _narrowed(screen.err_look), common.invocation.clock)
        if screen.animates
        else PlainProgress(screen.note, lambda: screen.err_look)
    )
    with progress as notify:

        def tell(text: str) -> None:
            notify(Noticed(text))

        with two_stage(tell, screen.err) as stopping:
            yield Ears(command, notify, stopping)


@contextmanager
def listening_in_lines(common: Common, command: str, plan: Plan) -> Iterator[Ears]:
    """Print what happens as JSON lines on stdout, and hear Ctrl-C, for the time of the block."""
    screen, clock = common.screen, common.invocation.clock
    screen.line(plan_event(plan, clock.now()))

    def notify(event: Event) -> None:
        screen.line(event_json(event, clock.now()))

    def tell(text: str) -> None:
        screen.note(text)
        notify(Noticed(text))

    with two_stage(tell, screen.err) as stopping:
        yield Ears(command, notify, stopping)


@dataclass(frozen=True, slots=True)
class Counter:
    """Who is told how far something is, and who tells to stop.

    Attributes:
        notify: told how many are done, and of how many.
        stopping: whether the user wants to end.
    """

    notify: Callable[[int, int], None]
    stopping: Callable[[], bool]


@contextmanager
def counting(common: Common, what: str) -> Iterator[Counter]:
    """Count in place on a terminal, and hear Ctrl-C, for the time of the block."""
    screen = common.screen

    def notify(done: int, total: int) -> None:
        if screen.animates:
            screen.err.write(f"\r{what}: {done:,} of {total:,}")
            screen.err.flush()

    try:
        with two_stage(screen.note, screen.err) as stopping:
            yield Counter(notify, stopping)
    finally:
        if screen.animates:
            screen.err.write("\r\x1b[K")
            screen.err.flush()
