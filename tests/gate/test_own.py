"""Metrics of other people, installed as a package is."""

import importlib
import sys

import pytest

from tuneform.errors import LocalError
from tuneform.gate import OwnMetric, missing_metrics, near
from tuneform.gate.own import load_metric

from .values import ask_about, gate, metric, run, spec

CODE = """
def same_number(expected, answer, options, /):
    return abs(float(expected) - float(answer)) <= options.get("within", 0)

def share(expected, answer, options):
    return options["share"]

def nothing(expected, answer, options):
    return None

def fail(expected, answer, options):
    raise KeyError(f"the text was {answer}")

def meddle(expected, answer, options):
    options["within"] = 1

number = 7
"""
POINTS = {
    "sameNumber": "same_number",
    "share": "share",
    "nothing": "nothing",
    "fail": "fail",
    "meddle": "meddle",
    "number": "number",
    "notThere": "not_there",
}


def install(folder, name, points, module="own_metrics_for_tests"):
    """A distribution as pip leaves it on disk."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"{point} = {module}:{value}" for point, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[tuneform.metrics]", *lines, ""]))


@pytest.fixture
def folder(tmp_path):
    sys.path.insert(0, str(tmp_path))
    importlib.invalidate_caches()
    yield tmp_path
    sys.path.remove(str(tmp_path))
    sys.modules.pop("own_metrics_for_tests", None)
    importlib.invalidate_caches()


@pytest.fixture
def installed(folder):
    (folder / "own_metrics_for_tests.py").write_text(CODE)
    install(folder, "own-metrics", POINTS)
    return folder


def test_it_is_measured_like_any_other(installed):
    questions = ask_about("1", "2", "3")
    own = metric("sameNumber", minimum=0.5, options='{"within":0.5}')
    table = dict(zip((each.text_input for each in questions), ("1.25", "2", "9"), strict=True))
    found = run(gate(own), questions, [], table.__getitem__)
    assert found.scores[0].value == pytest.approx(2 / 3)
    assert found.passed
    assert [case.answer for case in found.worst] == ["9"]


def test_it_is_not_asked_about_an_empty_answer(installed):
    found = run(gate(metric("share", options='{"share":1}')), ask_about("1"), [], lambda _: "")
    assert found.scores[0].value == 0.0


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("fail", "{}", "raised KeyError at own_metrics_for_tests.py:12"),
        ("sameNumber", "{}", "raised ValueError"),
        ("meddle", "{}", "raised TypeError"),
        ("nothing", "{}", "gave a NoneType"),
        ("share", '{"share":"much"}', "gave a str"),
        ("share", '{"share":1.5}', "gave 1.5"),
        ("share", '{"share":-1}', "gave -1"),
        ("share", '{"share":NaN}', "gave nan"),
    ],
)
def test_what_goes_wrong_names_the_entry_point_and_no_text(installed, name, options, says):
    own = load_metric(metric(name, options=options))
    with pytest.raises(LocalError) as error:
        own("a secret", "another secret")
    assert says in error.value.message
    assert f"{name} (own_metrics_for_tests:" in error.value.message
    assert "secret" not in f"{error.value.message}{error.value.hint}"
    assert error.value.__context__ is None


@pytest.mark.parametrize(("share", "value"), [("1.0000000001", 1.0), ("-1e-12", 0.0), ("1", 1.0)])
def test_rounding_is_no_mistake(installed, share, value):
    assert load_metric(metric("share", options=f'{{"share":{share}}}'))("a", "b") == value


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("number", "is no function"),
        ("notThere", "cannot be loaded: AttributeError"),
        ("absent", "neither built in nor installed"),
    ],
)
def test_what_cannot_be_used_is_found_before_anything_is_asked(installed, name, says):
    asked = []
    with pytest.raises(LocalError, match=says) as error:
        run(gate(metric(name)), ask_about("1"), [], asked.append)
    assert name in error.value.message
    assert error.value.hint
    assert not asked


def test_a_package_that_does_not_import(folder):
    (folder / "own_metrics_for_tests.py").write_text("import a_package_that_nobody_has")
    install(folder, "own-metrics", {"sameNumber": "same_number"})
    with pytest.raises(LocalError, match=r"ModuleNotFoundError.*a_package_that_nobody_has"):
        load_metric(metric("sameNumber"))


def test_two_packages_with_one_name(installed):
    install(installed, "other-metrics", {"sameNumber": "share"})
    with pytest.raises(LocalError, match="installed more than once"):
        load_metric(metric("sameNumber"))


def test_the_same_package_seen_twice_is_one(installed):
    install(installed, "the-same-metrics", POINTS)
    assert load_metric(metric("sameNumber"))("1", "1.0") == 1.0


def test_missing_metrics(installed):
    the_spec = spec(*map(metric, ("exactMatch", "bleu", "sameNumber", "rouge", "bleu")))
    assert missing_metrics(the_spec) == ("bleu", "rouge")


def test_looking_for_a_metric_loads_none(folder):
    (folder / "own_metrics_for_tests.py").write_text("raise SystemError")
    install(folder, "own-metrics", {"sameNumber": "same_number"})
    assert missing_metrics(spec(metric("sameNumber"))) == ()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("exact_match", "exactMatch"),
        ("EXACTMATCH", "exactMatch"),
        ("normalisedMatch", "normalizedMatch"),
        ("samenumbers", "sameNumber"),
        ("macro-f1", "macroF1"),
        ("zzz", None),
        ("", None),
    ],
)
def test_near(installed, name, meant):
    assert near(name) == meant


def test_the_example_of_the_document_is_an_own_metric():
    from tuneform.gate import own

    example = own.__doc__.split("by one thread:\n\n")[1].split("\n\nIt returns")[0]
    scope = {}
    lines = [line.removeprefix("    ") for line in example.splitlines()]
    exec("from collections.abc import Mapping\n" + "\n".join(lines), scope)
    example: OwnMetric = scope["same_number"]
    assert example("1", "1.5", {"within": 1}) == 1.0
    assert example("1", "one", {}) == 0.0
