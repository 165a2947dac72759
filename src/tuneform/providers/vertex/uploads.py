"""What the provider needs of a place for datasets. How it is done there, `storage` knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tuneform.providers.base import Example


@dataclass(frozen=True, slots=True)
class Upload:
    """A dataset that was uploaded.

    Attributes:
        url: `gs://BUCKET/NAME`.
        owner: who uploaded it first.
        created: when, with time zone; None where the service does not say.
    """

    url: str
    owner: str
    created: datetime | None = None


class Uploads(Protocol):
    """The folder that datasets of a project are uploaded to."""

    def put(self, digest: str, examples: Iterable[Example], owner: str) -> str:
        """Upload a dataset, unless it is there already, and return its `gs://` URL."""
        ...

    def of(self, owner: str) -> Iterable[Upload]:
        """All datasets that this owner uploaded."""
        ...

    def remove(self, url: str) -> None:
        """Delete one. What is not there is success."""
        ...
