"""Which files hold manifests: those that `spec.manifests` names, and those in its folders.

Whatever cannot be looked into is an error, not an absence: a model whose manifest was not found
would be deleted.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import Final

from tuneform.dataset.files import Files, OutsideProject
from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.manifest.problems import Mistake
from tuneform.manifest.words import quoted, showable

SUFFIXES: Final = (".yaml", ".yml")
PROJECT_FILE: Final = "tuneform.yaml"

_UNUSABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(slots=True)
class Discovery:
    """Collects files, each once, links resolved.

    Attributes:
        files: of the project.
        found: path by name; names are relative to the project, with `/`.
        diagnostics: about what lies in the folders.
    """

    files: Files
    found: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def add(self, entry: str) -> int:
        """Add one file, or a folder with all that is below it.

        Args:
            entry: relative to the project.

        Returns:
            How many files the entry stands for, found before or not.

        Raises:
            Mistake: there is nothing usable at that path.
        """
        if entry == ".":
            return self._walk(str(self.files.root))
        try:
            path, seen = self.files.look(entry)
        except OutsideProject as error:
            detail = f"{quoted(entry)} {error.reason}; only files inside it can be used."
            hint = "move the manifests into the project"
            raise Mistake("outside-project", "outside the project", detail, hint) from None
        except (OSError, ValueError) as error:
            raise _unreachable(entry, error) from None
        if stat.S_ISDIR(seen.st_mode):
            return self._walk(path)
        if not stat.S_ISREG(seen.st_mode):
            detail = f"{quoted(entry)} is neither a file nor a folder."
            raise Mistake("not-a-file", "not a file", detail)
        if self._name(path) == PROJECT_FILE:
            detail = "tuneform.yaml is the project; it declares no models."
            hint = "name the files or folders with the models"
            raise Mistake("not-a-manifest", "not a manifest", detail, hint)
        return self._file(path)

    def _walk(self, top: str) -> int:
        """All manifests below a folder; hidden files and folders are skipped."""
        folders, walked, count = [top], {top}, 0
        while folders:
            for entry in self._entries(folders.pop()):
                path = self._target(entry) if entry.is_symlink() else entry.path
                if path is None:
                    continue
                if not entry.is_dir():
                    count += self._file(path) if entry.name.lower().endswith(SUFFIXES) else 0
                elif path not in walked:
                    walked.add(path)
                    folders.append(path)
        return count

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as scan:
                return [entry for entry in scan if not entry.name.startswith(".")]
        except OSError as error:
            self._tell(folder, "unreadable", "cannot be read", _reason(error))
            return []

    def _target(self, link: os.DirEntry[str]) -> str | None:
        """Where a link leads; None where that is nowhere or of no interest."""
        interesting = link.name.lower().endswith(SUFFIXES)
        try:
            path, seen = self.files.look(self._name(link.path))
        except OutsideProject as error:
            if interesting or link.is_dir():
                detail = f"The link {error.reason}; only files inside it can be used."
                self._tell(link.path, "outside-project", "outside the project", detail)
            return None
        except (OSError, ValueError) as error:
            if interesting:
                self._tell(link.path, "unreadable", "cannot be read", _reason(error))
            return None
        return path if interesting or stat.S_ISDIR(seen.st_mode) else None

    def _file(self, path: str) -> int:
        name = self._name(path)
        if name == PROJECT_FILE:
            return 0
        if _UNUSABLE.search(name):
            detail = "The file's name contains characters that cannot be shown or stored."
            self._tell(path, "unusable-name", "unusable file name", detail, "rename the file")
        else:
            self.found[name] = path
        return 1

    def _name(self, path: str) -> str:
        return path.removeprefix(str(self.files.root).rstrip("/") + "/")

    def _tell(self, path: str, code: str, summary: str, detail: str, hint: str = "") -> None:
        place = Place(showable(self._name(path)))
        self.diagnostics.append(Diagnostic(Severity.ERROR, code, summary, detail, place, hint=hint))


def _unreachable(entry: str, error: OSError | ValueError) -> Mistake:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        detail = f"There is no file or folder {quoted(entry)} in the project."
        hint = "create it, or correct the path"
        if "*" in entry or "?" in entry:
            hint = "name the folder: all *.yaml and *.yml files below it are read"
        return Mistake("missing-path", "missing path", detail, hint)
    return Mistake("unreadable", "cannot be read", f"{quoted(entry)}: {_reason(error)}")


def _reason(error: OSError | ValueError) -> str:
    """Why the system refuses, as a sentence."""
    said = error.strerror if isinstance(error, OSError) else None
    return f"The system says: {said or 'not a usable path'}."
