"""Lines of datasets, and buckets in memory that hold them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


def line(text: str, output: str, **more: Any) -> dict[str, Any]:
    """One example."""
    user, model = (
        {"role": r, "parts": [{"text": t}]} for r, t in (("user", text), ("model", output))
    )
    return more | {"contents": [user, model]}


@dataclass
class Held:
    """One object."""

    data: bytes

    def chunks(self) -> Iterator[bytes]:
        yield self.data


class Shelf:
    """Buckets in memory."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Held] = {}

    def get(self, bucket: str, name: str) -> Held | None:
        return self.held.get((bucket, name))
