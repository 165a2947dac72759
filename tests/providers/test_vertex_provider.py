"""The verbs against written-out replies: what is asked, and what becomes of the answer."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from tuneform import errors
from tuneform.clock import SteeredClock
from tuneform.domain.live import LiveState, Training
from tuneform.domain.mark import Mark
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.providers.base import Provider, Validation
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.credentials import ApiKey
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.trust import check_endpoint
from tuneform.providers.vertex.api import Api
from tuneform.providers.vertex.bases import capabilities
from tuneform.providers.vertex.hints import KNOWN
from tuneform.providers.vertex.hosts import host_of
from tuneform.providers.vertex.labels import write_mark
from tuneform.providers.vertex.names import Home
from tuneform.providers.vertex.operations import Pace
from tuneform.providers.vertex.provider import VertexProvider

HOME = Home("demo-project", "europe-west4")
PATH = HOME.path
JOB = f"{PATH}/tuningJobs/1"
MODEL = f"{PATH}/models/m1"
ENDPOINT = f"{PATH}/endpoints/e1"
MARK = Mark("demo/prod", "support", "abcdefghij", "klmnopqrst")
LABELS = write_mark(MARK)

TRAINED = {
    "name": JOB,
    "state": "JOB_STATE_SUCCEEDED",
    "labels": LABELS,
    "tunedModel": {"model": f"{MODEL}@1", "endpoint": ENDPOINT},
}
HELD = {"name": ENDPOINT, "deployedModels": [{"id": "5", "model": f"{MODEL}@1"}]}


class Memory:
    """Uploads that go nowhere."""

    def __init__(self, failure=None):
        self.failure = failure
        self.kept = {}

    def put(self, digest, examples, owner):
        if self.failure:
            raise self.failure
        self.kept[digest] = list(examples)
        return f"gs://b/{digest}.jsonl"

    def of(self, owner):
        return ()

    def remove(self, url):
        raise AssertionError("nothing is removed here")


@dataclass
class Scripted:
    provider: VertexProvider
    clock: SteeredClock
    requests: list[httpx.Request] = field(default_factory=list)

    def lines(self):
        cut = len(f"/v1/{PATH}/")
        return [f"{each.method} {each.url.path[cut:]}" for each in self.requests]

    def bodies(self):
        return [json.loads(each.content) if each.content else None for each in self.requests]


@pytest.fixture
def scripted():
    """Give the replies in their order; asking for one more is a failure."""

    def build(*answers: httpx.Response | Callable, uploads=None) -> Scripted:
        script, requests = iter(answers), []

        def answer(request):
            requests.append(request)
            reply = next(script, None)
            assert reply is not None, f"one request too many: {request.method} {request.url}"
            if isinstance(reply, Exception):
                raise reply
            return reply

        endpoint = check_endpoint(None, own=host_of(HOME))
        clock = SteeredClock()
        client = ApiClient(
            open_client(endpoint, transport=httpx.MockTransport(answer)),
            endpoint,
            ApiKey("planted-key-0123456789"),
            clock=clock,
            retrier=Retrier(clock, lambda: 0.0),
            known=KNOWN,
        )
        api = Api(client, HOME, clock, Pace())
        provider = VertexProvider(api, uploads or Memory(), capabilities("vertex"))
        return Scripted(provider, clock, requests)

    return build


@pytest.fixture
def creation(say):
    return say.creation(
        remote=None,
        base="models/gemini-2.5-flash",
        hyperparameters=Hyperparameters(epoch_count=3),
        fields=Fields("Support", "Answers."),
        mark=MARK,
    )


def is_a_provider(provider: VertexProvider) -> Provider:
    return provider


# list and observe


def test_three_lists_are_joined(scripted, say):
    page = {"tuningJobs": [TRAINED], "nextPageToken": "x&y"}
    other = {"name": f"{PATH}/tuningJobs/2", "state": "JOB_STATE_RUNNING"}
    script = scripted(
        say.reply(page),
        say.reply({"tuningJobs": [other, TRAINED]}),
        say.reply({"models": [{"name": MODEL, "versionId": "1", "labels": LABELS}]}),
        say.reply({"endpoints": [HELD]}),
    )

    first, second = script.provider.list()

    assert (first.remote, first.state, first.mark) == (JOB, LiveState.ACTIVE, MARK)
    assert first.address == ENDPOINT
    assert (second.state, second.mark) == (LiveState.TRAINING, None)
    assert script.lines() == ["GET tuningJobs", "GET tuningJobs", "GET models", "GET endpoints"]
    assert script.requests[1].url.params["pageToken"] == "x&y"
    assert "userDatasetExamples" not in script.requests[0].url.params["fields"]


def test_a_number_may_stand_for_the_project_and_names_stay_ours(scripted, say):
    text = json.dumps(
        [{"tuningJobs": [TRAINED]}, {"models": [{"name": MODEL}]}, {"endpoints": [HELD]}]
    )
    script = scripted(*map(say.reply, json.loads(text.replace("demo-project", "4711"))))

    (live,) = script.provider.list()

    assert (live.remote, live.endpoint) == (JOB, ENDPOINT)


@pytest.mark.parametrize(
    "name",
    [
        "projects/other/locations/europe-west4/tuningJobs/1",
        "projects/demo-project/locations/us-central1/tuningJobs/1",
        f"{PATH}/tuningJobs/../1",
        f"{PATH}/models/1",
        "tuningJobs/1",
        "",
    ],
)
def test_a_reply_that_speaks_of_another_place_is_refused(scripted, say, name):
    with pytest.raises(errors.BadReply, match="it speaks of"):
        list(scripted(say.reply({"tuningJobs": [{"name": name}]})).provider.list())
    with pytest.raises(errors.BadReply, match="it speaks of"):
        scripted(say.reply({"name": name})).provider.observe(JOB)


def test_a_job_that_is_not_the_one_asked_for_is_refused(scripted, say):
    with pytest.raises(errors.BadReply, match="it speaks of"):
        scripted(say.reply({"name": f"{PATH}/tuningJobs/2"})).provider.observe(JOB)


def test_a_bare_number_is_that_of_a_job(scripted, say):
    script = scripted(say.failed(404, "NOT_FOUND", "Gone."))
    assert script.provider.observe("1234") is None
    assert [request.url.path for request in script.requests] == [f"/v1/{PATH}/tuningJobs/1234"]


@pytest.mark.parametrize(
    "verb",
    [
        lambda provider, name: provider.observe(name),
        lambda provider, name: provider.cancel(name),
        lambda provider, name: provider.delete(name),
        lambda provider, name: provider.training(name),
        lambda provider, name: provider.ask(name, "Hello"),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "",
        "tunedModels/support-abcdefghij",
        "projects/other/locations/europe-west4/tuningJobs/1",
        f"{PATH}/tuningJobs/..",
        f"{PATH}/tuningJobs/1:cancel",
        f"{PATH}/endpoints/1/../../models/2",
        f"{PATH}/endpoints/1?x=y",
    ],
)
def test_no_name_becomes_a_path_unchecked(scripted, verb, name):
    script = scripted()

    with pytest.raises(errors.InvalidRequest, match="is not the name of"):
        verb(script.provider, name)
    assert script.requests == []


def test_a_list_that_lags_does_not_hide_what_was_just_trained(scripted, say):
    job = {**TRAINED, "endTime": "2026-01-01T00:00:00Z"}
    script = scripted(
        say.reply({"tuningJobs": [job]}),
        say.reply({}),
        say.reply({}),
        say.reply({"name": MODEL, "versionId": "1", "labels": LABELS}),
        say.reply(HELD),
    )

    (live,) = script.provider.list()

    assert (live.state, live.deployed) == (LiveState.ACTIVE, True)
    assert script.lines()[3:] == ["GET models/m1@1", "GET endpoints/e1"]


def test_a_model_of_a_job_that_was_begun_meanwhile_is_no_copy(scripted, say):
    script = scripted(
        say.reply({}),
        say.reply({"models": [{"name": MODEL, "versionId": "1", "labels": LABELS}]}),
        say.reply({"endpoints": [HELD]}),
        say.reply({"tuningJobs": [TRAINED]}),
    )

    (live,) = script.provider.list()

    assert live.remote == JOB


# start


def test_a_create_is_sent_once_and_answered_with_the_job(scripted, say, creation):
    uploads = Memory()
    job = {"name": JOB, "state": "JOB_STATE_PENDING", "labels": LABELS}
    script = scripted(say.reply(job), uploads=uploads)

    live = script.provider.start(creation)

    assert (live.remote, live.state, live.mark) == (JOB, LiveState.TRAINING, MARK)
    assert script.lines() == ["POST tuningJobs"]
    (body,) = script.bodies()
    assert body["supervisedTuningSpec"]["trainingDatasetUri"] == f"gs://b/{creation.data}.jsonl"
    assert uploads.kept == {creation.data: list(creation.examples)}


def test_examples_to_measure_with_are_uploaded_too(scripted, say, creation):
    from dataclasses import replace

    script = scripted(say.reply({"name": JOB, "state": "JOB_STATE_PENDING", "labels": LABELS}))
    script.provider.start(replace(creation, validation=Validation("f" * 64, [("a", "b")])))

    (body,) = script.bodies()
    assert body["supervisedTuningSpec"]["validationDatasetUri"] == f"gs://b/{'f' * 64}.jsonl"


@pytest.mark.parametrize(
    "failure",
    [
        errors.Unreachable("cut off", sent=True),
        errors.ServiceFailure("500", status=500),
        errors.BadReply("a web page"),
    ],
)
def test_an_upload_that_fails_never_looks_like_a_lost_create(scripted, creation, failure):
    script = scripted(uploads=Memory(failure))

    with pytest.raises(errors.Unreachable) as found:
        script.provider.start(creation)
    assert not found.value.sent
    assert script.requests == []


@pytest.mark.parametrize("failure", [errors.Forbidden("no"), errors.Stale("other examples")])
def test_an_upload_that_is_refused_says_so(scripted, creation, failure):
    with pytest.raises(type(failure)):
        scripted(uploads=Memory(failure)).provider.start(creation)


def test_a_create_is_never_sent_again(scripted, say, creation):
    script = scripted(say.failed(503, "UNAVAILABLE", "overloaded"))

    with pytest.raises(errors.ServiceFailure):
        script.provider.start(creation)
    assert len(script.requests) == 1


def test_a_job_that_does_not_bear_our_mark_may_be_another(scripted, say, creation):
    with pytest.raises(errors.BadReply, match="does not bear the mark"):
        scripted(say.reply({"name": JOB, "state": "JOB_STATE_PENDING"})).provider.start(creation)


# training, cancel, ask


def test_the_reason_of_a_failure(scripted, say):
    job = {"name": JOB, "state": "JOB_STATE_FAILED", "error": {"code": 3, "message": "bad\nrow"}}
    cancelled = {"name": JOB, "state": "JOB_STATE_CANCELLED", "error": {"code": 1}}

    assert scripted(say.reply(job)).provider.training(JOB) == Training(error="bad row")
    assert scripted(say.reply(cancelled)).provider.training(JOB) == Training(error="cancelled")


def test_progress_is_that_of_the_checkpoints(scripted, say):
    points = [{"epoch": "1", "step": "4"}, {"epoch": "2", "step": "8"}]
    job = {
        "name": JOB,
        "state": "JOB_STATE_RUNNING",
        "tuningDataStats": {"supervisedTuningDataStats": {"tuningStepCount": "12"}},
        "tunedModel": {"checkpoints": points},
    }

    assert scripted(say.reply(job)).provider.training(JOB) == Training(8, 12)


def test_nothing_to_cancel_is_success(scripted, say):
    scripted(say.failed(404, "NOT_FOUND", "x")).provider.cancel(JOB)
    scripted(say.failed(400, "FAILED_PRECONDITION", "it has ended")).provider.cancel(JOB)
    with pytest.raises(errors.InvalidRequest):
        scripted(say.failed(400, "INVALID_ARGUMENT", "x")).provider.cancel(JOB)


def test_an_endpoint_is_asked(scripted, say):
    answer = {"candidates": [{"content": {"parts": [{"text": "Yes."}]}, "finishReason": "STOP"}]}
    script = scripted(say.reply(answer))

    assert script.provider.ask(ENDPOINT, "Well?") == "Yes."
    assert script.lines() == ["POST endpoints/e1:generateContent"]


# edits


def observed(script):
    return script.provider.observe(MODEL)


COPY = {"name": MODEL, "versionId": "1", "labels": LABELS, "etag": "one"}


def test_an_edit_that_arrived_although_its_answer_was_lost_is_no_failure(scripted, say):
    """Sent again, it meets the etag that it made itself."""
    after = {**COPY, "displayName": "New", "etag": "two"}
    script = scripted(
        *(say.reply(each) for each in (COPY, {}, {"endpoints": []})),
        *(say.reply(each) for each in (COPY, {}, {"endpoints": []})),
        httpx.ReadTimeout("too late"),
        say.failed(409, "ABORTED", "the etag does not match"),
        say.reply(after),
        *(say.reply(each) for each in (after, {}, {"endpoints": []})),
    )
    live = observed(script)

    assert script.provider.patch(live, Fields("New"), MARK).display_name == "New"
    (body, again) = [each for each in script.bodies() if each]
    assert body == again == {"displayName": "New", "etag": "one"}


def test_an_edit_that_somebody_else_was_quicker_with_is_a_failure(scripted, say):
    script = scripted(
        *(say.reply(each) for each in (COPY, {}, {"endpoints": []})),
        *(say.reply(each) for each in (COPY, {}, {"endpoints": []})),
        say.failed(409, "ABORTED", "the etag does not match"),
        say.reply({**COPY, "displayName": "Theirs"}),
    )
    live = observed(script)

    with pytest.raises(errors.Conflict, match="the etag does not match"):
        script.provider.patch(live, Fields("New"), MARK)


def test_words_that_stand_on_the_version_are_taken_off_there_too(scripted, say):
    staged = {**COPY, "labels": {**LABELS, "tuneform-staged": "true"}}
    merged = {**staged, "etag": "two"}
    script = scripted(
        *(say.reply(each) for each in (staged, {}, {"endpoints": []})),
        *(say.reply(each) for each in (staged, {}, {"endpoints": []})),
        say.reply(merged),
        say.reply(merged),
        say.reply(COPY),
        *(say.reply(each) for each in (COPY, {}, {"endpoints": []})),
    )
    live = observed(script)

    assert script.provider.patch(live, Fields(), MARK).mark == MARK
    patches = [line for line in script.lines() if line.startswith("PATCH")]
    assert patches == ["PATCH models/m1", "PATCH models/m1@1"]
    assert [each["labels"] for each in script.bodies() if each] == [LABELS, LABELS]


# deployment

EMPTY = {"name": ENDPOINT, "labels": {**LABELS, "tuneform-holds": "m1"}}
SERVING = {**COPY, "labels": {**LABELS, "tuneform-serving": "true"}}


def deploying(scripted, say, *answers):
    """Promote a version that nothing answers for, where an earlier run left an empty endpoint."""
    held = {**HELD, "labels": {**SERVING["labels"], "tuneform-holds": "m1"}}
    script = scripted(
        *(say.reply(each) for each in (COPY, {}, {"endpoints": [EMPTY]})),
        *(say.reply(each) for each in (COPY, {}, {"endpoints": [EMPTY]})),
        *(say.reply(each) for each in answers),
        *(say.reply(each) for each in (COPY, {}, {"endpoints": [held]}, SERVING, SERVING)),
        *(say.reply(each) for each in (SERVING, {}, {"endpoints": [held]})),
    )
    live = observed(script)
    assert not live.deployed
    assert script.provider.patch(live, Fields(), MARK.promoted()).serves
    return script.lines()[6 : 6 + len(answers)]


def test_an_endpoint_that_a_killed_run_made_is_used(scripted, say):
    done = {"name": f"{ENDPOINT}/operations/7", "done": True}

    assert deploying(scripted, say, {}, EMPTY, done) == [
        "GET endpoints/e1/operations",
        "GET endpoints/e1",
        "POST endpoints/e1:deployModel",
    ]


def test_a_deployment_that_a_killed_run_began_is_waited_for(scripted, say):
    running = {"name": f"{ENDPOINT}/operations/7"}
    answers = ({"operations": [running]}, {**running, "done": True}, HELD)

    assert deploying(scripted, say, *answers) == [
        "GET endpoints/e1/operations",
        "GET endpoints/e1/operations/7",
        "GET endpoints/e1",
    ]


# operations


def test_an_operation_is_waited_for(scripted, say):
    operation = {"name": f"{ENDPOINT}/operations/7"}
    copy = {"name": MODEL, "versionId": "1", "labels": LABELS}
    done = {"name": f"{MODEL}/operations/8", "done": True}
    script = scripted(
        say.reply(copy),
        say.reply({}),
        say.reply({"endpoints": [{**HELD, "labels": LABELS}]}),
        say.reply(operation),
        say.reply(operation),
        say.reply({**operation, "done": True}),
        say.reply(done),
        say.reply({"models": [{"name": f"{MODEL}@1"}]}),
        say.reply(done),
    )

    script.provider.delete(MODEL)

    assert script.lines() == [
        "GET models/m1",
        "GET tuningJobs",
        "GET endpoints",
        "POST endpoints/e1:undeployModel",
        "GET endpoints/e1/operations/7",
        "GET endpoints/e1/operations/7",
        "DELETE endpoints/e1",
        "GET models/m1:listVersions",
        "DELETE models/m1",
    ]
    assert script.clock.monotonic() == 2.5


def test_what_a_killed_run_still_does_is_waited_for(scripted, say):
    running, over = ({"name": f"{MODEL}/operations/{n}"} for n in (7, 8))
    script = scripted(
        say.reply(COPY),
        say.reply({}),
        say.reply({}),
        say.reply({"models": []}),
        say.failed(400, "FAILED_PRECONDITION", "there are other operations running"),
        say.reply({"operations": [{**over, "done": True}, running]}),
        say.reply(running),
        say.reply({**running, "done": True, "error": {"code": 13, "message": "it failed"}}),
        say.reply({**over, "done": True}),
    )

    script.provider.delete(MODEL)

    assert script.lines()[4:] == [
        "DELETE models/m1",
        "GET models/m1/operations",
        "GET models/m1/operations/7",
        "GET models/m1/operations/7",
        "DELETE models/m1",
    ]


def test_an_operation_that_does_not_end_is_given_up(scripted, say):
    running = {"name": f"{MODEL}/operations/7"}
    script = scripted(
        say.reply(COPY),
        say.reply({}),
        say.reply({}),
        say.reply({"models": []}),
        *[say.reply(running) for _ in range(200)],
    )

    with pytest.raises(errors.ServiceFailure, match="still works on it after 30 minutes"):
        script.provider.delete(MODEL)
    assert 1700 < script.clock.monotonic() <= 1800


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ({"done": True, "error": {"code": 7, "message": "no"}}, errors.Forbidden),
        ({"done": True, "error": {"code": 3, "message": "no"}}, errors.InvalidRequest),
        ({"done": True, "error": {"code": 13}}, errors.ServiceFailure),
    ],
)
def test_an_operation_that_fails_stops_the_deletion(scripted, say, end, error):
    script = scripted(
        say.reply({"name": MODEL, "versionId": "1", "labels": LABELS}),
        say.reply({}),
        say.reply({}),
        say.reply({"models": []}),
        say.reply({"name": f"{MODEL}/operations/8", **end}),
    )

    with pytest.raises(error, match=r"cannot delete .*models/m1"):
        script.provider.delete(MODEL)


LATE = "The Model is deployed or being deployed at the following Endpoint(s): e1."


@pytest.mark.parametrize("way", ["at once", "aborted", "by the operation"])
def test_a_model_that_the_service_still_takes_for_deployed_is_tried_again(scripted, say, way):
    ended = {"done": True, "error": {"code": 9, "message": LATE}}
    refused = {
        "at once": say.failed(400, "FAILED_PRECONDITION", LATE),
        "aborted": say.failed(409, "ABORTED", LATE),
        "by the operation": say.reply({"name": f"{MODEL}/operations/8", **ended}),
    }[way]
    endpoints, versions, operations = say.reply({}), say.reply({"models": []}), say.reply({})
    once = (endpoints, versions, refused, operations, refused)
    done = say.reply({"name": f"{MODEL}/operations/9", "done": True})
    script = scripted(say.reply(COPY), say.reply({}), *once * 2, endpoints, versions, done)

    script.provider.delete(MODEL)

    assert script.lines().count("GET endpoints") == 3
    assert script.clock.monotonic() == pytest.approx(2.5)


def test_a_refusal_that_lasts_is_told(scripted, say):
    endpoints, versions = say.reply({}), say.reply({"models": []})
    refused = say.failed(400, "FAILED_PRECONDITION", LATE)
    once = (endpoints, versions, refused, say.reply({}), refused)
    script = scripted(say.reply(COPY), say.reply({}), *once * 40)

    with pytest.raises(errors.InvalidRequest, match="is deployed or being deployed") as caught:
        script.provider.delete(MODEL)
    assert 160 < script.clock.monotonic() <= 180
    assert "run the command again later" in caught.value.hint


def test_what_is_deployed_meanwhile_by_somebody_else_is_named(scripted, say):
    foreign = {"name": f"{HOME.path}/endpoints/e9", "deployedModels": [{"id": "1", "model": MODEL}]}
    refused = say.failed(400, "FAILED_PRECONDITION", LATE)
    script = scripted(
        *(say.reply(COPY), say.reply({})),
        *(say.reply({}), say.reply({"models": []}), refused, say.reply({}), refused),
        say.reply({"endpoints": [foreign]}),
    )

    with pytest.raises(errors.InvalidRequest, match="endpoints/e9' holds its model"):
        script.provider.delete(MODEL)


def test_an_operation_of_another_place_is_not_asked(scripted, say):
    script = scripted(
        say.reply({"name": MODEL, "versionId": "1", "labels": LABELS}),
        say.reply({}),
        say.reply({}),
        say.reply({"models": []}),
        say.reply({"name": "projects/other/locations/x/operations/8"}),
    )

    with pytest.raises(errors.BadReply, match="it speaks of"):
        script.provider.delete(MODEL)


# what a base is


def test_hosts():
    assert host_of(HOME) == "europe-west4-aiplatform.googleapis.com"
    assert host_of(Home("p1", "global")) == "aiplatform.googleapis.com"
    assert host_of(Home("p1", "eu")) == "aiplatform.eu.rep.googleapis.com"


def test_bases_that_a_project_knows_of_are_offered_too():
    assert "models/new" in capabilities("vertex", ["models/new"]).offered
    assert capabilities("vertex", ["models/new"]).base("models/new").name == "models/new"
    assert capabilities("vertex").base("models/other").name == "*"
    assert capabilities("vertex").collection is None


@pytest.mark.parametrize(
    ("location", "key", "fits"),
    [
        ("europe-west4", "europe-west4", True),
        ("europe-west4", "europe-west1", False),
        ("europe-west4", "europe", False),
        ("europe-west4", "europe-west4x", False),
        ("europe-west4", "global", False),
        ("us", "us", True),
        ("global", "europe-west4", True),
        (None, "europe-west4", True),
    ],
)
def test_a_key_has_to_be_where_its_job_runs(location, key, fits):
    name = f"projects/acme/locations/{key}/keyRings/ml/cryptoKeys/tuning"
    rules = capabilities("vertex", location=location).setting_rules
    assert all(re.fullmatch(rule.pattern, name) for rule in rules) is fits
    assert all(rule.name == "kmsKeyName" for rule in rules)
