"""Every known failure of the service, and of the way to it, as an error of ours."""

import email.utils
import gzip
from datetime import UTC, datetime

import httpx
import pytest

from tuneform import errors
from tuneform.providers.google.errors import MESSAGE_CHARACTERS
from tuneform.providers.google.hints import KNOWN

NOT_SAFE = "\x00\x1b[31m\u202eevil\u200b\r\n\x85line"


def error_info(reason: str) -> dict[str, str]:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}


# Status, canonical name, message, details; then the error, its reason and a word of its hint.
CASES = [
    ((404, "NOT_FOUND", "Tuned model tunedModels/x does not exist."), errors.NotFound, "base"),
    (
        (
            403,
            "PERMISSION_DENIED",
            "You do not have permission to access tuned model tunedModels/x",
        ),
        errors.Forbidden,
        "another project",
    ),
    (
        (
            404,
            "NOT_FOUND",
            "models/x is not found for CREATE TUNED MODEL at API version v1beta.",
        ),
        errors.NotFound,
        "does not offer this base",
    ),
    (
        (
            404,
            "NOT_FOUND",
            "models/x is not found for API version v1beta, or is not supported for this.",
        ),
        errors.NotFound,
        "retired",
    ),
    (
        (400, "INVALID_ARGUMENT", "Either tuned_model_id or display_name must be set."),
        errors.InvalidRequest,
        "mistake in tuneform",
    ),
    (
        (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
        errors.InvalidRequest,
        "displayName",
    ),
    ((409, "ALREADY_EXISTS", "It exists already."), errors.AlreadyExists, "revision"),
    ((409, "ABORTED", "The transaction was aborted."), errors.ServiceFailure, ""),
    (
        (
            400,
            "INVALID_ARGUMENT",
            "Invalid JSON payload received. Unknown name \"foo\" at 'x': Cannot find field.",
        ),
        errors.InvalidRequest,
        "does not know this field",
    ),
    (
        (400, "FAILED_PRECONDITION", "The model is not active."),
        errors.InvalidRequest,
        "tuneform status",
    ),
    (
        (400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
        errors.InvalidRequest,
        "not offered where this runs",
    ),
    (
        (
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            [error_info("API_KEY_INVALID")],
        ),
        errors.Unauthenticated,
        "GEMINI_API_KEY",
    ),
    (
        (
            403,
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers (callers without established identity).",
        ),
        errors.Unauthenticated,
        "GEMINI_API_KEY",
    ),
    (
        (
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token.",
        ),
        errors.Unauthenticated,
        "gcloud auth",
    ),
    (
        (403, "PERMISSION_DENIED", "Request had insufficient authentication scopes."),
        errors.Forbidden,
        "generative-language.tuning",
    ),
    (
        (401, "UNAUTHENTICATED", "API keys are not supported by this API. Expected OAuth2."),
        errors.Unauthenticated,
        "tuneform[oauth]",
    ),
    (
        (403, "PERMISSION_DENIED", "It is disabled.", [error_info("SERVICE_DISABLED")]),
        errors.Forbidden,
        "enable the Generative Language API",
    ),
    (
        (403, "PERMISSION_DENIED", "This API requires a quota project."),
        errors.Forbidden,
        "set-quota-project",
    ),
    (
        (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        errors.Exhausted,
        "quota",
    ),
    ((503, "UNAVAILABLE", "The model is overloaded."), errors.ServiceFailure, "overloaded"),
    ((500, "INTERNAL", "An internal error has occurred."), errors.ServiceFailure, "later"),
    ((501, "UNIMPLEMENTED", "Not implemented."), errors.ServiceFailure, "does not offer this"),
    ((504, "DEADLINE_EXCEEDED", "Too late."), errors.ServiceFailure, "took too long"),
    ((499, "CANCELLED", "Cancelled."), errors.ServiceFailure, ""),
    ((413, "INVALID_ARGUMENT", "Too large."), errors.InvalidRequest, "4 MB"),
    ((418, "ODD", "I am a teapot."), errors.InvalidRequest, ""),
]


def failure(scripted, *replies):
    """What a call that is not sent again raises."""
    script = scripted(*replies)
    with pytest.raises(errors.RemoteError) as raised:
        script.provider.start(scripted.creation())
    return raised.value


@pytest.fixture
def fail(scripted, say):
    scripted.creation = say.creation
    return lambda *replies: failure(scripted, *replies)


def test_a_create_that_finds_nothing_is_no_deletion(fail, say, scripted):
    """What a create needs is a base and leave; nothing was there that could have gone."""
    absent = say.failed(404, "NOT_FOUND", "Requested entity was not found.")
    assert "base" in fail(absent).hint
    assert "deleted meanwhile" not in fail(absent).hint
    script = scripted(absent)
    with pytest.raises(errors.NotFound) as raised:
        tuple(script.provider.list())
    assert "deleted meanwhile" in raised.value.hint


@pytest.mark.parametrize(("case", "kind", "hint"), CASES, ids=lambda case: str(case)[:40])
def test_known_failures(fail, say, case, kind, hint):
    error = fail(say.failed(*case))

    assert type(error) is kind
    assert error.status == case[0]
    assert error.reason == (case[3][0]["reason"] if len(case) > 3 else case[1])
    assert error.message.startswith(
        "cannot create tunedModels/support-abcdefghij: generativelanguage.googleapis.com "
        f"answered {case[0]} {case[1]}: {case[2][:40]}"
    )
    assert hint in error.hint


def test_every_hint_is_an_order_for_one_line():
    for known in KNOWN:
        assert known.says == known.says.lower()
        assert "\n" not in known.hint
        assert not known.hint.endswith(".")


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (
            httpx.Response(404, html="<html><title>Error 404 (Not Found)!!1</title></html>"),
            errors.BadReply,
            "a web page",
        ),
        (httpx.Response(404), errors.BadReply, "404 Not Found"),
        (httpx.Response(409, text="conflict"), errors.BadReply, "conflict"),
        (httpx.Response(404, json={"detail": "Not Found"}), errors.BadReply, "404"),
        (httpx.Response(404, json=[]), errors.BadReply, "404"),
        (httpx.Response(400, json={"error": "invalid_request"}), errors.InvalidRequest, "400"),
        (httpx.Response(502, html="<html>bad gateway</html>"), errors.ServiceFailure, "web page"),
        (httpx.Response(503, text="x" * 100_000), errors.ServiceFailure, "xxx"),
        (httpx.Response(403, content=b"\xff\xfe"), errors.Forbidden, "403"),
        (httpx.Response(500, content=b"[" * 60_000), errors.ServiceFailure, "500"),
        (httpx.Response(599, text=""), errors.ServiceFailure, "599"),
        (
            httpx.Response(302, headers={"location": "https://evil.example/login?key=planted"}),
            errors.BadReply,
            "not followed (to https://evil.example/login)",
        ),
        (httpx.Response(304), errors.BadReply, "304"),
    ],
)
def test_replies_that_are_not_of_the_api(fail, reply, kind, says):
    error = fail(reply)

    assert type(error) is kind
    assert error.status == reply.status_code
    assert says in error.message
    assert error.hint
    assert len(error.message) < MESSAGE_CHARACTERS + 200
    assert "planted" not in error.message


@pytest.mark.parametrize("status", [301, 400, 404, 405, 409])
def test_a_page_of_somebody_else_points_to_the_endpoint(fail, status):
    assert "provider.endpoint" in fail(httpx.Response(status, html="<html></html>")).hint


def test_streaming_errors_come_in_an_array(fail, say):
    body = [{"error": {"code": 404, "message": "Gone.", "status": "NOT_FOUND"}}]

    assert type(fail(say.reply(body, 404))) is errors.NotFound


def test_odd_details_spoil_nothing(fail, say):
    details = [3, None, {"reason": 5}, {"reason": "API_KEY_INVALID"}, {"requestId": "abc"}]

    error = fail(say.failed(400, "INVALID_ARGUMENT", "No.", details))

    assert type(error) is errors.Unauthenticated
    assert error.message.endswith("No. (request id abc)")


def test_violated_fields_are_named(fail, say):
    violations = [{"field": "tuned_model.top_k", "description": "must be positive"}]

    error = fail(say.failed(400, "INVALID_ARGUMENT", "No.", [{"fieldViolations": violations}]))

    assert "(tuned_model.top_k: must be positive)" in error.message


def test_a_request_id_of_the_header_is_kept(fail, say):
    assert "(request id abc)" in fail(say.failed(403, "X", "No.", x_request_id="abc")).message


def test_what_the_service_says_is_one_safe_line(fail, say):
    error = fail(say.failed(403, "PERMISSION_DENIED", NOT_SAFE + "y" * 10_000))

    assert error.message.isprintable()
    assert "[31mevil line" in error.message
    assert len(error.message) < MESSAGE_CHARACTERS + 200
    assert error.message.endswith("…")


def test_a_name_that_is_no_word_is_not_shown(fail, say):
    error = fail(say.failed(403, "EVIL\x1b[2J", "No."))

    assert "answered 403 Forbidden: No." in error.message


def test_a_key_that_the_service_repeats_is_taken_out(fail, say):
    said = f"Consumer 'api_key:{say.key}' has been suspended."

    error = fail(say.failed(403, "PERMISSION_DENIED", said, [error_info(say.key)]))

    assert say.key not in f"{error.message} {error.reason} {error.hint}"
    assert "'api_key:[redacted]'" in error.message


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        (" 7 ", 7.0),
        (email.utils.format_datetime(datetime(2026, 1, 1, 0, 2, tzinfo=UTC), usegmt=True), 120.0),
        (email.utils.format_datetime(datetime(2025, 1, 1, tzinfo=UTC), usegmt=True), 0.0),
        ("Thu, 01 Jan 2026 00:01:00 -0000", 60.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Thu, 99 Jan 2026 00:01:00 GMT", None),
        ("", None),
    ],
)
def test_retry_after(fail, say, header, seconds):
    reply = say.failed(429, "RESOURCE_EXHAUSTED", "Slow down.", retry_after=header)

    assert fail(reply).retry_after == seconds


def test_how_long_to_wait_is_told(fail, say):
    asked = fail(say.failed(503, "UNAVAILABLE", "Slow down.", retry_after="3600.5"))
    assert asked.hint.endswith("; the service asks to wait 3,601 s")
    assert "asks to wait" not in fail(say.failed(503, "UNAVAILABLE", "Slow down.")).hint


@pytest.mark.parametrize(("delay", "seconds"), [("30s", 30.0), ("1.5s", 1.5), ("soon", None)])
def test_retry_info(fail, say, delay, seconds):
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]

    assert fail(say.failed(429, "RESOURCE_EXHAUSTED", "No.", details)).retry_after == seconds


def every_kind_of_request_error() -> list[type[httpx.RequestError]]:
    found, left = [], [httpx.RequestError]
    while left:
        kind = left.pop()
        found.append(kind)
        left += kind.__subclasses__()
    return found


NOTHING_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"}
NOT_A_REPLY = {"DecodingError": errors.BadReply}
NO_REQUEST = dict.fromkeys(["UnsupportedProtocol", "LocalProtocolError"], errors.InvalidRequest)


@pytest.mark.parametrize("kind", every_kind_of_request_error(), ids=lambda kind: kind.__name__)
def test_everything_that_httpx_raises_is_mapped(fail, say, kind):
    """A new error of httpx must be sorted by hand: it is taken for one that may have arrived."""
    name = kind.__name__

    error = fail(kind(f"it broke with {say.key}"))

    assert type(error) is {**NOT_A_REPLY, **NO_REQUEST}.get(name, errors.Unreachable)
    if isinstance(error, errors.Unreachable):
        assert error.sent is (name not in NOTHING_SENT)
        assert error.hint
    assert say.key not in error.message
    assert error.__cause__ is None
    assert error.__context__ is None


def test_an_invalid_url_is_a_request_that_cannot_be_sent(fail):
    assert type(fail(httpx.InvalidURL("too long"))) is errors.InvalidRequest


def test_a_certificate_that_is_not_trusted_is_not_tried_again(scripted):
    broken = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    script = scripted(broken)

    with pytest.raises(errors.RemoteError, match="certificate of generativelanguage") as failure:
        list(script.provider.list())

    assert "SSL_CERT_FILE" in failure.value.hint
    assert script.clock.monotonic() == 0


def test_nothing_answers_on_this_machine(scripted, say):
    script = scripted(httpx.ConnectError("refused"), endpoint="http://127.0.0.1:8765")

    with pytest.raises(errors.Unreachable) as failure:
        script.provider.start(say.creation())

    assert "tuneform serve" in failure.value.hint


def test_a_huge_error_is_not_read_to_its_end(scripted, say):
    taken = []

    class Endless(httpx.SyncByteStream):
        def __iter__(self):
            while len(taken) < 100:
                taken.append(1)
                yield b"x" * 10_000

    script = scripted(httpx.Response(500, stream=Endless()))

    with pytest.raises(errors.ServiceFailure):
        script.provider.start(say.creation())

    assert len(taken) < 10


def test_a_reply_that_breaks_off_is_unreachable(fail):
    class Broken(httpx.SyncByteStream):
        def __iter__(self):
            yield b'{"name": '
            raise httpx.RemoteProtocolError("peer closed connection")

    error = fail(httpx.Response(200, stream=Broken()))

    assert type(error) is errors.Unreachable
    assert error.sent


def test_packed_errors_are_read(fail, say):
    body = gzip.compress(say.failed(404, "NOT_FOUND", "Gone.").content)

    error = fail(httpx.Response(404, content=body, headers={"content-encoding": "gzip"}))

    assert type(error) is errors.NotFound
