"""What a command was called with: the directory, the choices, and the environment as a value."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pwd import getpwuid

from tuneform.clock import Clock, SystemClock

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
    """

    root: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    environment: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    variable_files: tuple[Path, ...] = ()
    clock: Clock = field(default_factory=SystemClock)
    lock_timeout: float = 0.0
    tell: Callable[[str], None] = lambda _: None

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
        return self.root / ".tuneform"
