"""Where answers come from: a place that can be asked, and knows nothing of runs and steps.

Questions are plain SQL that SQLite and PostgreSQL understand alike, so that a plan, which only
asks, need not load SQLAlchemy for a local file. Whatever writes goes through SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeAlias

from tuneform.errors import LocalError

VERSION: Final = 4
"""Of the tables. A change of them raises it, and `migrations.py` carries older ledgers over."""

OLDEST: Final = 2
"""The oldest version that is carried over, and of which the questions of a plan can be asked."""

Row: TypeAlias = tuple[Any, ...]
Values: TypeAlias = Mapping[str, str | int | None]
"""What a question puts in place of `:name`."""


class Source(Protocol):
    """A place that can be asked. All methods may be called by any thread."""

    def ask(self, question: str, values: Values, *, needs: int = OLDEST) -> list[Row] | None:
        """The rows of an answer; None where nothing was ever written. Nothing is written or made.

        Args:
            question: SQL with `:name` for values.
            values: by name.
            needs: the version of the tables that first had what is asked for.

        Raises:
            LocalError: it cannot be read, or has a version that this release does not know.
        """
        ...

    def close(self) -> None:
        """Let go of it. Asking again opens it again."""
        ...


def check_readable(name: str, version: int, needs: int, remedy: str) -> None:
    """Refuse a version whose tables cannot be asked.

    Args:
        name: of the ledger, for people.
        version: of its tables.
        needs: the oldest that can answer.
        remedy: what to do about one that is too old to be carried over.

    Raises:
        LocalError: it is too new, too old, or lacks what is asked for.
    """
    check_known(name, version, remedy)
    if version < needs:
        raise LocalError(
            f"{name}: the ledger has version {version}, and this question needs version {needs}",
            hint="The next command that writes, such as `tuneform apply`, carries it over.",
        )


def check_known(name: str, version: int, remedy: str) -> None:
    """Refuse a version that this release neither has nor carries over.

    Raises:
        LocalError: says which it is, and what to do.
    """
    if OLDEST <= version <= VERSION:
        return
    newer = "Use the release that wrote it, or set TUNEFORM_LEDGER to another place."
    raise LocalError(
        f"{name}: the ledger has version {version}, and this release knows version {VERSION}",
        hint=newer if version > VERSION else remedy,
    )
