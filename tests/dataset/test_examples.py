"""What is sent is what was planned, or nothing."""

import json

import pytest

from tuneform.dataset.digest import dataset_digest, example_digest
from tuneform.dataset.examples import data_digest_of, each_example, read_examples
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


@pytest.mark.parametrize("format_", ["jsonl", "json", "csv", "tsv"])
def test_an_earlier_file_is_read_wherever_it_was_written_to(tmp_path, format_):
    rows = [("a\nb", "c"), ('say "yes"', "é"), ("a\nb", "c")]
    content = {
        "jsonl": "\n".join(json.dumps({"text_input": a, "output": b}) for a, b in rows),
        "json": json.dumps([{"text_input": a, "output": b} for a, b in rows]),
        "csv": 'text_input,output\r\n"a\nb",c\r\n"say ""yes""",é\r\n"a\nb",c\r\n',
        "tsv": 'text_input\toutput\n"a\nb"\tc\n"say ""yes"""\té\n"a\nb"\tc\n',
    }[format_]
    ref = DatasetRef(f"deep/down/x.{format_}", format_, preamble="> ")
    place = tmp_path / "copy" / ref.path
    place.parent.mkdir(parents=True)
    place.write_bytes(content.encode())
    sent = [("> " + a, b) for a, b in rows]
    assert list(each_example(tmp_path / "copy", ref, Limits())) == sent
    expected = dataset_digest(example_digest(*each) for each in sent)
    assert data_digest_of(tmp_path / "copy", ref, Limits()) == expected


def test_the_digest_of_what_cannot_be_read(project):
    with pytest.raises(InvalidProject):
        data_digest_of(project.root, REF, Limits())
    project.write("x.jsonl", "oops")
    with pytest.raises(InvalidProject):
        data_digest_of(project.root, REF, Limits())
