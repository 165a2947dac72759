"""Progress of a run on stderr: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tuneform.app.applying import Ears
from tuneform.cli.interrupt import two_stage
from tuneform.cli.options import Common
from tuneform.domain.report import Noticed
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
        BarProgress(screen.err, _narrowed(screen.err_look), common.invocation.clock)
        if screen.animates
        else PlainProgress(screen.note, screen.err_look)
    )
    with progress as notify:

        def tell(text: str) -> None:
            notify(Noticed(text))

        with two_stage(tell, screen.err) as stopping:
            yield Ears(command, notify, stopping)
