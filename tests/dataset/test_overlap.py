"""What a gate asks must not be what was trained."""

import json
import os
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.dataset.overlap import Meeting, Overlap, OverlapCache, diagnose, overlaps
from tuneform.domain.capabilities import Limits
from tuneform.domain.diagnostic import Severity
from tuneform.domain.spec import DatasetRef
from tuneform.errors import InvalidProject

TRAINING = DatasetRef("data/train.jsonl", "jsonl")
EVALUATION = DatasetRef("data/held-out.jsonl", "jsonl")
FEW = st.sampled_from(["a", "b", "é", "c"])
ROWS = st.lists(st.tuples(FEW, FEW), min_size=1, max_size=12)


def of(project, training, evaluation):
    project.write_rows(TRAINING.path, training)
    project.write_rows(EVALUATION.path, evaluation)
    return overlaps(project.root, TRAINING, EVALUATION, Limits())


@pytest.mark.parametrize(
    ("training", "evaluation", "expected"),
    [
        ([("a", "1")], [("b", "1")], Overlap()),
        ([("a", "1")], [("1", "a")], Overlap()),
        ([("ab", "c")], [("a", "bc")], Overlap()),
        (
            [("x", "1"), ("a", "1"), ("a", "1")],
            [("b", "1"), ("a", "1")],
            Overlap(1, 0, (Meeting(2, 2),), ()),
        ),
        ([("x", "1"), ("a", "1")], [("a", "2")], Overlap(0, 1, (), (Meeting(1, 2),))),
        # Identical counts once, whatever else is trained for its input.
        ([("a", "1"), ("a", "2")], [("a", "2")], Overlap(1, 0, (Meeting(1, 2),), ())),
        (
            [("a", "1"), ("b", "1")],
            [("a", "1"), ("b", "2"), ("a", "1"), ("c", "1")],
            Overlap(2, 1, (Meeting(1, 1), Meeting(3, 1)), (Meeting(2, 2),)),
        ),
    ],
)
def test_overlaps(project, training, evaluation, expected):
    assert of(project, training, evaluation) == expected


@given(ROWS, ROWS)
def test_rows_in_both_are_found_if_and_only_if_there_are_any(
    tmp_path_factory, training, evaluation
):
    root = tmp_path_factory.mktemp("project")
    for name, rows in (("t.csv", training), ("e.json", evaluation)):
        listed = [{"text_input": a, "output": b} for a, b in rows]
        table = "\n".join(["text_input,output", *(f"{a},{b}" for a, b in rows)])
        (root / name).write_text(table if name == "t.csv" else json.dumps(listed))
    found = overlaps(root, DatasetRef("t.csv", "csv"), DatasetRef("e.json", "json"), Limits())
    inputs = {a for a, _ in training}
    identical = [row for row in evaluation if row in training]
    others = [row for row in evaluation if row not in training and row[0] in inputs]
    assert bool(found.identical) == bool(set(training) & set(evaluation))
    assert (found.identical, found.same_input) == (len(identical), len(others))
    for place in found.identical_places:
        assert training[place.training_line - 2] in identical  # under a header
    assert len(found.identical_places) == min(5, len(identical))
    assert len(found.same_input_places) == min(5, len(others))


def test_examples_are_compared_as_they_are_sent(project):
    project.write_rows("t.jsonl", [("> a", "1"), ("b", "1")])
    project.write_rows("e.jsonl", [("a", "1"), ("> b", "1")])
    plain, evaluation = DatasetRef("t.jsonl", "jsonl"), DatasetRef("e.jsonl", "jsonl")
    with_preamble = DatasetRef("e.jsonl", "jsonl", preamble="> ")
    assert overlaps(project.root, plain, evaluation, Limits()) == Overlap()
    found = overlaps(project.root, plain, with_preamble, Limits())
    assert found == Overlap(1, 0, (Meeting(1, 1),), ())


@given(st.lists(st.tuples(FEW, st.integers(0, 9).map(str)), min_size=1, max_size=30))
def test_what_is_held_out_is_never_trained(tmp_path_factory, rows):
    root = tmp_path_factory.mktemp("project")
    lines = [json.dumps({"text_input": a, "output": b}) for a, b in rows]
    (root / "x").write_text("\n".join(lines))
    training = DatasetRef("x", "jsonl", holdout=0.4)
    evaluation = DatasetRef("x", "jsonl", holdout=0.4, held_out=True)
    found = overlaps(root, training, evaluation, Limits())
    assert found.identical == 0
    outputs = Counter(a for a, _ in set(rows))
    if max(outputs.values()) == 1:
        assert found == Overlap()


def test_a_file_that_cannot_be_read(project):
    project.write_rows(TRAINING.path, [("a", "1")])
    with pytest.raises(InvalidProject):
        overlaps(project.root, TRAINING, EVALUATION, Limits())
    project.write(EVALUATION.path, "oops")
    with pytest.raises(InvalidProject) as raised:
        overlaps(project.root, TRAINING, EVALUATION, Limits())
    assert str(raised.value.diagnostics[0].place) == "data/held-out.jsonl:1:1"


# What is told


def test_every_place_is_told_without_text(project):
    training = [(f"secret {number}", "one") for number in range(9)]
    evaluation = [*training[2:9], ("secret 0", "two")]
    found = of(project, training, evaluation)
    told = diagnose(found, TRAINING, EVALUATION)
    assert [(str(each.place), each.severity, each.code) for each in told] == [
        *((f"data/held-out.jsonl:{line}", Severity.ERROR, "gate-overlap") for line in range(1, 6)),
        ("data/held-out.jsonl:8", Severity.WARNING, "gate-overlap-input"),
    ]
    assert [each.detail for each in told[3:]] == [
        "training has the same example: data/train.jsonl:6",
        "training has the same example: data/train.jsonl:7; the same holds for 2 more",
        "training has the same input with another output: data/train.jsonl:1",
    ]
    assert all("remove it from one of the two files" in each.hint for each in told)
    assert "secret" not in str(told)


def test_nothing_is_told_of_nothing():
    assert diagnose(Overlap(), TRAINING, EVALUATION) == ()


def test_a_gate_with_the_training_file_itself(project):
    project.write_rows(TRAINING.path, [("a", "1")])
    found = overlaps(project.root, TRAINING, TRAINING, Limits())
    (told,) = diagnose(found, TRAINING, TRAINING)
    assert "hold out a share of this one" in told.hint


def test_a_holdout_with_one_input_on_both_sides(project):
    rows = [("a", str(number)) for number in range(40)]
    project.write_rows("x.jsonl", rows)
    training = DatasetRef("x.jsonl", "jsonl", holdout=0.5)
    evaluation = DatasetRef("x.jsonl", "jsonl", holdout=0.5, held_out=True)
    found = overlaps(project.root, training, evaluation, Limits())
    told = diagnose(found, training, evaluation)
    assert {each.code for each in told} == {"gate-overlap-input"}
    assert all("keep the row that is meant" in each.hint for each in told)


# From one run to the next


@pytest.fixture
def remembering(project, later):
    def load(salt="1"):
        place = project.root / ".tuneform" / "cache" / "overlaps.json"
        return OverlapCache(project.root, place, salt=salt, clock=later)

    return load


@pytest.fixture
def two(project, remembering):
    """An overlap that an earlier run found."""
    project.write_rows(TRAINING.path, [("a", "1"), ("b", "1")])
    project.write_rows(EVALUATION.path, [("b", "1")])
    first = remembering()
    found = first.overlaps(TRAINING, EVALUATION, Limits())
    first.save()
    assert found == Overlap(1, 0, (Meeting(1, 2),), ())
    return found


def forge(project):
    """Let the cache claim something else."""
    place = project.root / ".tuneform" / "cache" / "overlaps.json"
    text = place.read_text()
    assert '"identical":1' in text
    place.write_text(text.replace('"identical":1', '"identical":7'))


def test_unchanged_files_are_not_read_again(project, remembering, two):
    forge(project)
    assert remembering().overlaps(TRAINING, EVALUATION, Limits()).identical == 7
    assert remembering("2").overlaps(TRAINING, EVALUATION, Limits()) == two


@pytest.mark.parametrize("path", [TRAINING.path, EVALUATION.path])
def test_either_file_may_change(project, remembering, two, path):
    forge(project)
    project.write_rows(path, [("b", "2"), ("c", "1")])
    found = remembering().overlaps(TRAINING, EVALUATION, Limits())
    assert (found.identical, found.same_input) == (0, 1)


def test_lines_are_never_those_of_another_order(project, remembering, two):
    project.write_rows(TRAINING.path, [("b", "1"), ("a", "1")])
    found = remembering().overlaps(TRAINING, EVALUATION, Limits())
    assert found.identical_places == (Meeting(1, 1),)


def test_a_cache_that_came_with_the_repository_is_not_believed(project, remembering, two):
    forge(project)
    for path in (TRAINING.path, EVALUATION.path):
        content = (project.root / path).read_bytes()
        os.unlink(project.root / path)  # noqa: PTH108 - as git does when it checks out
        project.write(path, content)
    assert remembering().overlaps(TRAINING, EVALUATION, Limits()) == two


@pytest.mark.parametrize(
    ("training", "evaluation", "limits"),
    [
        (DatasetRef(TRAINING.path, "jsonl", preamble="p"), EVALUATION, Limits()),
        (TRAINING, DatasetRef(EVALUATION.path, "jsonl", preamble="p"), Limits()),
        (DatasetRef(TRAINING.path, "jsonl", holdout=0.1), EVALUATION, Limits()),
        (EVALUATION, TRAINING, Limits()),
        (TRAINING, EVALUATION, Limits(dataset_bytes=1_000)),
    ],
)
def test_what_is_remembered_holds_for_one_way_of_reading(
    project, remembering, two, training, evaluation, limits
):
    forge(project)
    found = remembering().overlaps(training, evaluation, limits)
    assert found == overlaps(project.root, training, evaluation, limits)


def test_what_a_run_did_not_use_is_dropped(project, remembering, two):
    project.write_rows("other.jsonl", [("z", "1")])
    second = remembering()
    second.overlaps(TRAINING, DatasetRef("other.jsonl", "jsonl"), Limits())
    second.save()
    text = (project.root / ".tuneform" / "cache" / "overlaps.json").read_text()
    assert "other.jsonl" in text
    assert EVALUATION.path not in text


@pytest.mark.parametrize("content", ["", "oops", "[]", "\0", "[1,2,3,4]"])
def test_a_broken_cache_is_an_empty_one(project, remembering, two, content):
    project.write(".tuneform/cache/overlaps.json", content)
    assert remembering().overlaps(TRAINING, EVALUATION, Limits()) == two


def test_a_file_that_is_gone_is_told_by_reading(project, remembering, two):
    (project.root / TRAINING.path).unlink()
    with pytest.raises(InvalidProject):
        remembering().overlaps(TRAINING, EVALUATION, Limits())


def test_validation_decides_nothing_so_that_it_only_warns(project):
    found = of(project, [("a", "x"), ("b", "y")], [("a", "x"), ("b", "z")])
    told = diagnose(found, TRAINING, EVALUATION, "validation")
    assert [(each.code, each.severity) for each in told] == [
        ("validation-overlap", "warning"),
        ("validation-overlap-input", "warning"),
    ]
    assert told[0].summary == "validation example is trained with"
