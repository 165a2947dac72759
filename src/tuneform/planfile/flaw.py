"""What is wrong with a plan document, and where."""

from __future__ import annotations


class Flaw(Exception):
    """A part of a document is not what it must be.

    Args:
        path: where, such as `changes[3].steps[0].do`; empty where the document itself is meant.
        why: a clause that goes on after the path.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}" if path else why)
        self.path = path
        self.why = why
