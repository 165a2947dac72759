"""What a request of the Vertex dialect is about, for faults: by name, as its caller knows it."""

import re
from collections.abc import Callable

from tuneform.service.errors import ApiError
from tuneform.service.subject import NOBODY, Subject
from tuneform.service.vertex.ground import Ground
from tuneform.service.vertex.rows import Rows
from tuneform.service.vertex.subjects import subject, subject_of
from tuneform.service.wire import parse

_ONE = re.compile(
    r"projects/(?P<project>[^/:]+)/locations/(?P<location>[^/:]+)"
    r"/(?P<kind>tuningJobs|models|endpoints)/(?P<id>[^/:@]+)"
)
_ALL = re.compile(
    r"projects/[^/:]+/locations/[^/:]+/(?P<kind>tuningJobs|models|endpoints)", re.ASCII
)


class Naming:
    """Looks at a request before it is carried out."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def __call__(self, method: str, path: str, body: Callable[[], bytes]) -> Subject:
        """What is meant: the thing in the path, or the one that a create asks for."""
        one = _ONE.match(path)
        if one is not None:
            return self._existing(one)
        everything = _ALL.fullmatch(path)
        if everything is None or method != "POST":
            return NOBODY
        return _asked_for(everything["kind"], body())

    def _existing(self, match: re.Match[str]) -> Subject:
        home = self._ground.names.home(match["project"], match["location"])
        with self._ground.store.reading() as tables:
            row = Rows(tables).get(match["kind"], home.name(match["kind"], match["id"]))
        if row is None:
            return subject(match["kind"], match["id"], "", {})
        return subject_of(match["kind"], row.resource)


def _asked_for(kind: str, body: bytes) -> Subject:
    try:
        wanted = parse(body)
    except ApiError:
        return NOBODY
    if not isinstance(wanted, dict):
        return NOBODY
    spellings = ("tunedModelDisplayName", "tuned_model_display_name", "displayName", "display_name")
    display_name = next((wanted[key] for key in spellings if key in wanted), "")
    labels = wanted.get("labels")
    labels = labels if isinstance(labels, dict) else {}
    named = {str(key): str(value) for key, value in labels.items()}
    return subject(kind, "", str(display_name), named)
