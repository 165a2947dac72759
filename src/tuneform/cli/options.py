"""The options that every command has, said once."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tuneform.app.invocation import Invocation
from tuneform.cli.screen import Screen
from tuneform.cli.values import duration
from tuneform.errors import LocalError, UsageError


class TextOrJson(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Common:
    """What every command was given.

    Attributes:
        screen: where it writes.
        invocation: what use cases are called with.
        json: whether results are printed as JSON.
    """

    screen: Screen
    invocation: Invocation
    json: bool


_PROJECT = Annotated[
    Path, typer.Option("--project", help="The directory with tuneform.yaml.", metavar="DIR")
]
_ENV = Annotated[
    str | None,
    typer.Option("--env", help="Environment of the project; else TUNEFORM_ENV.", metavar="NAME"),
]
_VAR = Annotated[
    list[str] | None,
    typer.Option("--var", help="Set a variable; may be repeated.", metavar="NAME=VALUE"),
]
_VAR_FILE = Annotated[
    list[Path] | None,
    typer.Option("--var-file", help="Variables from a YAML or JSON file.", metavar="FILE"),
]
_FORMAT = Annotated[TextOrJson, typer.Option("--format", help="How results are printed.")]
_NO_COLOR = Annotated[bool, typer.Option("--no-color", help="No colour; NO_COLOR does the same.")]
_VERBOSE = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show requests, without their bodies.")
]

_COMMON = (
    ("project", _PROJECT, Path()),
    ("env", _ENV, None),
    ("var", _VAR, None),
    ("var_file", _VAR_FILE, None),
    ("format_", _FORMAT, TextOrJson.TEXT),
    ("no_color", _NO_COLOR, False),
    ("verbose", _VERBOSE, False),
)

_LOCKING = (
    (
        "lock_timeout",
        Annotated[
            str,
            typer.Option(
                "--lock-timeout",
                metavar="TIME",
                help="Wait so long for another run that writes for this owner, such as 30s or 10m.",
            ),
        ],
        "0s",
    ),
)


def or_help(context: typer.Context) -> None:
    """Show the help of a group where none of its commands is named."""
    if context.invoked_subcommand is None:
        screen: Screen = context.obj
        screen.note(context.get_help())
        raise typer.Exit(UsageError.exit_code)


def with_common(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command the common options; it receives them as one `Common`, its first argument.

    A command that declares a common option itself, with other choices or another default,
    keeps its own.
    """
    return _with(function, _COMMON)


def with_lock(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """The same for a command that writes, and may have to wait for another one that does."""
    return _with(function, (*_LOCKING, *_COMMON))


def _with(
    function: Callable[..., int | None], options: tuple[tuple[str, Any, Any], ...]
) -> Callable[..., int | None]:
    signature = inspect.signature(function, eval_str=True)
    _, *own = signature.parameters.values()
    names = {parameter.name for parameter in own}
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, kind, default in options
        if name not in names
    ]
    context = inspect.Parameter(
        "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )

    @functools.wraps(function)
    def command(context: typer.Context, **chosen: Any) -> int | None:
        given = {name: chosen.get(name, default) for name, _, default in options}
        mine = {name: value for name, value in chosen.items() if name in names}
        return function(_common(context.obj, given), **mine)

    parameters = [
        context,
        *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own),
        *shared,
    ]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # how inspect is told
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _common(screen: Screen, given: dict[str, Any]) -> Common:
    import os

    json = given["format_"] == TextOrJson.JSON
    screen.configure(colour=not given["no_color"], json=json)
    _log(screen, os.environ.get("TUNEFORM_LOG"), verbose=given["verbose"])
    root: Path = given["project"]
    if not root.is_dir():
        raise UsageError(
            f"--project: there is no directory {str(root)!r}",
            hint="name the directory that holds tuneform.yaml",
        )
    invocation = Invocation(
        root=root.absolute(),
        environ=dict(os.environ),
        environment=given["env"],
        variables=_pairs(given["var"] or []),
        variable_files=tuple(given["var_file"] or ()),
        lock_timeout=duration(given.get("lock_timeout"), "--lock-timeout") or 0.0,
        tell=lambda text: screen.note(screen.err_look.clean(text)),
        protect=screen.protect,
    )
    invocation.check_own_folder()
    if given["format_"] == "github":
        screen.annotate(lambda: folder_of(invocation))
    if given["format_"] == "jsonl":
        screen.follow(invocation.clock.now)
    return Common(screen, invocation, json)


def folder_of(invocation: Invocation) -> str:
    """The project directory relative to its repository, for who shows files of the repository."""
    from tuneform.app.history import folder_in_repository

    return folder_in_repository(invocation)


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            # What was given may be the value of a secret that lost its name: it is not repeated.
            raise UsageError(
                "--var takes NAME=VALUE, and one was given without a name or without `=`",
                hint="such as --var stage=prod",
            )
        pairs[name] = value
    return pairs


def _log(screen: Screen, file: str | None, *, verbose: bool) -> None:
    """Send the log of requests to stderr, to a file, or nowhere."""
    logger = logging.getLogger("tuneform")
    logger.propagate = False
    for handler in tuple(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    handlers: list[logging.Handler] = []
    if verbose:
        handlers.append(logging.StreamHandler(screen.err))
    if file:
        try:
            handlers.append(logging.FileHandler(file, encoding="utf-8"))
        except OSError as error:
            raise LocalError(
                f"TUNEFORM_LOG: {file!r} cannot be written: {error.strerror}",
                hint="name a file in a folder that exists and may be written",
            ) from error
    for handler in handlers or [logging.NullHandler()]:
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if verbose or file else logging.WARNING)
