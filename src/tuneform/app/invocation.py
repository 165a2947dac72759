"""What a command was called with: the directory, the choices, and the environment as a value."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pwd import getpwuid

from tuneform.clock import Clock, SystemClock
from tuneform.dataset.files import OutsideProject, inside
from tuneform.errors import LocalError

OWN_FOLDER = ".tuneform"
VARIABLE_PREFIX = "TUNEFORM_VAR_"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of a command.

    Attributes:
        root: the project directory.
        environ: the process's environment variables; nothing below reads them by itself.
        environment: the chosen environment of the project, else None.
        variables: from `--var NAME=VALUE`.
        variable_files: from `--var-file FILE`.
        clock: the time.
        lock_timeout: seconds to wait for another run of the owner; 0 gives up at once.
        tell: is told in a sentence why a command waits before it begins.
        protect: is told the values of sensitive variables as soon as they are known, before
            anything can fail that might quote one.
    """

    root: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    environment: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    variable_files: tuple[Path, ...] = ()
    clock: Clock = field(default_factory=SystemClock)
    lock_timeout: float = 0.0
    tell: Callable[[str], None] = lambda _: None
    protect: Callable[[Iterable[str]], None] = field(default=lambda _: None, repr=False)

    @property
    def chosen_environment(self) -> str | None:
        """From `--env`, else from TUNEFORM_ENV."""
        return self.environment or self.environ.get("TUNEFORM_ENV") or None

    @property
    def environ_variables(self) -> dict[str, str]:
        """From TUNEFORM_VAR_NAME."""
        return {
            name.removeprefix(VARIABLE_PREFIX): value
            for name, value in self.environ.items()
            if name.startswith(VARIABLE_PREFIX)
        }

    @property
    def user(self) -> str:
        """Who calls, as the environment or the operating system names the user; may be empty."""
        try:
            named = (self.environ.get(name) for name in ("LOGNAME", "USER"))
            return next(filter(None, named), None) or getpwuid(os.getuid()).pw_name
        except KeyError:  # a container may run as a user that nobody has named
            return ""

    @property
    def own_folder(self) -> Path:
        """What may be deleted at any time: ledger, lock and caches."""
        return self.root / OWN_FOLDER

    def folder_inside(self, relative: str) -> Path:
        """A folder of the project that is about to be written to, without links.

        Raises:
            LocalError: a link in it leads out. A branch can hold links, and whoever looks at the
                branch must not write elsewhere.
        """
        try:
            return inside(self.root, relative)
        except OutsideProject as error:
            raise LocalError(
                f"{relative} {error.reason}", hint="put a folder in the place of the link"
            ) from error

    def check_own_folder(self) -> None:
        """Make sure that what we write for ourselves stays in the project.

        Raises:
            LocalError: a link leads out.
        """
        if os.path.lexists(self.own_folder):
            for each in ("", "/cache", "/locks", "/ledger.db"):
                self.folder_inside(f"{OWN_FOLDER}{each}")
