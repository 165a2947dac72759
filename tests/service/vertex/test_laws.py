"""Whatever comes in, what goes out is JSON in Google's form; and laws of what reads it."""

import json
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.service.test_fuzz import well_formed
from tests.service.vertex.example import line

from tuneform.service.errors import ApiError
from tuneform.service.vertex.datasets import DatasetUnusable, Sample, read_examples
from tuneform.service.vertex.filters import parse_filter
from tuneform.service.vertex.names import Names, project_number

EXAMPLES = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

NAMES = st.sampled_from(
    [
        *("tunedModelDisplayName", "labels", "baseModel", "preTunedModel", "tunedModelName"),
        *("supervisedTuningSpec", "trainingDatasetUri", "hyperParameters", "epochCount", "model"),
        *("learningRateMultiplier", "adapterSize", "displayName", "deployedModel", "etag", "id"),
        *("trafficSplit", "deployedModelId", "contents", "parts", "text", "versionAliases", "a"),
        *("preferenceOptimizationSpec", "checkpointId", "systemInstruction", "state", "error"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["gemini-2.5-flash", "gs://practice/numbers.jsonl", 10**400, 2**63, "9" * 99])
)
BODIES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)
METHODS = st.sampled_from(["GET", "POST", "PATCH", "DELETE"])
PATHS = st.sampled_from(
    [
        *("tuningJobs", "tuningJobs/1", "tuningJobs/1:cancel", "models", "models/1@2"),
        *("models/1:mergeVersionAliases", "models/1:listVersions", "models/1@1:deleteVersion"),
        *("endpoints", "endpoints/1", "endpoints/1:deployModel", "endpoints/1:undeployModel"),
        *("endpoints/1:generateContent", "operations", "operations/1", "operations/1:wait"),
        *("endpoints/1/operations/1:cancel", "models/1/operations"),
    ]
)


@EXAMPLES
@given(METHODS, PATHS, BODIES)
def test_any_json_has_an_answer_or_an_error(waiting, method, path, body):
    content = json.dumps(body).encode()
    well_formed(waiting.client.request(method, f"/v1/{waiting.HOME}/{path}", content=content))


@EXAMPLES
@given(st.data())
def test_a_complete_create_with_anything_put_somewhere_into_it(waiting, data):
    body = waiting.body(labels={"a": "b"}, hyper={"epochCount": 3})
    place = body
    while data.draw(st.booleans()) and (
        inner := [value for value in place.values() if isinstance(value, dict)]
    ):
        place = data.draw(st.sampled_from(inner))
    place[data.draw(NAMES)] = data.draw(BODIES)
    content = json.dumps(body).encode()
    well_formed(waiting.client.post(f"/v1/{waiting.HOME}/tuningJobs", content=content))


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_refused(text):
    try:
        terms = parse_filter(text)
    except ApiError:
        return
    assert bool(terms) == bool(text.strip())


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True), st.text(max_size=4)))
def test_labels_meet_the_filter_that_is_made_of_them(labels):
    texts = [f"labels.{key}:*" for key in labels]
    terms = parse_filter(" AND ".join(texts))
    assert all(term.takes({"labels": labels}) for term in terms)
    assert not any(term.takes({"labels": {}}) for term in terms)


LINES = st.lists(
    st.tuples(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8)), min_size=1
)


@given(LINES, st.integers(1, 50))
def test_examples_are_the_same_in_whatever_pieces_they_come(pairs, size):
    data = b"\n".join(json.dumps(line(*pair)).encode() for pair in pairs)
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    assert read_examples("gs://b/x.jsonl", pieces).sample.pairs == pairs
    assert read_examples("gs://b/x.jsonl", [data + b"\n\n"]).sample.pairs == pairs


@given(st.binary(max_size=80) | st.from_type(dict).map(lambda row: json.dumps(row).encode()))
def test_any_file_is_read_or_refused(data):
    with pytest.raises(DatasetUnusable):
        read_examples("gs://b/x.jsonl", [data])


@given(st.from_regex(r"[a-z][a-z0-9-]{4,28}", fullmatch=True))
def test_a_number_stands_for_a_project(project):
    number = project_number(project)
    assert len(number) == 12
    assert project_number(number) == number
    names = Names(numbers=True)
    assert names.home(project, "l") == names.home(number, "l")


@given(
    st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9))), st.randoms(), st.integers(1, 60)
)
def test_a_sample_depends_on_what_came_and_not_on_when(pairs, chance, most):
    again = chance.sample(pairs, len(pairs))
    one, other = Sample(most), Sample(most)
    for text, output in pairs:
        one.add(text, output)
    for text, output in again:
        other.add(text, output)
    assert (one.digest, one.taken()) == (other.digest, other.taken())
    taken = one.taken()
    assert bool(taken) == bool(pairs)
    assert len(taken) <= 1 or sum(map(len, chain(*taken))) <= most
    if sum(map(len, chain(*pairs))) <= most:
        assert taken == sorted(pairs)
