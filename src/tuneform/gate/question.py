"""What a version is asked, and what is expected of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """One evaluation example. It holds example text, and is kept nowhere.

    Attributes:
        place: file, relative to the project, and number of the example in it, from 1.
        text_input: as it is asked, with the preamble in front.
        expected: the output of the example.
    """

    place: str
    text_input: str
    expected: str
