"""Commands in a process of their own: signals, pipes that close, terminals.

Waits are bounded, and end as soon as what is waited for has come.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.cli.project import BARE_ENVIRONMENT

PATIENCE = 600.0
"""Seconds before a test gives up; nothing lasts so long, on a slow and busy machine either."""

# Whoever runs the suite in the background may have it ignore Ctrl-C; children inherit that.
_LISTEN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
TUNEFORM = (sys.executable, "-c", f"{_LISTEN}; import tuneform.__main__")
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def plain(text: str) -> str:
    """Text as it is read, without what moves and paints."""
    return _SEQUENCE.sub("", text)


class Process:
    """A command under way whose streams are pipes."""

    def __init__(self, *arguments: object, folder: Path, environ: Mapping[str, str]) -> None:
        self._told = b""
        self.process = subprocess.Popen(
            [*TUNEFORM, *map(str, arguments)],
            cwd=folder,
            env={**BARE_ENVIRONMENT, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def await_error(self, words: str) -> None:
        """Read stderr until these words have come."""
        stream = self.process.stderr
        assert stream is not None
        while words not in self._told.decode():
            ready, _, _ = select.select([stream], [], [], PATIENCE)
            piece = os.read(stream.fileno(), 65536) if ready else b""
            assert piece, f"{words!r} never came:\n{self._told.decode()}"
            self._told += piece

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Send a signal to the process alone."""
        self.process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        """Wait for the end: exit code, stdout, stderr."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out.decode(), (self._told + err).decode()


class Terminal:
    """A command under way at a terminal of its own."""

    def __init__(
        self,
        *arguments: object,
        folder: Path,
        environ: Mapping[str, str],
        columns: int = 80,
    ) -> None:
        self._seen = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            [*TUNEFORM, *map(str, arguments)],
            cwd=folder,
            env={**BARE_ENVIRONMENT, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environ},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    @property
    def seen(self) -> str:
        """All that was ever written, sequences included."""
        return self._seen.decode(errors="replace")

    def await_text(self, words: str) -> None:
        """Read until these words have come."""
        while words not in plain(self.seen):
            assert self._read(), f"{words!r} never came:\n{self.seen}"

    def type(self, text: str) -> None:
        """What a person types; a line ends with a line feed."""
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            pass
        return self.process.wait(timeout=PATIENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], PATIENCE)
        try:
            piece = os.read(self._master, 65536) if ready else b""
        except OSError:  # how a terminal says that nobody is left at the other end
            piece = b""
        self._seen += piece
        return bool(piece)
