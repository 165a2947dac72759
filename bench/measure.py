"""Whole processes, timed from outside: wall clock, processor time and peak memory of each."""

from __future__ import annotations

import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BENCH = Path(__file__).parent
PYTHON = sys.executable
TUNEFORM = str(Path(PYTHON).with_name("tuneform"))


class Unexpected(Exception):
    """A process ended otherwise than it should have: its time would be the time of nothing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process cost, or the medians of several.

    Attributes:
        wall: seconds from start to end.
        cpu: seconds of all its threads on all processors.
        peak: most resident memory, in MB (a million bytes).
    """

    wall: float
    cpu: float
    peak: float


def run_once(
    command: Sequence[str], environment: Mapping[str, str] | None = None, expect: int = 0
) -> Sample:
    """Run a command to its end, output kept aside.

    Raises:
        Unexpected: the exit code is another one; the message holds the end of the output.
    """
    with TemporaryFile() as output:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, output.fileno(), 2),
        ]
        started = time.perf_counter()
        process = os.posix_spawn(
            command[0], tuple(command), {**os.environ, **(environment or {})}, file_actions=actions
        )
        _, status, usage = os.wait4(process, 0)
        wall = time.perf_counter() - started
        code = os.waitstatus_to_exitcode(status)
        if code != expect:
            output.seek(0)
            tail = output.read().decode(errors="replace")[-2000:]
            raise Unexpected(f"{' '.join(command)}\nexit code {code}, not {expect}\n{tail}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def median(
    runs: int,
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    before: Callable[[], object] = lambda: None,
) -> Sample:
    """The medians of several runs; `before` is called ahead of each and not timed."""
    samples = []
    for _ in range(runs):
        before()
        samples.append(run_once(command, environment))
    return Sample(
        statistics.median(sample.wall for sample in samples),
        statistics.median(sample.cpu for sample in samples),
        max(sample.peak for sample in samples),
    )
