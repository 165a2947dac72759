"""Names of resources: only what is checked in every part is used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.errors import InvalidRequest
from tuneform.providers.vertex.names import ENDPOINTS, JOBS, MODELS, Home, ModelRef

HOME = Home("demo-project", "europe-west4")
PATH = "projects/demo-project/locations/europe-west4"


def test_names_are_made_of_parts():
    assert HOME.name(JOBS, "123") == f"{PATH}/tuningJobs/123"
    assert HOME.model(ModelRef("12", "3")) == f"{PATH}/models/12@3"


@pytest.mark.parametrize(
    "identity", ["", ".", "..", "a/b", "a?b", "a#b", "a b", "a:cancel", "%2e%2e", "a@b", "é", "a\n"]
)
def test_no_other_text_becomes_a_path(identity):
    with pytest.raises(InvalidRequest):
        HOME.name(JOBS, identity)
    assert HOME.id_in(JOBS, f"{PATH}/tuningJobs/{identity}") is None


@pytest.mark.parametrize("version", ["../x", "a:b", "1/2", "@", " "])
def test_nor_does_a_version(version):
    with pytest.raises(InvalidRequest):
        HOME.model(ModelRef("1", version))
    assert HOME.model_in(f"{PATH}/models/1@{version}") is None


@pytest.mark.parametrize(
    ("project", "location"),
    [
        ("", "global"),
        ("a/b", "global"),
        ("demo", ""),
        ("demo", "a.evil.example"),
        ("demo", "x/y"),
        ("demo", "-a"),
        ("demo", "A"),
        ("demo", "é"),
        ("demo", "a" * 40),
        ("..", "global"),
    ],
)
def test_a_home_that_is_none(project, location):
    with pytest.raises(InvalidRequest, match=r"provider\.(project|location)"):
        Home(project, location)


def test_a_number_may_stand_for_our_project_and_nothing_else_may():
    assert HOME.id_in(JOBS, "projects/4711/locations/europe-west4/tuningJobs/1") == "1"
    assert HOME.id_in(JOBS, "projects/other/locations/europe-west4/tuningJobs/1") is None
    assert HOME.id_in(JOBS, "projects/demo-project/locations/us-central1/tuningJobs/1") is None
    numbered = Home("4711", "global")
    assert numbered.id_in(JOBS, "projects/4711/locations/global/tuningJobs/1") == "1"
    assert numbered.id_in(JOBS, "projects/4712/locations/global/tuningJobs/1") is None


def test_collections_are_told_apart():
    assert HOME.id_in(ENDPOINTS, f"{PATH}/endpoints/7") == "7"
    assert HOME.id_in(MODELS, f"{PATH}/endpoints/7") is None
    assert HOME.id_in(MODELS, None) is None
    assert HOME.model_in(f"{PATH}/models/7@2") == ModelRef("7", "2")
    assert HOME.model_in(f"{PATH}/models/7") == ModelRef("7")


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        (f"{PATH}/operations/1", True),
        (f"{PATH}/endpoints/2/operations/1", True),
        (f"{PATH}/models/2/operations/1", True),
        (f"{PATH}/models/../operations/1", False),
        (f"{PATH}/models/2/operations/1/..", False),
        (f"{PATH}/other/2/operations/1", False),
        ("operations/1", False),
        ("projects/x/locations/europe-west4/operations/1", False),
    ],
)
def test_operations(name, ours):
    assert (HOME.operation_in(name) is not None) == ours


@given(st.text())
def test_any_text_has_an_answer(text):
    assert HOME.id_in(JOBS, text) is None or text.startswith("projects/")
    assert HOME.model_in(f"{PATH}/models/{text}") is None or "/" not in text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1", "1", True),
        ("1@2", "1", True),
        ("1@2", "1@2", True),
        ("1@2", "1@3", False),
        ("1", "2", False),
    ],
)
def test_a_reference_without_a_version_stands_for_any(one, other, same):
    def ref(text):
        head, _, version = text.partition("@")
        return ModelRef(head, version or None)

    assert ref(one).meets(ref(other)) == ref(other).meets(ref(one)) == same
