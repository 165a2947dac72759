"""The two streams: results to stdout, everything else to stderr; secrets to neither."""

from __future__ import annotations

import io
import json
import os
import re
import select
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TextIO

from tuneform.domain.diagnostic import Diagnostic
from tuneform.errors import InvalidProject, LocalError, TuneformError
from tuneform.render import json_text, plain
from tuneform.render.look import Look

DEFAULT_WIDTH = 100
"""Columns, where no terminal tells."""


_HEARING_SECONDS = 0.2


def _ascii(text: str) -> str:
    """JSON beyond ASCII has only the inside of strings there, where escapes say the same."""
    return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)


class Screen:
    """Where a command writes.

    Args:
        environ: the process's environment variables (NO_COLOR, TERM, COLUMNS).
        out, err: the streams.
    """

    def __init__(
        self, environ: Mapping[str, str], out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        self._environ = environ
        # Whoever closed a stream before we began wants to hear nothing from it.
        self._out = out or sys.stdout or io.StringIO()
        self.err = err or sys.stderr or io.StringIO()
        self._json = False
        self._answered = False
        self._github: Callable[[], str] | None = None
        self._now: Callable[[], datetime] | None = None
        self.look = self._make_look(self._out)
        self.err_look = self._make_look(self.err)

    def configure(self, *, colour: bool, json: bool) -> None:
        """Take over what the options of a command say."""
        self._json = json
        if not colour:
            self.look = replace(self.look, colour=False)
            self.err_look = replace(self.err_look, colour=False)

    def annotate(self, folder: Callable[[], str]) -> None:
        """Tell errors as annotations too, for a job on GitHub.

        Args:
            folder: tells the project directory relative to the repository.
        """
        self._github = folder

    def follow(self, now: Callable[[], datetime]) -> None:
        """Tell errors as JSON lines too, for a program that follows a run.

        Args:
            now: the time of an event.
        """
        self._now = now

    def protect(self, secrets: Iterable[str]) -> None:
        """Redact these values from now on, beside those that are redacted already."""
        known = tuple(dict.fromkeys((*self.look.secrets, *secrets)))
        self.look = replace(self.look, secrets=known)
        self.err_look = replace(self.err_look, secrets=known)

    @property
    def converses(self) -> bool:
        """Whether somebody can be asked."""
        return sys.stdin is not None and sys.stdin.isatty() and self.err.isatty()

    @property
    def animates(self) -> bool:
        """Whether progress can be drawn in place."""
        return self.err.isatty() and self._environ.get("TERM", "") not in ("", "dumb")

    def result(self, text: str) -> None:
        """What the command was asked for, as rendered text.

        Raises:
            LocalError: it cannot be written.
        """
        try:
            self._write(self._out, text)
        except UnicodeEncodeError as error:
            raise LocalError(
                f"the result has characters that the encoding {self._out.encoding} cannot carry",
                hint="set a UTF-8 locale, such as LC_ALL=C.UTF-8, or use --format json",
            ) from error
        except OSError as error:
            self._out = io.StringIO()
            raise LocalError(
                f"the result cannot be written: {error.strerror}",
                hint="name another place for standard output",
            ) from error

    def json(self, value: plain.JsonValue) -> None:
        """What the command was asked for, as a document."""
        text = json_text.json_text(plain.redact_json(value, self.look.secrets))
        self._answered = True
        self.result(text if self.look.unicode else _ascii(text))

    def line(self, value: plain.JsonValue) -> None:
        """One event of a run, as a document on a line of its own."""
        from tuneform.render.events import json_line

        text = json_line(plain.redact_json(value, self.look.secrets))
        self.result(text if self.look.unicode else _ascii(text))

    def note(self, text: str) -> None:
        """Anything else, as rendered text. It stops nothing where it cannot be written."""
        with suppress(OSError):
            self._write(self.err, text)

    def ask(self, question: str) -> str:
        """Ask, and return the answer without its line end."""
        self.err.write(f"{question} ")
        self.err.flush()
        # A signal may be delivered to another thread, and then it ends no read here. Nobody waits
        # longer than this for Ctrl-C to be heard.
        while not select.select([sys.stdin], [], [], _HEARING_SECONDS)[0]:
            pass
        return sys.stdin.readline().strip()

    def warnings(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Diagnostics that do not stop the command."""
        from tuneform.render.diagnostics import diagnostics_text

        found = tuple(diagnostics)
        if found:
            self.note(diagnostics_text(found, self.err_look) + "\n")

    def error(self, error: TuneformError) -> None:
        """What stopped the command; as JSON too, where a program waits for an answer on stdout."""
        from tuneform.render import diagnostics as render

        if isinstance(error, InvalidProject):
            self.protect(error.secrets)
            self.note(render.diagnostics_text(self.diagnostics_of(error), self.err_look))
        else:
            self.note(render.error_text(error, self.err_look))
        if self._json and not self._answered:
            self.json(render.error_json(error))
        if self._now is not None:
            from tuneform.render.events import error_event

            self.line(error_event(error, self._now()))
        if self._github is not None:
            from tuneform.render.annotations import error_annotations

            secrets = self.err_look.secrets
            told = error_annotations(error, folder=self._github(), secrets=secrets)
            self._github = None
            self.result(told)

    @staticmethod
    def diagnostics_of(error: InvalidProject) -> list[Diagnostic]:
        """What the error carries; `errors` stands below the domain and cannot say so itself."""
        return [each for each in error.diagnostics if isinstance(each, Diagnostic)]

    def bug(self, error: Exception) -> None:
        """A mistake of ours. The traceback is shown only where somebody asked for it."""
        from tuneform.app.wiring import keys_in

        # Nobody foresaw this text: what it may hold is guarded against here once more.
        secrets = (*self.err_look.secrets, *keys_in(self._environ))
        look = replace(self.err_look, secrets=secrets)
        kind = type(error).__name__
        self.note(f"error: this is a bug in tuneform: {kind}: {look.clean(str(error))}")
        self.note("hint: please report it with the output of TUNEFORM_TRACEBACK=1")
        if self._environ.get("TUNEFORM_TRACEBACK"):
            lines = "".join(traceback.format_exception(error)).split("\n")
            self.note("\n".join(map(look.clean, lines)))

    def settle(self) -> None:
        """Leave nothing behind that would fail again when the process ends; help is such a text."""
        with suppress(OSError):
            self._write(self._out, "")

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        """Write a text and let it out. After a failure the stream leads nowhere."""
        try:
            stream.write(text if text.endswith("\n") or not text else f"{text}\n")
            stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            # Whoever read has seen enough. The work goes on, and its exit code is what counts.
            if not isinstance(error, BrokenPipeError):
                raise

    def _make_look(self, stream: TextIO) -> Look:
        terminal = stream.isatty()
        fallback = (DEFAULT_WIDTH, 24)
        width = int(columns) if (columns := self._environ.get("COLUMNS", "")).isdigit() else 0
        if not width:
            width = os.get_terminal_size(stream.fileno()).columns if terminal else fallback[0]
        return Look(
            width=width or fallback[0],
            colour=terminal
            and not self._environ.get("NO_COLOR")
            and self._environ.get("TERM") != "dumb",
            unicode="utf" in (stream.encoding or "").lower(),
        )
