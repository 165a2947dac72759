"""Runs the practice service in the foreground."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from tuneform.errors import LocalError, Locked


def serve(  # noqa: PLR0913 (the options of the command)
    *,
    host: str,
    port: int,
    data: Path | None,
    api_key: str | None,
    step_seconds: float,
    faults: Path | None,
    on_ready: Callable[[str], None],
) -> None:
    """Serve until a signal ends it.

    Args:
        host: address to listen on.
        port: 0 picks a free one.
        data: the file that models are kept in; None forgets them at the end.
        api_key: the only key that is accepted; None accepts any that is not empty.
        step_seconds: how long each training step lasts.
        faults: the file that says what is to go wrong; None for nothing.
        on_ready: given the base URL once it listens.
    """
    try:
        from tuneform.service import (
            DataUnusable,
            FaultsUnusable,
            TrainerBusy,
            read_faults,
            server,
        )
    except ImportError as error:
        raise LocalError(
            f"the practice service needs {error.name}, which is not installed",
            hint="pip install 'tuneform[embedded]'",
        ) from error
    try:
        server.serve(
            host=host,
            port=port,
            data=data,
            api_key=api_key,
            step_seconds=step_seconds,
            faults=None if faults is None else read_faults(faults),
            on_ready=on_ready,
        )
    except FaultsUnusable as error:
        raise LocalError(
            str(error), hint="mend the file; docs/practice-service.md lists every effect"
        ) from error
    except TrainerBusy as error:
        raise Locked(str(error), hint="stop it, or give another --data") from error
    except DataUnusable as error:
        raise LocalError(str(error), hint="give another --data") from error
    except OSError as error:
        # A failed bind repeats the address in its text; the number behind it says enough.
        number = error.errno or 0
        cause = os.strerror(number) if number in errno.errorcode else error.strerror or error
        raise LocalError(
            f"cannot serve on {host}:{port}: {cause}",
            hint="choose another --port (0 picks a free one), or another --data",
        ) from error
