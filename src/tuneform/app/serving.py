"""Runs the practice service in the foreground."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from tuneform.errors import LocalError, Locked


def serve(
    *,
    host: str,
    port: int,
    data: Path | None,
    api_key: str | None,
    step_seconds: float,
    on_ready: Callable[[str], None],
) -> None:
    """Serve until a signal ends it.

    Args:
        host: address to listen on.
        port: 0 picks a free one.
        data: the file that models are kept in; None forgets them at the end.
        api_key: the only key that is accepted; None accepts any that is not empty.
        step_seconds: how long each training step lasts.
        on_ready: given the base URL once it listens.
    """
    try:
        from tuneform.service import DataUnusable, TrainerBusy, server
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
            on_ready=on_ready,
        )
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
