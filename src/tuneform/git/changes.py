"""Whether what lies in the work tree is what was committed.

It is asked without running anything that the repository chooses: see `_without_filters`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from tuneform.errors import LocalError
from tuneform.git.lfs import LARGEST_BYTES, read_pointer
from tuneform.git.objects import open_objects
from tuneform.git.program import Git

_OFF = ("clean=", "smudge=", "process=", "required=false")


@dataclass(frozen=True, slots=True)
class _Edited:
    """A file whose content in the work tree is not the one in the index."""

    path: str
    blob: str


def is_dirty(git: Git, prefix: str) -> bool:
    """Whether anything of the project is not as committed, or not known to git at all.

    Args:
        git: works at the top of the work tree.
        prefix: the project's folder; empty for the top itself.

    Raises:
        LocalError: git fails, or has a filter that cannot be switched off.
    """
    answer = git.ask(
        *("status", "--porcelain=v2", "-z", "--untracked-files=normal", "--no-renames"),
        *("--ignore-submodules=dirty", "--", prefix or "."),
        settings=_without_filters(git),
    )
    edited = [_edited(line) for line in answer.out.split(b"\0") if line]
    return bool(edited) and not _only_unpacked(git, edited)


def _edited(line: bytes) -> _Edited | None:
    """What a line of the status says; None for any change but that of a content.

    A line is `1 XY SUBMODULE MODE-HEAD MODE-INDEX MODE-FILE ID-HEAD ID-INDEX PATH`.
    """
    match line.split(b" ", 8):
        case [b"1", b".M", b"N...", _, index, file, _, blob, path] if index == file:
            return _Edited(os.fsdecode(path), blob.decode("ascii"))
        case _:
            return None


def _only_unpacked(git: Git, edited: list[_Edited | None]) -> bool:
    """Whether all that was edited is the very file that the pointer in git stands for.

    Without its filter, what Git LFS unpacked looks like a change as soon as git has to look at
    it, and in a fresh checkout it has to.
    """
    changes = [each for each in edited if each is not None]
    if len(changes) < len(edited):
        return False
    try:
        with open_objects(git) as objects:
            for each in changes:
                size, pieces = objects.content(each.blob)
                pointer = read_pointer(b"".join(pieces)) if size < LARGEST_BYTES else None
                if pointer is None or not pointer.leads_to(git.folder / each.path):
                    return False
    except LocalError:  # a partial clone: what cannot be compared counts as changed
        return False
    return True


def _without_filters(git: Git) -> tuple[str, ...]:
    """Settings that switch off every filter that is configured.

    A `.gitattributes` of the repository chooses among them, and `git status` would run the chosen
    one over each file that looks changed.
    """
    names = git.ask("config", "-z", "--name-only", "--get-regexp", r"^filter\.", fine=(0, 1))
    keys = [os.fsdecode(name) for name in names.out.split(b"\0") if name.count(b".") > 1]
    drivers = sorted({key.rpartition(".")[0] for key in keys})
    for driver in drivers:
        if "=" in driver:
            raise LocalError(
                f"the setting {driver!r} of git cannot be overruled: its name holds a `=`",
                hint="give the filter another name in the configuration of git",
            )
    return tuple(f"{driver}.{each}" for driver in drivers for each in _OFF)
