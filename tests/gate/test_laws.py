"""What holds for all examples and all answers."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tuneform.gate import Question

from .values import answers, gate, metric, perfect, run

# Patterns start a process each: they have tables of their own.
METRICS = ("exactMatch", "normalizedMatch", "contains", "charF1", "precision", "recall", "macroF1")
law = settings(max_examples=100)

texts = st.text(min_size=1, max_size=6) | st.sampled_from(["a", "b", " a", "A.", "ab", "ba"])
examples = st.lists(st.tuples(texts, st.text(max_size=4) | texts), min_size=1, max_size=8)
shares = st.floats(0, 1)


def asked_about(pairs, path="held-out.jsonl"):
    questions = [
        Question(f"{path}:{number}", f"{path}:{number}", expected)
        for number, (expected, _) in enumerate(pairs, start=1)
    ]
    return questions, [answer for _, answer in pairs]


def every_metric(**thresholds):
    return [metric(name, **thresholds) for name in METRICS]


@law
@given(examples, examples)
def test_every_value_is_a_share(pairs, cases):
    questions, said = asked_about(pairs)
    must, must_said = asked_about(cases, "golden.jsonl")
    found = run(
        gate(*every_metric(max_regression=0.5), must_pass_measure="charF1"),
        questions,
        must,
        answers([*must, *questions], *must_said, *said),
        answers(questions, *reversed(said)),
    )
    for score in found.scores:
        assert score.value is not None
        assert 0 <= score.value <= 1
        assert score.baseline is not None
        assert 0 <= score.baseline <= 1
    assert all(0 <= case.score < 1 for case in found.worst)
    assert found.passed == (
        all(each.passed for each in found.scores) and not found.must_pass_failed
    )
    assert bool(found.failures) == (not found.passed)


@law
@given(examples, examples, st.randoms())
def test_the_order_of_examples_changes_nothing(pairs, cases, random):
    questions, said = asked_about(pairs)
    must, must_said = asked_about(cases, "golden.jsonl")
    asked = answers([*must, *questions], *must_said, *said)
    the_gate = gate(*every_metric(minimum=0.5))

    def seen(found):
        ranked = [(case.must_pass, case.score) for case in found.worst]
        return found.scores, found.must_pass_failed, found.passed, ranked

    before = seen(run(the_gate, questions, must, asked, worst=100))
    random.shuffle(questions)
    random.shuffle(must)
    assert seen(run(the_gate, questions, must, asked, worst=100)) == before


@law
@given(examples, shares, st.integers(1, 3), st.integers(1, 5))
def test_perfect_answers_pass_any_gate(pairs, minimum, repeats, concurrency):
    questions, _ = asked_about(pairs)
    questions = [each for each in questions if each.expected]
    if not questions:
        return
    the_gate = gate(
        *every_metric(minimum=minimum, max_regression=0.0), repeats=repeats, concurrency=concurrency
    )
    asked = perfect(*questions)
    found = run(the_gate, questions, questions, asked, asked)
    assert found.passed
    assert {score.value for score in found.scores} == {1.0}
    assert not found.worst


@law
@given(examples, shares)
def test_what_stayed_the_same_did_not_fall_behind(pairs, allowed):
    questions, said = asked_about(pairs)
    asked = answers(questions, *said)
    found = run(gate(*every_metric(max_regression=allowed)), questions, [], asked, asked)
    assert found.passed


@law
@given(examples)
def test_empty_answers_are_worth_nothing(pairs):
    questions, _ = asked_about(pairs)
    found = run(gate(*every_metric()), questions, [], lambda _: "")
    assert {score.value for score in found.scores} == {0.0}
    assert [case.score for case in found.worst] == [0.0] * len(questions)
