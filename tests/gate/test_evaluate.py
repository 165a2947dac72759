"""From questions to a verdict."""

from itertools import count

import pytest

from tuneform.clock import SteeredClock
from tuneform.domain.spec import Measure
from tuneform.errors import LocalError, ServiceFailure, Unanswered
from tuneform.gate import Interrupted

from .values import REMOTE, SERVING, answers, ask_about, gate, golden, metric, perfect, run


def test_what_an_evaluation_says():
    questions, cases = ask_about("a", "b", "c", "d"), golden("x", "y")
    clock = SteeredClock()
    asked = answers([*cases, *questions], "x", "wrong", "a", "b", "c", "wrong")

    def slowly(text):
        clock.sleep(1.5)
        return asked(text)

    the_gate = gate(metric("exactMatch", minimum=0.75))
    found = run(the_gate, questions, cases, slowly, clock=clock)

    assert (found.model, found.remote, found.gate) == ("support", REMOTE, the_gate.short)
    assert (found.examples, found.repeats, found.against) == (4, 1, None)
    assert [(score.value, score.baseline, score.passed) for score in found.scores] == [
        (0.75, None, True)
    ]
    assert (found.must_pass, found.must_pass_failed, found.passed) == (2, 1, False)
    assert found.failures == ("1 of 2 must-pass cases failed",)
    assert found.seconds == pytest.approx(9.0)
    assert [(case.place, case.answer, case.must_pass) for case in found.worst] == [
        ("golden.jsonl:2", "wrong", True),
        ("held-out.jsonl:4", "wrong", False),
    ]


@pytest.mark.parametrize("name", list(Measure))
def test_every_measure_can_be_used(name):
    questions = ask_about('{"a": 1}', '{"a": 2}')
    wanted = metric(name, minimum=1.0, pattern="(?s).*" if name == "regex" else None)
    found = run(gate(wanted), questions, [], perfect(*questions))
    assert (found.scores[0].value, found.passed) == (1.0, True)
    nothing = run(gate(wanted), questions, [], lambda _: "")
    assert (nothing.scores[0].value, nothing.passed) == (0.0, False)


@pytest.mark.parametrize(
    ("reason", "thresholds", "value", "baseline", "passed"),
    [
        ("inclusive", {"minimum": 0.6}, 0.6, None, True),
        ("rounding: 0.1 + 0.2 + 0.3", {"minimum": 0.6000000000000001}, 0.6, None, True),
        ("below", {"minimum": 0.61}, 0.6, None, False),
        ("no threshold", {}, 0.0, None, True),
        ("nothing serves", {"max_regression": 0.0}, 0.0, None, True),
        ("as good", {"max_regression": 0.0}, 0.6, 0.6, True),
        ("better", {"max_regression": 0.0}, 0.8, 0.6, True),
        ("rounding: 0.8 - 0.2 is above 0.6", {"max_regression": 0.2}, 0.6, 0.8, True),
        ("too far behind", {"max_regression": 0.1}, 0.6, 0.8, False),
        ("good enough, too far behind", {"minimum": 0.5, "max_regression": 0.1}, 0.6, 0.8, False),
        ("not behind, not good enough", {"minimum": 0.7, "max_regression": 0.1}, 0.6, 0.6, False),
    ],
)
def test_thresholds(reason, thresholds, value, baseline, passed):
    questions = ask_about(*"abcde")

    def version(share):
        right = round(share * 5)
        return answers(questions, *"abcde"[:right], *"-" * (5 - right))

    serving = None if baseline is None else version(baseline)
    found = run(gate(metric("exactMatch", **thresholds)), questions, [], version(value), serving)
    score = found.scores[0]
    assert (score.value, score.baseline) == (value, baseline)
    assert (score.passed, found.passed) == (passed, passed), reason
    assert found.against == (SERVING if baseline is not None else None)


@pytest.mark.parametrize(
    ("thresholds", "passed"),
    [({"minimum": 0.0}, False), ({"max_regression": 1.0}, False), ({}, True)],
)
def test_without_a_value_no_threshold_holds(thresholds, passed):
    questions = ask_about("a")
    undefined = metric("recall", label="never", **thresholds)
    found = run(gate(undefined), questions, [], perfect(*questions))
    assert (found.scores[0].value, found.passed) == (None, passed)


def test_without_questions_nothing_is_defined():
    cases = golden("a")
    found = run(gate(metric("exactMatch", minimum=0.0)), [], cases, perfect(*cases))
    assert (found.scores[0].value, found.passed, found.examples) == (None, False, 0)


def test_a_gate_of_cases_alone():
    cases = golden("a", "b")
    assert run(gate(dataset=None), [], cases, perfect(*cases)).passed
    assert not run(gate(dataset=None), [], cases, lambda _: "a").passed


def test_the_serving_version_is_asked_only_where_the_gate_compares():
    questions, cases = ask_about("a", "b"), golden("x")
    asked = []

    def serving(text):
        asked.append(text)
        return "a"

    alone = metric("exactMatch", minimum=0.5)
    found = run(gate(alone), questions, cases, perfect(*questions, *cases), serving)
    assert not asked
    assert (found.against, found.scores[0].baseline) == (None, None)

    compared = metric("contains", max_regression=0.1)
    found = run(gate(alone, compared), questions, cases, perfect(*questions, *cases), serving)
    assert sorted(asked) == [each.text_input for each in questions]
    assert found.against == SERVING
    assert [score.baseline for score in found.scores] == [0.5, 0.5]


def test_a_baseline_that_is_not_defined_is_nothing_to_fall_behind():
    questions = ask_about("a", "a")
    compared = metric("precision", label="b", max_regression=0.0)
    found = run(
        gate(compared), questions, [], answers(questions, "a", "b"), answers(questions, "a", "a")
    )
    assert [(each.value, each.baseline, each.passed) for each in found.scores] == [
        (0.0, None, True)
    ]


@pytest.mark.parametrize(
    ("measure", "expected", "answer", "right"),
    [
        ("exactMatch", "a", "a", True),
        ("exactMatch", "a", "A", False),
        ("normalizedMatch", "a", '"A."', True),
        ("contains", "a", "cat", True),
        ("contains", "a", "dog", False),
        ("charF1", "ab", "ba", True),
        ("charF1", "ab", "abc", False),
        ("jsonFields", '{"a": 1}', '{"a": 1.0}', True),
        ("jsonFields", '{"a": 1, "b": 2}', '{"a": 1}', False),
    ],
)
def test_cases_that_must_pass(measure, expected, answer, right):
    cases = golden(expected)
    found = run(gate(must_pass_measure=measure), [], cases, lambda _: answer)
    assert (found.passed, found.must_pass_failed) == (right, int(not right))


@pytest.mark.parametrize("measure", ["regex", "recall", "own"])
def test_what_cannot_tell_of_one_answer(measure):
    with pytest.raises(ValueError, match=measure):
        run(gate(must_pass_measure=measure), [], golden("a"), lambda _: "a")


def test_a_case_must_pass_every_time():
    cases, turn = golden("a"), count()
    found = run(
        gate(repeats=3, concurrency=1), [], cases, lambda _: "b" if next(turn) == 1 else "a"
    )
    assert (found.must_pass, found.must_pass_failed, found.passed) == (1, 1, False)
    assert [case.answer for case in found.worst] == ["b"]


def test_repeats_count_each_for_itself():
    questions, turn = ask_about("a", "b"), count()
    said = ["a", "no", "b", "b"]
    measured = (metric("exactMatch"), metric("recall"), metric("precision"), metric("macroF1"))
    found = run(
        gate(*measured, repeats=2, concurrency=1), questions, [], lambda _: said[next(turn)]
    )
    assert [score.value for score in found.scores] == pytest.approx(
        [0.75, 0.5, 1.0, (2 / 3 + 1) / 2]
    )
    assert (found.examples, found.repeats) == (2, 2)
    assert [(case.place, case.answer) for case in found.worst] == [("held-out.jsonl:1", "no")]


def test_the_worst_come_first_and_those_that_must_pass_before_all():
    questions, cases = ask_about("aaaa", "bbbb", "cccc", "dddd", "eeee"), golden("gg", "hh", "ii")
    asked = answers([*cases, *questions], "gx", "xx", "ii", "aaxx", "bbbx", "xxxx", "ddxx", "eeee")
    the_gate = gate(metric("charF1"), must_pass_measure="charF1")
    found = run(the_gate, questions, cases, asked)
    assert [(case.place.partition(".")[0], case.expected, case.score) for case in found.worst] == [
        ("golden", "hh", 0.0),
        ("golden", "gg", 0.5),
        ("held-out", "cccc", 0.0),
        ("held-out", "aaaa", 0.5),
        ("held-out", "dddd", 0.5),
        ("held-out", "bbbb", 0.75),
    ]
    for most in (0, 1, 3):
        assert run(the_gate, questions, cases, asked, worst=most).worst == found.worst[:most]


def test_ten_cases_unless_told_otherwise():
    questions = ask_about(*"abcdefghijklmno")
    found = run(gate(metric("exactMatch")), questions, [], lambda _: "-")
    assert [case.expected for case in found.worst] == list("abcdefghij")


def test_a_case_is_worth_the_mean_of_the_metrics_that_tell():
    questions = ask_about("abcd")
    several = (metric("exactMatch"), metric("charF1"), metric("recall"))
    found = run(gate(*several), questions, [], lambda _: "abxx")
    assert found.worst[0].score == pytest.approx(0.25)


def test_with_metrics_of_labels_alone_a_case_is_its_label():
    questions = ask_about("a", "b")
    found = run(gate(metric("recall")), questions, [], answers(questions, " a ", "a"))
    assert [(case.expected, case.score) for case in found.worst] == [("b", 0.0)]


def test_an_answer_that_the_service_withheld_is_wrong_by_every_metric():
    questions = ask_about("a", "b")

    def asked(text):
        if text.endswith("1"):
            raise Unanswered("withheld", hint="another prompt")
        return "b"

    measured = (metric("exactMatch"), metric("regex", pattern=".*"), metric("recall"))
    found = run(gate(*measured), questions, [], asked)
    assert [score.value for score in found.scores] == [0.5, 0.5, 0.0]
    assert [(case.expected, case.answer) for case in found.worst] == [("a", "")]


def test_there_is_no_verdict_from_half_an_evaluation():
    def failing(text):
        if text.endswith("2"):
            raise ServiceFailure("no machine")
        return "a"

    with pytest.raises(ServiceFailure):
        run(gate(metric("exactMatch")), ask_about("a", "b", "c"), [], failing)
    with pytest.raises(Interrupted):
        run(gate(metric("exactMatch")), ask_about("a"), [], str, stopping=lambda: True)


def test_progress_counts_every_answer():
    questions, cases, told = ask_about("a", "b"), golden("x"), []
    run(
        gate(metric("exactMatch", max_regression=0.0), repeats=3),
        questions,
        cases,
        perfect(*questions, *cases),
        perfect(*questions),
        notify=lambda done, total: told.append((done, total)),
    )
    assert told == [(done, 15) for done in range(16)]


@pytest.mark.parametrize(
    ("the_gate", "expected"),
    [
        (gate(metric("regex", pattern="(")), "a"),
        (gate(metric("jsonFields")), "secret"),
        (gate(must_pass_measure="jsonFields"), "secret"),
        (gate(metric("nobodyHasThis")), "a"),
    ],
)
def test_what_can_be_found_out_before_is_found_out_before(the_gate, expected):
    asked = []
    with pytest.raises(LocalError) as error:
        run(the_gate, ask_about(expected), golden(expected), asked.append)
    assert not asked
    assert "secret" not in f"{error.value.message}{error.value.hint}"
