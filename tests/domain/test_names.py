"""Names, owners and the short forms of digests."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.names import SHORT, Owner, is_name, looks_derived, remote_id, short

names = st.from_regex(r"[a-z]([a-z0-9-]{0,27}[a-z0-9])?", fullmatch=True)
digests = st.binary(max_size=8).map(lambda seed: hashlib.sha256(seed).hexdigest())


@pytest.mark.parametrize("name", ["a", "n9", "a-b", "a--b", "number-generator", "m" * 29])
def test_names_that_follow_the_rule(name):
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", "A", "9a", "-a", "a-", "a_b", "a.b", "a/b", "a b", "a\n", "\u00e9", "m" * 30]
)
def test_names_that_do_not(name):
    assert not is_name(name)


@given(digests)
def test_short_is_the_head_of_the_base32(digest):
    whole = base64.b32encode(bytes.fromhex(digest)).decode().lower()
    assert short(digest) == whole[:10]
    assert SHORT.fullmatch(short(digest))


@given(names, digests)
def test_an_id_is_fit_for_the_service_and_shows_its_model(model, digest):
    derived = remote_id("demo/prod", model, digest)
    assert len(derived) <= 40
    assert looks_derived(f"tunedModels/{derived}", model)
    assert not looks_derived(f"tunedModels/{derived}", f"{model}x")


@given(names, names, names, digests)
def test_owners_and_inputs_have_ids_of_their_own(one, other, model, digest):
    same = remote_id(one, model, digest) == remote_id(other, model, digest)
    assert same == (one == other)


def test_an_environment_is_another_owner():
    assert str(Owner("demo")) == "demo"
    assert str(Owner("demo", "prod")) == "demo/prod"
    assert Owner("demo") != Owner("demo", "prod")


@pytest.mark.parametrize(
    "remote", ["tunedModels/support", "tunedModels/support-", "tunedModels/support-1abcdefghi"]
)
def test_other_ids_do_not_look_derived(remote):
    assert not looks_derived(remote, "support")
