"""Where a file of the project is in its repository: what tools outside of the project go by."""

from __future__ import annotations

import posixpath


def in_repository(file: str, folder: str = "") -> str:
    """A path relative to the repository.

    Args:
        file: path relative to the project directory, with `/`.
        folder: the project directory, relative to the repository, with `/`; empty is the
            repository itself.
    """
    return posixpath.normpath(posixpath.join(folder, file))
