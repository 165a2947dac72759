"""Resource names: made of checked parts, and read only where every part is what it should be.

A name comes from a manifest, a label or a reply; none of them becomes a path as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tuneform.errors import InvalidRequest

JOBS = "tuningJobs"
MODELS = "models"
ENDPOINTS = "endpoints"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_PROJECT = re.compile(r"[a-z0-9](?:[a-z0-9.:-]{0,62}[a-z0-9])?")
_LOCATION = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")
_OPERATION = re.compile(r"(?:(?:tuningJobs|models|endpoints)/([^/]+)/)?operations/([^/]+)")


def is_project(text: str) -> bool:
    """Whether the text may be the id, or the number, of a cloud project."""
    return _PROJECT.fullmatch(text) is not None


def is_location(text: str) -> bool:
    """Whether the text may name a region, or `global`, `us` or `eu`. It becomes part of a host."""
    return _LOCATION.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, order=True)
class ModelRef:
    """A Model, or one version of it.

    Attributes:
        id: of the Model.
        version: its number or alias; None where the reference does not say.
    """

    id: str
    version: str | None = None

    def meets(self, other: ModelRef) -> bool:
        """Whether both may be the same version: a reference without one stands for any."""
        unknown = self.version is None or other.version is None
        return self.id == other.id and (unknown or self.version == other.version)

    def __str__(self) -> str:
        return f"{self.id}@{self.version}" if self.version else self.id


@dataclass(frozen=True, slots=True)
class Home:
    """The project and location that a provider works in, and nowhere else.

    The service may name a project by its number where we name it by its id. The two cannot be
    compared, so a number is taken for ours: the names that we send always bear our own word.

    Attributes:
        project: id or number.
        location: region, or `global`, `us`, `eu`.

    Raises:
        InvalidRequest: one of them is not what its kind allows.
    """

    project: str
    location: str

    def __post_init__(self) -> None:
        for what, text, good in (
            ("project", self.project, is_project(self.project)),
            ("location", self.location, is_location(self.location)),
        ):
            if not good:
                raise InvalidRequest(
                    f"provider.{what} in tuneform.yaml: {text!r} is not the name of a {what}",
                    hint=f"write the {what} alone, as the console of the service shows it",
                )

    @property
    def path(self) -> str:
        """What every name here begins with, without a slash at the end."""
        return f"projects/{self.project}/locations/{self.location}"

    def name(self, collection: str, identity: str) -> str:
        """The full name of a resource.

        Raises:
            InvalidRequest: the id could not be one, and must not become a path.
        """
        head, _, version = identity.partition("@")
        good = _ID.fullmatch(head) and (not version or _ID.fullmatch(version))
        if not good or (version and collection != MODELS):
            raise InvalidRequest(f"{identity!r} is not the id of anything under {collection}")
        return f"{self.path}/{collection}/{identity}"

    def model(self, ref: ModelRef) -> str:
        """The full name of a Model, or of a version of it."""
        return self.name(MODELS, str(ref))

    def id_in(self, collection: str, name: str | None) -> str | None:
        """The id of a resource of this project and location; None where it is none of them."""
        rest = self._below(name)
        kind, slash, identity = (rest or "").partition("/")
        return identity if slash and kind == collection and _ID.fullmatch(identity) else None

    def model_in(self, name: str | None) -> ModelRef | None:
        """The Model that a name of this project and location stands for."""
        head, at, version = (name or "").partition("@")
        identity = self.id_in(MODELS, head)
        if identity is None or (at and not _ID.fullmatch(version)):
            return None
        return ModelRef(identity, version or None)

    def operation_in(self, name: str) -> str | None:
        """The full name of a long-running operation, in our words; None where it is not ours."""
        rest = self._below(name)
        match = _OPERATION.fullmatch(rest or "")
        parts = [part for part in match.groups() if part is not None] if match else []
        good = bool(parts) and all(_ID.fullmatch(part) for part in parts)
        return f"{self.path}/{rest}" if good else None

    def _below(self, name: str | None) -> str | None:
        """What follows project and location in a name; None where they are others."""
        parts = (name or "").split("/", 4)
        match parts:
            case ["projects", project, "locations", self.location, rest] if self._same(project):
                return rest
            case _:
                return None

    def _same(self, project: str) -> bool:
        numbers = project.isascii() and project.isdigit(), self.project.isdigit()
        return project == self.project or (is_project(project) and numbers == (True, False))
