"""Requests before they reach a rule: credentials, routes, parameters, sizes."""

import httpx
import pytest

from tuneform.service.application import Application
from tuneform.service.courtesy import Courtesy
from tuneform.service.credentials import Gate
from tuneform.service.routes import Route
from tuneform.service.wire import MAX_BODY


def called(practice, path="tunedModels", headers=None, **query):
    url = path if path.startswith("/") else f"/v1beta/{path}"
    return practice.client.get(url, headers=headers or {}, params=query)


def test_no_credentials(practice_with):
    practice = practice_with(require_key=True)
    for headers, query in (({}, {}), ({"x-goog-api-key": ""}, {"key": ""})):
        response = called(practice, headers=headers, **query)
        assert response.status_code == 403
        assert response.json()["error"]["message"].startswith("Method doesn't allow unregistered")
    assert called(practice, "/practice/v1/trainings").status_code == 403
    assert called(practice, "/practice/v1/health").status_code == 200


def test_any_key_will_do_unless_one_is_set(practice_with):
    practice = practice_with(require_key=True)
    assert called(practice, headers={"x-goog-api-key": "any"}).status_code == 200
    assert called(practice, key="any").status_code == 200
    assert called(practice, headers={"Authorization": "Bearer any"}).status_code == 200
    assert called(practice, access_token="any").status_code == 200
    for bad in ("Basic x", "Bearer ", "nonsense"):
        assert called(practice, headers={"Authorization": bad}).status_code == 401


def test_only_the_key_that_is_set(practice_with):
    practice = practice_with(require_key=True, api_key="right")
    assert called(practice, headers={"x-goog-api-key": "right"}).status_code == 200
    assert called(practice, key="right").status_code == 200
    assert called(practice, headers={"Authorization": "Bearer right"}).status_code == 200
    wrong = called(practice, key="wröng")
    assert wrong.status_code == 400
    assert wrong.json()["error"] == {
        "code": 400,
        "message": "API key not valid. Please pass a valid API key.",
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
            }
        ],
    }
    token = called(practice, headers={"Authorization": "Bearer wrong"})
    assert (token.status_code, token.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_a_wrong_key_masks_every_other_mistake(practice_with):
    practice = practice_with(require_key=True, api_key="right")
    response = practice.client.post("/v1beta/tunedModels?foo=1&key=wrong", content=b"{")
    assert "API key not valid" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/", 404),
        ("GET", "/v1beta", 404),
        ("GET", "/v2/tunedModels", 404),
        ("GET", "/v1beta/tunedModels/", 404),
        ("GET", "/v1beta//tunedModels", 404),
        ("POST", "/v1beta/tunedModels/a:nonsense", 404),
        ("GET", "/v1beta/tunedModels/a/b", 404),
        ("GET", "/practice/v1/nothing", 404),
        ("GET", "/v1beta/../etc", 404),
        ("GET", "/v1beta/tunedModels/%FF%00", 404),
        ("PUT", "/v1beta/tunedModels", 405),
        ("OPTIONS", "/v1beta/tunedModels", 405),
        ("POST", "/v1beta/tunedModels/a", 405),
        ("GET", "/v1beta/tunedModels/a:generateContent", 405),
        ("DELETE", "/practice/v1/trainings", 405),
        ("BREW", "/v1/tunedModels", 405),
    ],
)
def test_what_is_not_there_is_refused_in_json(practice, method, path, code):
    error = practice.refused(method, path)
    assert error["code"] == code
    assert error["status"] == ("NOT_FOUND" if code == 404 else "UNIMPLEMENTED")


def test_head_has_no_body(practice):
    response = practice.call("HEAD", "tunedModels")
    assert (response.status_code, response.content) == (405, b"")
    assert response.headers["allow"] == "GET, POST"


def test_parameters_that_every_method_takes(practice):
    everything = {
        "alt": "json",
        "prettyPrint": "true",
        "quotaUser": "q",
        "callback": "c",
        "$.xgafv": "2",
        "uploadType": "x",
        "upload_protocol": "y",
        "key": "k",
        "oauth_token": "o",
    }
    assert practice.ok("GET", "tunedModels", **everything) == {}
    assert practice.refused("GET", "tunedModels", alt="proto")["code"] == 400


def test_parameters_that_a_method_does_not_take(practice):
    error = practice.refused("GET", "tunedModels", foo="1")
    assert error["message"] == (
        'Invalid JSON payload received. Unknown name "foo": Cannot bind query parameter. '
        "Field 'foo' could not be found in request message."
    )
    for query in ({"pageSize": "x"}, {"pageSize": -1}, {"pageSize": 2**31}, {"fields": "nme"}):
        assert practice.refused("GET", "tunedModels", **query)["code"] == 400


def test_answers_are_indented_unless_that_is_switched_off(practice):
    practice.create("adder")
    assert practice.call("GET", "tunedModels/adder").text.startswith('{\n  "name"')
    assert practice.call("GET", "tunedModels/adder", prettyPrint="false").text.startswith('{"name"')


def test_a_body_has_a_largest_size(practice):
    body = b" " * (MAX_BODY + 1)
    for content in (body, iter([body])):
        response = practice.client.post("/v1beta/tunedModels", content=content)
        assert response.status_code == 400
        assert str(MAX_BODY) in response.json()["error"]["message"]


def test_a_body_at_the_limit_is_read(practice):
    head = b'{"displayName": "' + b"x" * 41 + b'", "baseModel": "models/x"'
    body = head + b" " * (MAX_BODY - len(head) - 1) + b"}"
    response = practice.client.post("/v1beta/tunedModels", content=body)
    assert response.json()["error"]["message"] == "Request contains an invalid argument."


def test_a_mistake_of_the_service_is_a_500_in_json(caplog):
    def broken(_):
        raise ZeroDivisionError("a mistake of the service")

    route = Route("GET", "tunedModels", broken)
    application = Application([route], Gate(None, require_key=False, per_key=False), Courtesy())
    with httpx.Client(transport=httpx.WSGITransport(application)) as client:
        response = client.get("http://practice.invalid/v1/tunedModels")
    error = response.json()["error"]
    assert (response.status_code, error["status"]) == (500, "INTERNAL")
    assert "a mistake of the service" not in response.text
    assert "a mistake of the service" in caplog.text


def test_a_file_that_cannot_be_used_now_is_503(practice_with, tmp_path):
    data = tmp_path / "p.db"
    practice = practice_with(training=False, data=data)
    practice.service._store._database._writer.execute("DROP TABLE permissions")
    assert practice.refused("GET", "tunedModels")["status"] == "UNAVAILABLE"
