"""What a command was called with: the directory, the choices, and the environment as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
    """

    root: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    environment: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    variable_files: tuple[Path, ...] = ()
    clock: Clock = field(default_factory=SystemClock)

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
    def own_folder(self) -> Path:
        """What may be deleted at any time: ledger, lock and caches."""
        return self.root / ".tuneform"
