"""Ctrl-C in two stages: the first asks to end, the second ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_INTERRUPTED = 130
_SHOW_CURSOR = b"\x1b[?25h\n"

STOPPING = (
    "Stopping: nothing more is started, and what is in training is left alone. "
    "Ctrl-C again ends at once."
)


@contextmanager
def two_stage(tell: Callable[[str], None], screen: TextIO) -> Iterator[Callable[[], bool]]:
    """Catch interrupts for the time of the block.

    Args:
        tell: given one line after the first interrupt, when somebody asks whether to stop. The
            handler itself says nothing: it may have interrupted a write to the same stream.
        screen: whose cursor is shown again at a hard end, should it be a terminal.

    Yields:
        Whether somebody wants to end.
    """
    asked: list[bool] = []
    told: list[bool] = []

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if asked:
            if screen.isatty():
                os.write(screen.fileno(), _SHOW_CURSOR)
            # Threads may be in the middle of a request: nothing is left to be polite to.
            os._exit(_INTERRUPTED)
        asked.append(True)

    def stopping() -> bool:
        if asked and not told:
            told.append(True)
            tell(STOPPING)
        return bool(asked)

    before = {each: signal.signal(each, handle) for each in _SIGNALS}
    try:
        yield stopping
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
