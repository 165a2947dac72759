"""What the document says of the Vertex dialect is what the code does."""

import re
from pathlib import Path

import pytest

from tuneform.service.vertex import bases, checks, datasets, routes, tuning
from tuneform.service.vertex import drafts as vertex_drafts

DOCUMENT = (Path(__file__).parents[3] / "docs" / "practice-service.md").read_text()


@pytest.mark.parametrize("base", bases.TUNABLE)
def test_every_tunable_base_is_named(base):
    assert base.removeprefix("gemini") in DOCUMENT


@pytest.mark.parametrize(
    "number",
    [
        *(checks.MAX_LABELS, checks.MAX_LABEL, checks.MAX_DISPLAY_NAME, datasets.MAX_TOKENS),
        *(datasets.MAX_LINE, vertex_drafts.MAX_EPOCHS, tuning.MAX_CHECKPOINTS),
    ],
)
def test_the_numbers_are_those_of_the_code(number):
    assert f"{number:,}" in DOCUMENT


def test_every_verb_is_listed():
    table = Path(routes.__code__.co_filename).read_text()
    verbs = re.findall(r"\}:(\w+)\"", table)
    assert len(verbs) > 10
    assert [verb for verb in verbs if verb not in DOCUMENT] == []
