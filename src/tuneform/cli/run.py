"""Runs one command, and turns whatever ends it into a message and an exit code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import typer

from tuneform.cli.commands import app
from tuneform.cli.screen import Screen
from tuneform.errors import LocalError, TuneformError, UsageError

INTERRUPTED = 130
BUG = 1


def run(arguments: Sequence[str]) -> int:
    """Run one command line, without the program's name, and return the exit code."""
    screen = Screen(os.environ)
    try:
        return _invoke(list(arguments), screen)
    except TuneformError as error:
        screen.error(error)
        return error.exit_code
    except OSError as error:
        screen.settle()
        place = f"{error.filename}: " if error.filename else ""
        cause = error.strerror or type(error).__name__
        failure = LocalError(f"{place}{cause}", hint="check the disk, the path and its permissions")
        screen.error(failure)
        return failure.exit_code
    except (typer.Abort, KeyboardInterrupt):
        screen.note("Interrupted.")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the last resort: a bug says that it is a bug
        screen.bug(error)
        return BUG


def _invoke(arguments: list[str], screen: Screen) -> int:
    try:
        code = app(arguments, prog_name="tuneform", standalone_mode=False, obj=screen)
    except typer.TyperException as error:
        raise _usage(error) from error
    return code if isinstance(code, int) else 0


def _usage(error: typer.TyperException) -> UsageError:
    """What the parser of options found, with the help page that would have told."""
    message = error.format_message().replace(": Value error, ", ": ")
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context else "tuneform"
    if context and context.parent is None and hasattr(error, "option_name"):
        hint = "options stand after the command: `tuneform plan --project DIR`"
    else:
        hint = f"`{command} --help` shows what there is"
    return UsageError(message, hint=hint)
