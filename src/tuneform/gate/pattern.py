"""Matches answers against a pattern, in a process that can be ended.

A pattern such as `(a+)+b` may take longer than the age of the world, and a thread cannot be
stopped while it matches. No limit on lengths helps: forty characters are enough. So the matching
is done by `pattern_process`, which is killed when it takes too long. That is an error and no
verdict: how quick a machine is decides no gate.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tuneform.errors import LocalError

PATIENCE = 30.0
"""Seconds, in real time, for all answers of one metric together."""

_PROGRAM = Path(__file__).with_name("pattern_process.py")
_HINT = "correct spec.gate.metrics.regex.pattern"


def matches(pattern: str, answers: Sequence[str], *, seconds: float = PATIENCE) -> list[bool]:
    """Which answers the pattern matches as a whole (`re.fullmatch`, no flags).

    Without answers it tells whether the pattern can be used.

    Raises:
        LocalError: the pattern is none, takes too long, or no process can be started.
    """
    # Isolated: no variable of the environment and no file beside it changes what it does.
    command = [sys.executable, "-I", "-S", "-W", "ignore", str(_PROGRAM)]
    request = json.dumps({"pattern": pattern, "answers": list(answers)}).encode()
    try:
        done = subprocess.run(  # noqa: S603 - our own program; what varies goes to its input
            command,
            input=request,
            capture_output=True,
            timeout=seconds,
            check=False,
            start_new_session=True,  # Ctrl-C is for us to deal with
        )
    except subprocess.TimeoutExpired:
        done = None  # The error below must not carry this one: it holds what was sent.
    except OSError as error:
        raise LocalError(
            f"regex needs a process of its own, and none can be started: {error.strerror}"
        ) from None
    if done is None:
        raise LocalError(
            f"matching the pattern of regex took more than {seconds:g} seconds",
            hint="write it without repetitions inside repetitions, such as (a+)+",
        )
    return _read(done)


def _read(done: subprocess.CompletedProcess[bytes]) -> list[bool]:
    if done.returncode != 0:
        raise LocalError(
            f"the process that matches the pattern of regex ended with {done.returncode}",
            hint=_HINT,
        )
    reply = json.loads(done.stdout)
    if "error" in reply:
        raise LocalError(f"the pattern of regex cannot be used: {reply['error']}", hint=_HINT)
    return [bool(each) for each in reply["matched"]]
