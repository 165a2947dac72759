"""Whatever comes in, what goes out is JSON: an answer, or an error in Google's form."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

STATUSES = {
    400: {"INVALID_ARGUMENT", "FAILED_PRECONDITION"},
    401: {"UNAUTHENTICATED"},
    403: {"PERMISSION_DENIED"},
    404: {"NOT_FOUND"},
    405: {"UNIMPLEMENTED"},
    409: {"ALREADY_EXISTS"},
    501: {"UNIMPLEMENTED"},
}

NAMES = st.sampled_from(
    [
        *("displayName", "display_name", "description", "baseModel", "tunedModelSource"),
        *("tunedModel", "temperature", "topP", "topK", "state", "createTime", "tuningTask"),
        *("trainingData", "training_data", "examples", "textInput", "text_input", "output"),
        *("hyperparameters", "epochCount", "batchSize", "learningRate", "contents", "parts"),
        *("text", "role", "granteeType", "emailAddress", "generationConfig", "stopSequences"),
        *("readerProjectNumbers", "name", "snapshots", "model", "maxOutputTokens", "inlineData"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["models/gemini-1.5-flash-001-tuning", "tunedModels/adder", "READER", "1e5"])
    | st.sampled_from([10**400, 2**31, 2**63, -1, 1e308, "9" * 500, "NaN", "a@b.c", ""])
)
BODIES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)
COMPLETE = {
    "baseModel": "models/gemini-1.5-flash-001-tuning",
    "displayName": "d",
    "tuningTask": {"trainingData": {"examples": {"examples": [{"textInput": "1", "output": "2"}]}}},
}
METHODS = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"])
PATHS = st.sampled_from(
    [
        *("/v1beta/tunedModels", "/v1/tunedModels/adder", "/v1beta/tunedModels/adder/permissions"),
        *("/v1/tunedModels/adder:generateContent", "/v1/tunedModels/adder:countTokens"),
        *("/v1beta/tunedModels/adder:transferOwnership", "/v1/operations", "/v1/models"),
        *("/v1/tunedModels/adder/operations", "/v1beta/tunedModels/adder/permissions/x"),
        *("/practice/v1/trainings", "/v1/tunedModels/adder:cancel"),
    ]
)
EXAMPLES = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


def well_formed(response):
    if response.request.method == "HEAD":
        assert response.content == b""
        return
    body = json.loads(response.content)
    if response.status_code == 200:
        return
    if isinstance(body, list):
        (body,) = body
    assert set(body) == {"error"}
    error = body["error"]
    assert error["code"] == response.status_code
    assert error["status"] in STATUSES[response.status_code]
    assert isinstance(error["message"], str)
    assert error["message"]
    for detail in error.get("details", []):
        assert detail["@type"].startswith("type.googleapis.com/google.rpc.")


@pytest.fixture
def adder(waiting):
    waiting.create("adder")
    return waiting


@pytest.fixture
def guarded(practice_with):
    return practice_with(training=False, require_key=True, api_key="the only key there is")


@EXAMPLES
@given(METHODS, PATHS, st.binary(max_size=60))
def test_any_bytes(adder, method, path, body):
    well_formed(adder.client.request(method, path, content=body))


@EXAMPLES
@given(METHODS, PATHS, BODIES)
def test_any_json(adder, method, path, body):
    content = json.dumps(body).encode()
    well_formed(adder.client.request(method, path, content=content))


@EXAMPLES
@given(st.data())
def test_a_complete_create_with_anything_put_somewhere_into_it(adder, data):
    body = json.loads(json.dumps(COMPLETE))
    place = body
    while data.draw(st.booleans()) and (
        inner := [v for v in place.values() if isinstance(v, dict)]
    ):
        place = data.draw(st.sampled_from(inner))
    place[data.draw(NAMES)] = data.draw(BODIES)
    well_formed(adder.client.post("/v1beta/tunedModels", content=json.dumps(body).encode()))


@EXAMPLES
@given(METHODS, st.binary(max_size=30), st.binary(max_size=30))
def test_any_path_and_query(adder, method, path, query):
    well_formed(adder.raw(method, b"/v1beta/" + path, query))


@EXAMPLES
@given(
    st.sampled_from(
        ["pageSize", "pageToken", "filter", "fields", "updateMask", "tunedModelId", "alt"]
    ),
    st.text(max_size=40),
    st.sampled_from(["GET", "POST", "PATCH"]),
    PATHS,
)
def test_any_parameter(adder, name, value, method, path):
    body = None if method == "GET" else COMPLETE
    well_formed(adder.client.request(method, path, params={name: value}, json=body))


HEADERS = st.sampled_from(["X_GOOG_API_KEY", "AUTHORIZATION"])


@EXAMPLES
@given(st.dictionaries(HEADERS, st.binary(max_size=20)))
def test_any_credentials(guarded, headers):
    response = guarded.raw("GET", b"/v1beta/tunedModels", **headers)
    assert response.status_code in (400, 401, 403)
    well_formed(response)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"tuningTask":' * 50_000,
        b'{"a":[' * 400 + b"]}" * 400,
        b'{"tuningTask":{"trainingData":{"examples":{"examples":[' + b"{}," * 100_000 + b"]}}}}",
        b'{"description":"' + b"x" * 5_000_000 + b'"}',
        b'{"displayName":"\\ud800"}',
        b'{"displayName":"\xed\xa0\x80"}',
        b'{"topK":' + b"9" * 100_000 + b"}",
        b'{"temperature":1e99999}',
        b"{" + b",".join(b'"k%d":1' % n for n in range(50_000)) + b"}",
    ],
)
def test_large_and_malicious_bodies(adder, body):
    response = adder.client.post("/v1beta/tunedModels", content=body)
    assert response.status_code == 400
    well_formed(response)
    assert len(response.content) < 100_000
