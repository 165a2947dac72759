"""Resource names of the Vertex dialect: where a collection is, and what a name points at.

Every id is assigned here: 19 digits, drawn at random. Pure, but for the draw.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass

from tuneform.service.errors import ApiError, invalid, invalid_field

_DIGITS = 19

_NAME = re.compile(
    r"projects/(?P<project>[^/:@]+)/locations/(?P<location>[^/:@]+)"
    r"/(?P<kind>models|endpoints|tuningJobs)/(?P<id>[^/:@]+)(?:@(?P<version>[^/:@]+))?"
)


def draw_id() -> str:
    """Another id that nobody has."""
    least = 10 ** (_DIGITS - 1)
    return str(least + secrets.randbelow(9 * least))


def project_number(project: str) -> str:
    """The number of a project: always the same one for an id, and a number is its own."""
    if project.isascii() and project.isdecimal():
        return project
    digest = hashlib.sha256(project.encode("utf-8", "replace")).digest()
    return str(10**11 + int.from_bytes(digest[:8], "big") % (9 * 10**11))


@dataclass(frozen=True, slots=True)
class Home:
    """A project's location, under which everything is."""

    project: str
    location: str

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"

    def name(self, kind: str, resource_id: str) -> str:
        """The name of something here."""
        return f"{self}/{kind}/{resource_id}"


@dataclass(frozen=True, slots=True)
class Name:
    """A name that was understood."""

    home: Home
    kind: str
    id: str
    version: str
    """Of a model: a number, an alias or `-`; empty where the name does not say."""

    def __str__(self) -> str:
        return self.home.name(self.kind, self.id)


class Names:
    """Reads names the way this service writes them: with the project's id, or its number."""

    def __init__(self, *, numbers: bool) -> None:
        self._numbers = numbers

    def home(self, project: str, location: str) -> Home:
        """Where a request asks."""
        return Home(project_number(project) if self._numbers else project, location)

    def read(self, text: str, kind: str, field: str) -> Name:
        """A name in a request.

        Args:
            text: the name.
            kind: the collection that it must be of.
            field: where it was found, for the error.

        Raises:
            ApiError: 400, it is no such name.
        """
        match = _NAME.fullmatch(text)
        if match is None or match["kind"] != kind:
            raise invalid_field(
                field, f"must look like projects/PROJECT/locations/LOCATION/{kind}/ID"
            )
        home = self.home(match["project"], match["location"])
        return Name(home, kind, match["id"], match["version"] or "")


def malformed_model(name: str) -> ApiError:
    """400 as reported for inference on a Model (googleapis/python-genai#1679)."""
    return invalid(
        f"The Model name {name} is malformed and it should be in form of "
        "projects/{project}/locations/{location}/publishers/google/models/{model}"
    )
