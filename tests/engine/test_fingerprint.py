"""Identity is the contract's, not this code's: vectors made by other code, in other processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.capabilities import Base, Defaults
from tuneform.domain.names import remote_id, short
from tuneform.domain.spec import DatasetFacts, Hyperparameters
from tuneform.engine.fingerprint import fingerprint, training_size

from .builders import BASE, LONE_BASE, spec, wanted

HERE = Path(__file__).parent
VECTORS = json.loads((HERE / "vectors.json").read_text(encoding="utf-8"))
DATA = "ab" * 32


@pytest.mark.parametrize("vector", VECTORS["fingerprints"], ids=lambda vector: vector["name"])
def test_fingerprints_are_those_of_the_vectors(vector):
    digest = fingerprint(
        vector["base"], vector["dataset"], vector["hyperparameters"], vector["revision"]
    )
    assert (digest, short(digest)) == (vector["fingerprint"], vector["short"])


@pytest.mark.parametrize("vector", VECTORS["remoteIds"], ids=lambda vector: vector["owner"])
def test_remote_ids_are_those_of_the_vectors(vector):
    derived = remote_id(vector["owner"], vector["model"], vector["fingerprint"])
    assert derived == vector["id"]
    assert len(derived) <= 40


def test_vectors_are_what_their_generator_writes():
    run = subprocess.run(
        [sys.executable, HERE / "make_vectors.py", "-"], capture_output=True, check=True
    )
    assert run.stdout == (HERE / "vectors.json").read_bytes()


PROBE = """
import json, sys
from tuneform.domain.names import remote_id
from tuneform.engine.fingerprint import fingerprint
vectors = json.load(sys.stdin)
for each in vectors["fingerprints"]:
    print(fingerprint(each["base"], each["dataset"], each["hyperparameters"], each["revision"]))
for each in vectors["remoteIds"]:
    print(remote_id(each["owner"], each["model"], each["fingerprint"]))
"""


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_digests_hold_in_processes_with_other_hash_seeds(seed):
    run = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", PROBE],
        input=(HERE / "vectors.json").read_bytes(),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C"},
    )
    expected = [each["fingerprint"] for each in VECTORS["fingerprints"]]
    expected += [each["id"] for each in VECTORS["remoteIds"]]
    assert run.stdout.decode().split() == expected


settings = st.fixed_dictionaries(
    {},
    optional={
        "epochCount": st.integers(1, 10_000),
        "batchSize": st.integers(1, 10_000),
        "learningRate": st.floats(1e-9, 1e3),
        "learningRateMultiplier": st.floats(1e-9, 1e3),
    },
)


@given(settings, settings)
def test_equal_fingerprints_mean_equal_settings(one, other):
    same = fingerprint(BASE, DATA, one, 1) == fingerprint(BASE, DATA, other, 1)
    assert same == (one == other)


@given(settings)
def test_the_order_of_settings_is_nothing(chosen):
    backwards = dict(reversed(chosen.items()))
    assert fingerprint(BASE, DATA, chosen, 1) == fingerprint(BASE, DATA, backwards, 1)


@pytest.mark.parametrize(
    ("reason", "other"),
    [
        ("the base", spec(base=LONE_BASE)),
        ("the examples", spec(data="second")),
        ("a setting", spec(epochs=5)),
        ("the revision", spec(revision=2)),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_each_training_input_moves_the_fingerprint(reason, other):
    assert wanted(spec()).fingerprint != wanted(other).fingerprint


def test_what_is_no_training_input_moves_nothing():
    other = spec(
        "support", labels={"team": "growth"}, deletion="prevent", keep=3, formerly=("old",)
    )
    assert wanted(spec()).fingerprint == wanted(other).fingerprint


def test_two_models_with_equal_inputs_share_a_fingerprint_and_no_id():
    one, other = wanted(spec("one")), wanted(spec("other"))
    assert one.fingerprint == other.fingerprint
    assert one.remote != other.remote


@pytest.mark.parametrize(
    ("reason", "asked", "steps", "epochs"),
    [
        ("the guide: ceil(5 * 15 / 4)", Hyperparameters(5, 4), 19, 5),
        ("defaults of the base stand in", Hyperparameters(), 38, 10),
        ("a batch larger than the data is one step an epoch", Hyperparameters(3, 15), 3, 3),
        ("rounded up once, not for each epoch", Hyperparameters(2, 60), 1, 2),
    ],
)
def test_training_size(reason, asked, steps, epochs):
    base = Base("*", defaults=Defaults(epoch_count=10, batch_size=4))
    size = training_size(DatasetFacts(DATA, 15, 214), asked, base)
    assert (size.examples, size.characters, size.epochs, size.steps) == (15, 214, epochs, steps)
