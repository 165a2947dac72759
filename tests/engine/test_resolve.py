"""What only shows when all manifests are seen together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.names import remote_id
from tuneform.engine.resolve import resolve

from .builders import ASSIGNING, BASE, CAPABILITIES, LONE_BASE, OWNER, declare, facts, spec
from .worlds import projects


def resolved(*specs, capabilities=CAPABILITIES, unread=()):
    known = {each.dataset: facts(each.dataset) for each in specs if each.name not in unread}
    return resolve(OWNER, specs, known, capabilities)


@pytest.mark.parametrize(
    ("reason", "specs", "told"),
    [
        ("nothing wrong", (spec("a", "x"), spec("b", "y", tuned_from="a")), []),
        ("an unknown parent", (spec("a", tuned_from="nobody"),), [("a", "unknown-parent")]),
        ("its own parent", (spec("a", tuned_from="a"),), [("a", "parent-cycle")]),
        (
            "a circle is told once, and what hangs on it not at all",
            (spec("a", tuned_from="b"), spec("b", tuned_from="a"), spec("c", tuned_from="b")),
            [("a", "parent-cycle")],
        ),
        (
            "a base that does not allow tuning a tuned model",
            (spec("a", "x", base=LONE_BASE), spec("b", "y", tuned_from="a")),
            [("b", "not-retunable")],
        ),
        ("the same base is fine at the root", (spec("a", base=LONE_BASE),), []),
        ("equal inputs are a warning", (spec("a"), spec("b")), [("b", "equal-inputs")]),
        (
            "one for each model that is too many",
            (spec("a"), spec("b"), spec("c")),
            [("b", "equal-inputs"), ("c", "equal-inputs")],
        ),
        ("another revision is another training", (spec("a"), spec("b", revision=2)), []),
    ],
)
def test_diagnostics(reason, specs, told):
    found = resolved(*specs).diagnostics
    assert sorted((each.subject.removeprefix("TunedModel/"), each.code) for each in found) == told
    for each in found:
        assert each.place
        assert each.hint
        assert (each.severity == "warning") == (each.code == "equal-inputs")


def test_a_misspelt_parent_gets_a_suggestion():
    (found,) = resolved(spec("support"), spec("child", "c", tuned_from="suport")).diagnostics
    assert found.hint == "did you mean 'support'?"


def test_a_circle_is_shown():
    (found,) = resolved(spec("a", tuned_from="b"), spec("b", tuned_from="a")).diagnostics
    assert "a -> b -> a" in found.detail


def test_models_with_a_mistake_and_their_descendants_are_left_out():
    found = resolved(
        spec("a", "x", tuned_from="nobody"), spec("b", "y", tuned_from="a"), spec("c", "z")
    )
    assert [each.name for each in found.desired.models] == ["c"]
    unread = resolved(spec("a", "x"), spec("b", "y", tuned_from="a"), spec("c", "z"), unread={"a"})
    assert [each.name for each in unread.desired.models] == ["c"]
    assert unread.diagnostics == ()


def test_names_and_bases_are_derived():
    root, child = resolved(spec("b", "x"), spec("a", "y", tuned_from="b")).desired.models
    assert (root.name, root.base) == ("b", BASE)
    assert child.base == f"fingerprint:{root.fingerprint}"
    assert child.remote == f"tunedModels/{remote_id('demo/prod', 'a', child.fingerprint)}"
    assert child.fingerprint_short in str(child)


def test_a_provider_that_assigns_ids_leaves_remote_open():
    found = resolved(spec("a"), capabilities=ASSIGNING).desired
    assert (found.chosen_ids, found.models[0].remote) == (False, None)


def test_a_child_has_the_defaults_of_its_root():
    _, child = declare(spec("a", "x"), spec("b", "y", tuned_from="a")).models
    assert (child.training.epochs, child.training.steps) == (5, 38)


@given(projects(), st.randoms())
def test_the_order_of_the_manifests_is_nothing(specs, random):
    shuffled = list(specs)
    random.shuffle(shuffled)
    one, other = resolved(*specs), resolved(*shuffled)
    assert one.desired == other.desired
    assert sorted(map(str, one.diagnostics)) == sorted(map(str, other.diagnostics))
