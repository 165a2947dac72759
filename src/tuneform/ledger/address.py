"""From the URL in `tuneform.yaml` to a ledger."""

from __future__ import annotations

from pathlib import Path

from tuneform.clock import Clock
from tuneform.errors import LocalError
from tuneform.ledger.base import Ledger
from tuneform.ledger.sqlite import SqliteLedger

_HINT = "Write `sqlite:///.tuneform/ledger.db`, or four slashes before an absolute path."


def open_ledger(url: str, root: Path, clock: Clock) -> Ledger:
    """The ledger that a URL names. Nothing is read or made yet.

    Args:
        url: `sqlite:///relative/path` or `sqlite:////absolute/path`.
        root: what relative paths start from: the project directory.
        clock: dates the entries.

    Raises:
        LocalError: this release knows no such ledger.
    """
    scheme, colon, rest = url.partition("://")
    if not colon or scheme != "sqlite":
        # Only the scheme is shown: what follows may hold a password.
        named = f"`{scheme}://…`" if colon else "no URL"
        raise LocalError(f"the ledger is {named}, and this release knows sqlite only", hint=_HINT)
    if not rest.startswith("/") or not rest.strip("/"):
        raise LocalError(f"the ledger `{url}` names no file", hint=_HINT)
    return SqliteLedger(root / rest[1:], clock)
