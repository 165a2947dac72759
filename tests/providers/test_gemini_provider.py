"""The verbs against written-out replies: what is asked, and what becomes of the answer."""

import json

import httpx
import pytest

from tuneform import errors
from tuneform.domain.live import Live, LiveState, LossPoint, Training
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.providers.base import Provider
from tuneform.providers.gemini.provider import GeminiProvider, capabilities

REMOTE = "tunedModels/support-abcdefghij"
OPERATION = f"{REMOTE}/operations/bvl8dymw0fhw"
METADATA = "type.googleapis.com/google.ai.generativelanguage.v1beta.CreateTunedModelMetadata"


def an_operation(**changes):
    metadata = {"@type": METADATA, "tunedModel": REMOTE, "totalSteps": 38}
    return {"name": OPERATION, "metadata": metadata, **changes}


def is_a_provider(provider: GeminiProvider) -> Provider:
    return provider


# list


def test_a_list_is_read_to_its_end(scripted, say):
    script = scripted(
        say.reply({"tunedModels": [{"name": "tunedModels/a"}], "nextPageToken": "x&y=z"}),
        say.reply({"nextPageToken": "empty-pages-happen"}),
        say.reply({"tunedModels": [{"name": "tunedModels/b"}, {"name": "tunedModels/a"}]}),
    )

    assert [each.remote for each in script.provider.list()] == ["tunedModels/a", "tunedModels/b"]
    queries = [dict(each.url.params) for each in script.requests]
    assert [each.get("pageToken") for each in queries] == [None, "x&y=z", "empty-pages-happen"]
    assert {each["pageSize"] for each in queries} == {"1000"}
    assert queries[0]["fields"].startswith("nextPageToken,tunedModels(name,")
    assert "snapshots" not in queries[0]["fields"]


def test_curves_are_asked_for_by_name(scripted, say):
    script = scripted(say.reply({}))

    assert list(script.provider.list(curves=True)) == []
    assert "snapshots(step,epoch,meanLoss)" in script.requests[0].url.params["fields"]


@pytest.mark.parametrize("body", [b"{}", b"{}\n", b" {\n} ", b'{"tunedModels": []}'])
def test_an_empty_list(scripted, body):
    assert list(scripted(httpx.Response(200, content=body)).provider.list()) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b"<html>Sign in</html>",
        b'{"tunedModels": [{"name": "tunedModels/a"}',
        b'{"tunedModels": null}',
        b'{"tunedModels": {}}',
        b'{"tunedModels": [{}]}',
        b'{"tunedModels": [null]}',
        b'{"tunedModels": [{"name": 3}]}',
        b'{"tunedModels": [{"name": "tunedModels/a", "temperature": "warm"}]}',
        b'{"tunedModels": [{"name": "tunedModels/a", "createTime": "yesterday"}]}',
        b'{"tunedModels": [{"name": "tunedModels/a", "description": "\\ud800"}]}',
        b'{"tunedModels": [{"name": "tunedModels/\xff"}]}',
        b'{"nextPageToken": 3}',
        b'{"error": {"code": 500, "message": "x"}}',
        b'{"message": "Welcome!"}',
        b'{"models": []}',
        b"[" * 100_000,
    ],
)
def test_a_page_that_is_none_is_never_an_empty_list(scripted, body):
    with pytest.raises(errors.BadReply, match="cannot list the tuned models") as failure:
        list(scripted(*[httpx.Response(200, content=body)] * 3).provider.list())

    assert "provider.endpoint" in failure.value.hint


def test_a_web_page_is_called_so(scripted):
    with pytest.raises(errors.BadReply, match="it is a web page"):
        list(scripted(*[httpx.Response(200, html=" <!doctype html>")] * 3).provider.list())


def test_a_list_without_an_end_is_an_error(scripted, say):
    pages = [say.reply({"nextPageToken": token}) for token in ("a", "b", "a")]

    with pytest.raises(errors.BadReply, match="names the same page twice"):
        list(scripted(*pages).provider.list())


def test_a_broken_page_is_asked_for_again(scripted, say):
    whole = say.reply({"tunedModels": [{"name": "tunedModels/a"}]})
    half = httpx.Response(200, content=whole.content[:20])

    script = scripted(half, half, whole)

    assert [each.remote for each in script.provider.list()] == ["tunedModels/a"]


def test_a_list_whose_token_expired_is_begun_again(scripted, say):
    def page(name, **more):
        return say.reply({"tunedModels": [{"name": f"tunedModels/{name}"}], **more})

    expired = say.failed(400, "INVALID_ARGUMENT", "The page token is not valid.")
    script = scripted(
        page("a", nextPageToken="1"), expired, page("a", nextPageToken="1"), page("b")
    )

    assert [each.remote for each in script.provider.list()] == ["tunedModels/a", "tunedModels/b"]


def test_tokens_that_always_expire_are_an_error(scripted, say):
    first = say.reply({"nextPageToken": "1"})
    expired = say.failed(400, "INVALID_ARGUMENT", "The page token is not valid.")

    with pytest.raises(errors.InvalidRequest, match="page token"):
        list(scripted(*[first, expired] * 3).provider.list())


def test_a_first_page_that_is_refused_is_not_asked_for_again(scripted, say):
    with pytest.raises(errors.InvalidRequest):
        list(scripted(say.failed(400, "INVALID_ARGUMENT", "No.")).provider.list())


def test_a_list_that_breaks_off_raises_after_what_it_gave(scripted, say):
    script = scripted(
        say.reply({"tunedModels": [{"name": "tunedModels/a"}], "nextPageToken": "x"}),
        say.failed(403, "PERMISSION_DENIED", "No."),
    )
    models = script.provider.list()

    assert next(models).remote == "tunedModels/a"
    with pytest.raises(errors.Forbidden):
        next(models)


# observe


def test_observe_reads_the_loss_curve(scripted, say):
    snapshots = [{"step": 1, "meanLoss": 2.5}, {"step": 2, "epoch": 1, "meanLoss": 1.5}]
    task = {"snapshots": snapshots}
    script = scripted(say.reply({"name": REMOTE, "state": "CREATING", "tuningTask": task}))

    live = script.provider.observe(REMOTE)

    assert live == Live(
        REMOTE, LiveState.TRAINING, curve=(LossPoint(1, 0, 2.5), LossPoint(2, 1, 1.5))
    )
    assert script.lines() == [f"GET /v1beta/{REMOTE}"]


def test_observe_tells_absent_from_forbidden(scripted, say):
    gone = say.failed(404, "NOT_FOUND", f"Tuned model {REMOTE} does not exist.")
    theirs = say.failed(403, "PERMISSION_DENIED", "You do not have permission")

    assert scripted(gone).provider.observe(REMOTE) is None
    with pytest.raises(errors.Forbidden):
        scripted(theirs).provider.observe(REMOTE)


def test_a_page_of_status_404_is_not_absence(scripted):
    page = httpx.Response(404, html="<html>404</html>")

    for verb in ("observe", "delete"):
        with pytest.raises(errors.BadReply):
            getattr(scripted(page).provider, verb)(REMOTE)


def test_an_answer_about_another_object_is_refused(scripted, say):
    with pytest.raises(errors.BadReply, match="tunedModels/other"):
        scripted(say.reply({"name": "tunedModels/other"})).provider.observe(REMOTE)


@pytest.mark.parametrize(
    "remote",
    ["", "support", "models/x", "tunedModels/", "tunedModels/..", "tunedModels/a/b", "x/y/z"],
)
def test_a_name_that_is_none_reaches_nobody(scripted, remote):
    with pytest.raises(errors.InvalidRequest, match="not the name of a tuned model"):
        scripted().provider.observe(remote)


def test_a_name_cannot_leave_its_place_in_the_path(scripted, say):
    script = scripted(say.reply({}))

    script.provider.delete("tunedModels/a?b#c%2f")

    assert script.lines() == ["DELETE /v1beta/tunedModels/a%3Fb%23c%252f"]


# start


def test_start_sends_id_and_mark_and_tells_what_it_began(scripted, say):
    script = scripted(say.reply(an_operation()))

    live = script.provider.start(say.creation())

    assert script.lines() == ["POST /v1beta/tunedModels?tunedModelId=support-abcdefghij"]
    assert script.bodies()[0]["description"] == f"Answers.\n{say.mark()}"
    assert live == Live(
        REMOTE,
        LiveState.TRAINING,
        mark=say.mark(),
        display_name="Support",
        description="Answers.",
        base="models/gemini-1.5-flash-001-tuning",
        hyperparameters=Hyperparameters(epoch_count=5, learning_rate=0.001),
        temperature=0.7,
    )


def test_the_name_of_the_operation_will_do(scripted, say):
    script = scripted(say.reply({"name": OPERATION}))

    assert script.provider.start(say.creation()).remote == REMOTE


@pytest.mark.parametrize(
    "operation",
    [
        {},
        {"name": "operations/x"},
        {"name": "tunedModels/other/operations/x"},
        an_operation(metadata={"tunedModel": "tunedModels/other"}),
        an_operation(metadata=3),
    ],
)
def test_an_operation_of_something_else_is_refused(scripted, say, operation):
    with pytest.raises(errors.BadReply):
        scripted(say.reply(operation)).provider.start(say.creation())


def test_a_training_that_ends_at_once_must_be_looked_at(scripted, say):
    ended = an_operation(done=True, error={"code": 13, "message": "No machine."})

    with pytest.raises(errors.ServiceFailure, match="No machine"):
        scripted(say.reply(ended)).provider.start(say.creation())


def test_a_create_without_an_id_is_a_bug(scripted, say):
    with pytest.raises(ValueError, match="trains twice"):
        scripted().provider.start(say.creation(remote=None))


def test_a_text_that_is_not_unicode_is_not_sent(scripted, say):
    with pytest.raises(errors.InvalidRequest, match="valid Unicode"):
        scripted().provider.start(say.creation(examples=[("\ud800", "x")]))
    with pytest.raises(errors.InvalidRequest, match="valid Unicode"):
        scripted().provider.ask(REMOTE, "\udcff")


def test_an_error_of_the_examples_is_passed_on(scripted, say):
    def changed():
        yield "1", "2"
        raise errors.Stale("the dataset changed")

    with pytest.raises(errors.Stale):
        scripted().provider.start(say.creation(examples=changed()))


# patch


def test_a_patch_sends_what_changes_and_reads_back(scripted, say):
    live = Live(REMOTE, LiveState.ACTIVE, mark=say.mark(), description="Answers.", top_k=3)
    after = {"name": REMOTE, "state": "ACTIVE", "displayName": "as read back"}
    script = scripted(say.reply({"name": REMOTE, "displayName": "partial"}), say.reply(after))

    patched = script.provider.patch(live, Fields(top_k=7), say.mark(serving=True))

    assert patched.display_name == "as read back"
    assert script.lines() == [
        f"PATCH /v1beta/{REMOTE}?updateMask=description,topK",
        f"GET /v1beta/{REMOTE}",
    ]
    assert script.bodies()[0] == {
        "description": f"Answers.\n{say.mark(serving=True)}",
        "topK": 7,
    }


def test_a_patch_of_nothing_only_looks(scripted, say):
    live = Live(REMOTE, LiveState.ACTIVE, mark=say.mark(), description="Answers.")
    script = scripted(say.reply({"name": REMOTE}))

    script.provider.patch(live, Fields(description="Answers."), say.mark())

    assert script.lines() == [f"GET /v1beta/{REMOTE}"]


def test_no_mark_takes_the_mark_off(scripted, say):
    live = Live(REMOTE, LiveState.ACTIVE, mark=say.mark(), description="Answers.")
    script = scripted(say.reply({}), say.reply({"name": REMOTE}))

    script.provider.patch(live, Fields(), None)

    assert script.bodies()[0] == {"description": "Answers."}


def test_a_patch_of_what_is_gone_is_not_found(scripted, say):
    live = Live(REMOTE, LiveState.ACTIVE)

    with pytest.raises(errors.NotFound):
        scripted(say.failed(404, "NOT_FOUND", "Gone.")).provider.patch(live, Fields("x"), None)


def test_an_error_after_an_edit_that_was_made_says_so(scripted, say):
    live = Live(REMOTE, LiveState.ACTIVE)
    refused = say.failed(403, "PERMISSION_DENIED", "Not yours.")

    with pytest.raises(errors.Forbidden) as before:
        scripted(refused).provider.patch(live, Fields("x"), None)
    with pytest.raises(errors.Forbidden) as after:
        scripted(say.reply({"name": REMOTE}), refused).provider.patch(live, Fields("x"), None)

    assert (before.value.changed, after.value.changed) == (False, True)


# delete, cancel


@pytest.mark.parametrize("status", [200, 404])
def test_delete(scripted, say, status):
    answer = say.reply({}) if status == 200 else say.failed(404, "NOT_FOUND", "Gone.")
    script = scripted(answer)

    script.provider.delete(REMOTE)

    assert script.lines() == [f"DELETE /v1beta/{REMOTE}"]


def test_cancel_finds_the_operation_that_runs(scripted, say):
    done = an_operation(name=f"{REMOTE}/operations/old", done=True)
    batch = an_operation(name=f"{REMOTE}/operations/batch", metadata={"@type": "x/y.Batch"})
    script = scripted(say.reply({"operations": [done, batch, an_operation()]}), say.reply({}))

    script.provider.cancel(REMOTE)

    assert script.lines()[0].startswith(f"GET /v1beta/{REMOTE}/operations?fields=")
    assert script.lines()[1:] == [f"POST /v1/{OPERATION}:cancel"]
    assert script.bodies()[1] == {}


UNDECLARED = [
    httpx.Response(404, html="<html>404</html>"),
    httpx.Response(405),
    httpx.Response(501),
    httpx.Response(404, json={"error": {"code": 404, "message": "x", "status": "NOT_FOUND"}}),
]


@pytest.mark.parametrize("undeclared", UNDECLARED)
def test_cancel_falls_back_to_the_other_version(scripted, say, undeclared):
    script = scripted(say.reply({"operations": [an_operation()]}), undeclared, say.reply({}))

    script.provider.cancel(REMOTE)

    assert script.lines()[-1] == f"POST /v1beta/{OPERATION}:cancel"


def test_nothing_to_cancel_is_success(scripted, say):
    gone = say.failed(404, "NOT_FOUND", "Gone.")
    over = say.failed(400, "FAILED_PRECONDITION", "It is over.")
    running = say.reply({"operations": [an_operation()]})

    scripted(gone).provider.cancel(REMOTE)
    scripted(say.reply({})).provider.cancel(REMOTE)
    scripted(running, over).provider.cancel(REMOTE)
    scripted(running, gone, gone).provider.cancel(REMOTE)


def test_a_cancel_that_is_forbidden_is_an_error(scripted, say):
    script = scripted(
        say.reply({"operations": [an_operation()]}), say.failed(403, "PERMISSION_DENIED", "No.")
    )

    with pytest.raises(errors.Forbidden):
        script.provider.cancel(REMOTE)


# training


def test_training_is_read_from_the_operation_that_runs(scripted, say):
    metadata = {
        "@type": METADATA,
        "totalSteps": 38,
        "completedSteps": 2,
        "completedPercent": 5.26,
        "snapshots": [{"step": 1, "meanLoss": 2.5}, {"step": 2, "meanLoss": 1.5}],
    }
    running = an_operation(metadata=metadata)
    done = an_operation(name=f"{REMOTE}/operations/old", done=True)
    script = scripted(say.reply({"operations": [running, done]}))

    training = script.provider.training(REMOTE)

    assert training == Training(2, 38, (LossPoint(1, 0, 2.5), LossPoint(2, 0, 1.5)))


def test_a_training_that_has_not_moved(scripted, say):
    script = scripted(say.reply({"operations": [an_operation()]}))

    assert script.provider.training(REMOTE) == Training(0, 38)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ({"code": 3, "message": "bad\x1b data"}, "bad data"),
        ({"code": 1, "message": "Stopped by the user."}, "cancelled: Stopped by the user."),
        ({"code": 1}, "cancelled"),
        ({"code": 13}, "the service gives no reason (gRPC code 13)"),
    ],
)
def test_why_a_training_failed(scripted, say, error, says):
    script = scripted(say.reply({"operations": [an_operation(done=True, error=error)]}))

    assert script.provider.training(REMOTE).error == says


@pytest.mark.parametrize("operations", [*UNDECLARED, httpx.Response(200, json={})])
def test_without_operations_the_object_tells(scripted, say, operations):
    task = {"snapshots": [{"step": 1, "meanLoss": 2.5}, {"step": 2, "meanLoss": 1.5}]}
    model = {"name": REMOTE, "state": "ACTIVE", "tuningTask": task}
    training = scripted(operations, say.reply(model)).provider.training(REMOTE)

    assert training == Training(2, 2, (LossPoint(1, 0, 2.5), LossPoint(2, 0, 1.5)))

    model["state"] = "CREATING"
    assert scripted(operations, say.reply(model)).provider.training(REMOTE).steps_total is None


def test_nobody_knows(scripted, say):
    gone = say.failed(404, "NOT_FOUND", "Gone.")

    assert scripted(gone, gone).provider.training(REMOTE) is None


def test_other_failures_of_operations_are_errors(scripted, say):
    with pytest.raises(errors.Forbidden):
        scripted(say.failed(403, "PERMISSION_DENIED", "No.")).provider.training(REMOTE)


# ask


def candidate(*texts, **changes):
    parts = [{"text": text} for text in texts]
    return {"candidates": [{"content": {"parts": parts, "role": "model"}, **changes}]}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (candidate("Four"), "Four"),
        (candidate("Fo", "ur", finishReason="STOP"), "Four"),
        (
            {
                "candidates": [
                    {"content": {"parts": [{"text": "hm", "thought": True}, {"text": "4"}]}}
                ]
            },
            "4",
        ),
    ],
)
def test_ask(scripted, say, answer, text):
    script = scripted(say.reply(answer))

    assert script.provider.ask(REMOTE, "Three") == text
    assert script.lines() == [f"POST /v1beta/{REMOTE}:generateContent"]
    assert script.bodies() == [{"contents": [{"role": "user", "parts": [{"text": "Three"}]}]}]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({}, "an empty answer"),
        ({"candidates": []}, "an empty answer"),
        ({"candidates": [{}]}, "an empty answer"),
        (candidate(""), "an empty answer"),
        ({"candidates": [{"content": {"parts": [{"functionCall": {}}]}}]}, "an empty answer"),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "withheld it (SAFETY)"),
        ({"candidates": [{"finishReason": "RECITATION"}]}, "withheld it (RECITATION)"),
        (candidate("some text", finishReason="SAFETY"), "withheld it (SAFETY)"),
        (candidate("", finishReason="MAX_TOKENS"), "cut off at the greatest length"),
        (candidate("some", finishReason=2), "after 4 characters"),
    ],
)
def test_an_answer_that_is_none(scripted, say, answer, says):
    with pytest.raises(errors.RemoteError) as failure:
        scripted(say.reply(answer)).provider.ask(REMOTE, "Three")

    assert failure.value.code == "unanswered"
    assert says in failure.value.message
    assert "some" not in failure.value.message
    assert failure.value.hint


@pytest.mark.parametrize(("reason", "text"), [("MAX_TOKENS", "some text"), ("SAFETY", "")])
def test_what_was_cut_off_is_kept_and_what_was_withheld_is_not(scripted, say, reason, text):
    with pytest.raises(errors.Unanswered) as failure:
        scripted(say.reply(candidate("some text", finishReason=reason))).provider.ask(REMOTE, "1")

    assert (failure.value.text, failure.value.reason) == (text, reason)


# bases


def test_tunable_bases_of_all_pages(scripted, say):
    def base(name, *methods):
        return {"name": name, "supportedGenerationMethods": list(methods)}

    script = scripted(
        say.reply(
            {
                "models": [
                    base("models/new", "generateContent", "createTunedModel"),
                    base("models/not", "generateContent"),
                    {"name": "models/bare"},
                ],
                "nextPageToken": "x",
            }
        ),
        say.reply({"models": [base("models/old", "createTunedTextModel")]}),
    )

    assert script.provider.tunable_bases() == {"models/new", "models/old"}


def test_no_base_at_all(scripted, say):
    assert scripted(say.reply({})).provider.tunable_bases() == frozenset()


def test_bases_are_data():
    flash = "models/gemini-1.5-flash-001-tuning"

    assert not capabilities("gemini").base(flash).retunable
    assert capabilities("embedded").base(flash).retunable
    assert capabilities("gemini").base("models/text-bison-001").defaults.epoch_count == 10
    assert capabilities("gemini").base("models/unheard-of").name == "*"
    assert capabilities("gemini").collection == "tunedModels/"


def test_replies_are_json_on_both_sides(scripted, say):
    """The recorded answer of a create, as the reference has it."""
    recorded = json.dumps(an_operation(), indent=2).encode()

    script = scripted(httpx.Response(200, content=recorded))
    assert script.provider.start(say.creation()).state is LiveState.TRAINING
