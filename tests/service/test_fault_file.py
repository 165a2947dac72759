"""Files of faults: what is read, and how each mistake is told with its place."""

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.service import Behaviour, Faults, FaultsUnusable, read_faults
from tuneform.service.fault_file import EFFECTS, faults_of
from tuneform.service.faults import Hang, Lose, Refusal

GOOD = """\
# What goes wrong
seed: 7
rules:
  - effect: lose
    method: POST
    times: 1
  - {effect: hang, seconds: 5, name: "support-*", probability: 0.5}
  - effect: status
    code: 429
    retry_after: 2
behaviour:
  deleted_ids: spent
  concurrent_trainings: 3
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="faults.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_file_says_everything(file):
    assert read_faults(file(GOOD)) == Faults(
        seed=7,
        rules=(
            Lose(method="POST", times=1),
            Hang(seconds=5.0, name="support-*", probability=0.5),
            Refusal(code=429, retry_after=2),
        ),
        behaviour=Behaviour(deleted_ids="spent", concurrent_trainings=3),
    )


def test_json_is_read_as_well(file):
    rules = [{"effect": "cut", "framed": False}, {"effect": "refuse", "seconds": 1e1}]
    path = file(json.dumps({"rules": rules}, indent=1), "faults.json")
    assert read_faults(path) == faults_of({"rules": rules})


def test_an_empty_file_asks_for_nothing(file):
    assert read_faults(file("# nothing\n")) == Faults()


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("seed: x", 1, "seed: Expected `int`, got `str`"),
        ("rule: []", 1, "rule: there is no key 'rule' here; did you mean 'rules'?"),
        ("- effect: lose", 1, "Expected `object`, got `array`"),
        ("seed: 1\nrules:\n  effect: lose", 2, "rules: Expected `array`, got `object`"),
        ("rules:\n  - lose", 2, r"rules[0]: Expected `object`, got `str`"),
        ("rules:\n  - method: GET", 2, f"rules[0]: `effect` is missing; it is one of {EFFECTS[0]}"),
        ("rules:\n  - effect: loose", 2, "there is no effect 'loose' here; did you mean 'lose'?"),
        ("rules:\n  - effect: [lose]", 2, "there is no effect"),
        ("rules:\n  - effect: 500", 2, "there is no effect '500' here; it is one of reset,"),
        ("rules:\n  - effect: lose\n    tims: 1", 3, "rules[0].tims: there is no key 'tims' here"),
        ("rules:\n  - effect: lose\n  - effect: hang\n", 3, "missing required field `seconds`"),
        (
            "rules:\n  - effect: hang\n    seconds: -1",
            3,
            "rules[0].seconds: Expected `float` >= 0",
        ),
        (
            "rules:\n  - effect: hang\n    seconds: .nan",
            3,
            "rules[0].seconds: Expected `float` >= 0",
        ),
        ("rules:\n  - effect: status\n    code: 418", 3, "rules[0].code: Invalid enum value 418"),
        ("behaviour:\n  deleted: spent", 2, "behaviour.deleted: there is no key 'deleted' here"),
        ("behaviour:\n  deleted_ids: gone", 2, "behaviour.deleted_ids: Invalid enum value 'gone'"),
        ("behaviour: {concurrent_trainings: 0}", 1, "Expected `int` >= 1"),
        ("rules: [\n", 2, "this is no YAML"),
        ("a: *b", 1, "an alias has no use here"),
        ("a: 1\n? b: &b [c]\n: *b", 3, "an alias has no use here"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_key(file, text, line, told):
    path = file(text)
    with pytest.raises(FaultsUnusable) as caught:
        read_faults(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\xff\xfe\xff", "this is no YAML"),
        (b"a\x00b", "this is no YAML"),
        (b"[" * 5000, "it is nested too deeply"),
    ],
)
def test_what_is_no_text_or_far_too_deep_is_told_as_well(file, data, told):
    path = file(data)
    with pytest.raises(FaultsUnusable, match=f"{re.escape(str(path))}: {told}"):
        read_faults(path)


@pytest.mark.parametrize("bomb", ["<<: [{}]", "effect: [{}]"])
def test_a_few_lines_do_not_grow_without_end(file, bomb):
    """Ten of ten of ten …: merged, or told in a message, they would fill any memory."""
    levels = [f"- &a{at} {{{bomb.format(', '.join([f'*a{at - 1}'] * 10))}}}" for at in range(1, 30)]
    path = file("\n".join(["rules:", "- &a0 {effect: lose}", *levels]))
    with pytest.raises(FaultsUnusable, match=re.escape(f"{path}:3: an alias has no use here")):
        read_faults(path)


def test_files_that_are_not_there_or_too_large(tmp_path, file):
    with pytest.raises(FaultsUnusable, match="No such file"):
        read_faults(tmp_path / "nothing.yaml")
    with pytest.raises(FaultsUnusable, match="more than 1,000,000 bytes"):
        read_faults(file("#" * 1_000_001))


KEYS = st.sampled_from(
    ["seed", "rules", "behaviour", "effect", "seconds", "name", "times", "code", "deleted_ids", "x"]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(EFFECTS)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | LEAVES, inner, max_size=4),
    max_leaves=15,
)


@given(VALUES | st.fixed_dictionaries({"rules": st.lists(st.dictionaries(KEYS, VALUES))}))
def test_anything_is_taken_or_refused(value):
    with suppress(FaultsUnusable):
        assert isinstance(faults_of(value), Faults)
