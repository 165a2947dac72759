"""A share of the examples is held out of training, and each example is on one side for good."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.dataset.check import Checked, check, check_all
from tuneform.dataset.digest import canonical, dataset_digest, example_digest
from tuneform.dataset.examples import data_digest_of, each_example, read_examples
from tuneform.dataset.filecache import FileCache
from tuneform.dataset.files import Files
from tuneform.dataset.holdout import part
from tuneform.dataset.rows import Batch
from tuneform.domain.capabilities import Limits
from tuneform.domain.diagnostic import Severity
from tuneform.domain.spec import DatasetRef
from tuneform.errors import Stale

FEW_IS_FINE = Limits(examples_least=0)
TEXT = st.text(st.characters(codec="utf-8"), max_size=4)
ROWS = st.lists(st.tuples(TEXT, TEXT), max_size=30)
SHARES = st.floats(0, 1, exclude_max=True)
FORTY = [(f"in {number}", f"out {number}") for number in range(40)]


def side(rows, share, *, held_out, preamble=""):
    """The rows of one side, by number."""
    ref = DatasetRef("x", "jsonl", preamble=preamble, holdout=share, held_out=held_out)
    texts = canonical([a for a, _ in rows], [b for _, b in rows], preamble)
    batch = Batch(range(len(rows)), [a for a, _ in rows], [b for _, b in rows], texts)
    kept, digests = part(ref, batch)
    assert [rows[line] for line in kept.lines] == list(zip(kept.inputs, kept.outputs, strict=True))
    assert kept.canonical == [texts[line] for line in kept.lines]
    assert digests == [example_digest(preamble + a, b) for _, a, b in kept.rows()]
    return list(kept.lines)


def both(rows, share, **options):
    return [side(rows, share, held_out=held_out, **options) for held_out in (False, True)]


@given(ROWS, SHARES, TEXT)
def test_the_cut_is_a_partition(rows, share, preamble):
    trains, held = both(rows, share, preamble=preamble)
    assert sorted(trains + held) == list(range(len(rows)))
    assert not {rows[line] for line in trains} & {rows[line] for line in held}


@given(ROWS, SHARES)
def test_the_first_bytes_of_the_digest_decide(rows, share):
    _, held = both(rows, share)
    assert held == [
        line
        for line, row in enumerate(rows)
        if Fraction(int.from_bytes(example_digest(*row)[:8], "big"), 2**64) < Fraction(share)
    ]


@given(ROWS, ROWS, SHARES, st.randoms(use_true_random=False))
def test_neither_order_nor_growth_moves_an_example(rows, more, share, rng):
    grown = rows + more
    rng.shuffle(grown)
    held = {rows[line] for line in both(rows, share)[1]}
    assert held == {grown[line] for line in both(grown, share)[1]} & set(rows)


@given(ROWS, SHARES, SHARES)
def test_a_larger_share_holds_out_the_same_and_more(rows, one, other):
    small, large = sorted((one, other))
    assert set(both(rows, small)[1]) <= set(both(rows, large)[1])


def test_nothing_is_held_out_of_a_share_of_nothing():
    assert both(FORTY, 0.0) == [list(range(40)), []]


def test_the_share_is_about_kept():
    rows = [(str(number), "x") for number in range(5_000)]
    assert 400 < len(both(rows, 0.1)[1]) < 600


# Reading

TRAINS = DatasetRef("x.jsonl", "jsonl", holdout=0.3)
HELD = replace(TRAINS, held_out=True)


def split(rows, share=0.3):
    return [[rows[line] for line in lines] for lines in both(rows, share)]


def test_facts_are_those_of_the_part(project):
    project.write_rows("x.jsonl", FORTY)
    for ref, rows in zip((TRAINS, HELD), split(FORTY), strict=True):
        assert rows
        facts = check(Files(project.root), ref, FEW_IS_FINE).facts
        assert facts.examples == len(rows)
        assert facts.characters == sum(len(a + b) for a, b in rows)
        assert facts.digest == dataset_digest(example_digest(*row) for row in rows)


@pytest.mark.parametrize("format_", ["jsonl", "json", "csv", "tsv"])
def test_every_format_is_cut_alike(project, format_):
    table = "\n".join(["text_input,output", *(f"{a},{b}" for a, b in FORTY)])
    project.write("x.csv", table)
    project.write("x.tsv", table.replace(",", "\t"))
    project.write("x.json", json.dumps([{"text_input": a, "output": b} for a, b in FORTY]))
    project.write_rows("x.jsonl", FORTY)
    for ref, rows in zip((TRAINS, HELD), split(FORTY), strict=True):
        its = replace(ref, path=f"x.{format_}", format=format_)
        assert list(each_example(project.root, its, Limits())) == rows


def test_what_is_sent_is_the_part_that_was_planned(project):
    project.write_rows("x.jsonl", FORTY)
    trains, held = split(FORTY)
    digest = data_digest_of(project.root, TRAINS, Limits())
    assert digest == check(Files(project.root), TRAINS, Limits()).facts.digest
    assert read_examples(project.root, TRAINS, digest, Limits()) == trains
    with pytest.raises(Stale):
        read_examples(project.root, HELD, digest, Limits())
    # What is held out may change without being trained again.
    project.write_rows("x.jsonl", trains)
    assert read_examples(project.root, TRAINS, digest, Limits()) == trains
    project.write_rows("x.jsonl", held)
    with pytest.raises(Stale):
        read_examples(project.root, TRAINS, digest, Limits())


# Checking


def check_both(project, limits=FEW_IS_FINE, cache=None):
    found = check_all(
        project.root, [(TRAINS, limits)], cache, evaluation=[(HELD, limits), (HELD, limits)]
    )
    assert list(found) == [TRAINS, HELD]
    return found[TRAINS], found[HELD]


def codes(checked):
    return [each.code for each in checked.diagnostics]


def test_mistakes_of_the_file_are_told_once_and_void_both_parts(project):
    wrong = '{"text_input": "", "output": "b"}\noops\n'
    project.write_rows("x.jsonl", FORTY)
    project.write("x.jsonl", (project.root / "x.jsonl").read_text() + wrong)
    trains, held = check_both(project)
    assert (trains.facts, held) == (None, Checked(None))
    assert codes(trains) == ["field-empty", "row-invalid"]
    # Alone, what is held out tells them.
    alone = check_all(project.root, [], evaluation=[(HELD, FEW_IS_FINE)])[HELD]
    assert alone.diagnostics == trains.diagnostics


@pytest.mark.parametrize("content", [None, "", "oops"])
def test_a_file_without_examples_is_told_once(project, content):
    if content is not None:
        project.write("x.jsonl", content)
    trains, held = check_both(project)
    assert len(trains.diagnostics) == 1
    assert held == Checked(None)


def test_nothing_held_out(project):
    rows = split(FORTY)[0][:3]
    project.write_rows("x.jsonl", rows)
    trains, held = check_both(project)
    assert trains.facts.examples == 3
    (told,) = held.diagnostics
    assert held.facts is None
    assert (told.severity, told.code) == (Severity.ERROR, "holdout-empty")
    assert told.detail == "a share of 0.3 holds out none of 3 examples"
    assert told.hint == "raise the share, or add examples"
    assert str(told.place) == "x.jsonl"


def test_nothing_left_to_train_with(project):
    project.write_rows("x.jsonl", split(FORTY)[1][:1])
    trains, held = check_both(project)
    assert held.facts.examples == 1
    (told,) = trains.diagnostics
    assert trains.facts is None
    assert (told.severity, told.code) == (Severity.ERROR, "training-empty")
    assert told.detail == "a share of 0.3 holds out all of 1 example"


def test_advice_on_the_count_is_for_the_part_that_trains(project):
    rows, held_rows = split(FORTY)
    project.write_rows("x.jsonl", rows[:19] + held_rows[:2])
    trains, held = check_both(project, Limits())
    (told,) = trains.diagnostics
    assert told.code == "few-examples"
    assert told.detail == "19 examples without the 2 held out, fewer than 20"
    assert held.diagnostics == ()
    project.write_rows("x.jsonl", rows[:20] + held_rows[:2])
    assert check_both(project, Limits())[0].diagnostics == ()


def test_doubts_are_about_the_part_that_is_meant(project):
    trains_row, held_row = split(FORTY)[0][0], split(FORTY)[1][0]
    rows = [*FORTY, trains_row, trains_row, held_row]
    project.write_rows("x.jsonl", rows)
    trains, held = check_both(project)
    first = FORTY.index(trains_row) + 1
    assert [each.detail for each in trains.diagnostics] == [
        f"1 example more than once, 2 rows too many: lines {first}, 41 and 42"
    ]
    assert held.diagnostics == ()


def test_evaluation_gets_no_advice_on_training(project):
    rows = [("q", "a"), ("q", "a"), ("r", "a"), ("r", "b"), (" ", "c")]
    project.write_rows("held.jsonl", rows)
    ref = DatasetRef("held.jsonl", "jsonl")
    asked = check_all(project.root, [], evaluation=[(ref, Limits())])[ref]
    assert codes(asked) == ["conflicting-examples", "blank-fields"]
    assert asked.facts.examples == 5
    assert not any("train" in each.hint or "learn" in each.hint for each in asked.diagnostics)
    # Where a model is trained with it as well, it does.
    wanted = [(ref, Limits())]
    trained = check_all(project.root, wanted, evaluation=wanted)[ref]
    assert "few-examples" in codes(trained)
    assert "duplicate-examples" in codes(trained)


def test_what_is_held_out_never_gets_it(project):
    project.write_rows("x.jsonl", [*FORTY, *FORTY])
    assert check_all(project.root, [(HELD, Limits(examples_least=1_000))])[HELD].diagnostics == ()


def test_an_empty_evaluation_is_an_error(project):
    project.write("held.jsonl", "")
    ref = DatasetRef("held.jsonl", "jsonl")
    (told,) = check_all(project.root, [], evaluation=[(ref, Limits())])[ref].diagnostics
    assert (told.code, told.hint) == ("dataset-empty", "add examples")


def test_what_is_remembered_holds_for_one_part_and_one_purpose(project, tmp_path, later):
    project.write_rows("x.jsonl", FORTY[:15])

    def cache():
        return FileCache(tmp_path / "c" / "datasets.json", Checked, salt="1", clock=later)

    whole = replace(TRAINS, holdout=0.0)
    refs = (whole, TRAINS, HELD, replace(TRAINS, holdout=0.5), replace(HELD, holdout=0.5))
    wanted = [(ref, Limits()) for ref in refs]
    first = cache()
    expected = check_all(project.root, wanted, first)
    first.save()
    assert len({found.facts.digest for found in expected.values()}) == 5
    assert check_all(project.root, wanted, cache()) == expected
    asked = check_all(project.root, [], cache(), evaluation=[(whole, Limits())])[whole]
    assert (codes(expected[whole]), codes(asked)) == (["few-examples"], [])
