"""What is sent is what was planned, or nothing."""

import pytest

from tuneform.dataset.examples import each_example, read_examples
from tuneform.domain.capabilities import Limits
from tuneform.domain.spec import DatasetRef
from tuneform.errors import InvalidProject, Stale

REF = DatasetRef("x.jsonl", "jsonl", preamble="p ")
ROWS = [("a", "b"), ("c", "d"), ("a", "b")]
SENT = [("p a", "b"), ("p c", "d"), ("p a", "b")]


@pytest.fixture
def digest(project):
    project.write_rows("x.jsonl", ROWS)
    return project.check("x.jsonl", preamble="p ").facts.digest


def test_examples_are_read_as_they_are_sent(project, digest):
    assert read_examples(project.root, REF, digest, Limits()) == SENT
    assert list(each_example(project.root, REF, Limits())) == SENT


def test_another_order_is_the_same_dataset(project, digest):
    project.write_rows("x.jsonl", ROWS[::-1])
    assert read_examples(project.root, REF, digest, Limits()) == SENT[::-1]


@pytest.mark.parametrize(
    "content",
    [
        '{"text_input": "a", "output": "b"}\n',
        '{"text_input": "a", "output": "b"}\n' * 2 + '{"text_input": "c", "output": "D"}\n',
        '{"text_input": "a", "output": "b"}\noops\n',
        "",
    ],
)
def test_another_content_is_stale(project, digest, content):
    project.write("x.jsonl", content)
    with pytest.raises(Stale, match=r"x\.jsonl is not what it was"):
        read_examples(project.root, REF, digest, Limits())


def test_another_preamble_is_stale(project, digest):
    with pytest.raises(Stale):
        read_examples(project.root, DatasetRef("x.jsonl", "jsonl"), digest, Limits())


def test_a_file_that_is_gone_is_stale(project, digest):
    (project.root / "x.jsonl").unlink()
    with pytest.raises(Stale, match="There is no such file"):
        read_examples(project.root, REF, digest, Limits())


def test_a_file_that_grew_beyond_the_limit_is_stale(project, digest):
    with pytest.raises(Stale, match="the limit is 10"):
        read_examples(project.root, REF, digest, Limits(dataset_bytes=10))


def test_one_by_one_a_mistake_is_an_invalid_project(project):
    project.write("x.jsonl", '{"text_input": "a", "output": "b"}\noops\n')
    reading = each_example(project.root, REF, Limits())
    assert next(reading) == ("p a", "b")
    with pytest.raises(InvalidProject) as raised:
        next(reading)
    assert str(raised.value.diagnostics[0].place) == "x.jsonl:2:1"
