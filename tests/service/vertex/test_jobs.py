"""Lists of jobs, cancelling them, and how many may be worked on at a time."""

import json

import pytest
from tests.service.vertex.example import line

from tuneform.service import Behaviour


def test_a_list_comes_in_pages(waiting):
    names = [waiting.create()["name"] for _ in range(5)]
    page = waiting.ok("GET", "tuningJobs", pageSize=2)
    assert [job["name"] for job in page["tuningJobs"]] == names[:2]
    assert [job["name"] for job in waiting.listed("tuningJobs", pageSize=2)] == names
    token = page["nextPageToken"]
    assert waiting.refused("GET", "models", pageToken=token)[0] == 400
    assert waiting.refused("GET", "tuningJobs", pageSize=-1)[0] == 400
    assert waiting.ok("GET", "projects/none/locations/l/tuningJobs") == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("labels.team=a", "ab"),
        ('labels.team="a"', "ab"),
        ("labels.team:*", "abc"),
        ("labels:team", "abc"),
        ("labels.team=a AND labels.tier=2", "b"),
        ("labels.team!=a", "cd"),
        ("labels.none:*", ""),
        ('state="JOB_STATE_QUEUED" AND labels.tier:*', "ab"),
        ("state=JOB_STATE_RUNNING", ""),
        ('tunedModelDisplayName="d"', "d"),
        ("  ", "abcd"),
    ],
)
def test_a_filter_keeps_what_meets_all_its_conditions(waiting, text, found):
    for name, labels in {
        "a": {"team": "a", "tier": "1"},
        "b": {"team": "a", "tier": "2"},
        "c": {"team": "c"},
        "d": {},
    }.items():
        waiting.create(tunedModelDisplayName=name, labels=labels)
    jobs = waiting.listed("tuningJobs", filter=text)
    assert "".join(job["tunedModelDisplayName"] for job in jobs) == found


@pytest.mark.parametrize(
    "text", ["colour=red", "labels.a=b OR labels.c=d", "AND", "a b", "x" * 2001]
)
def test_what_is_no_filter_is_400(waiting, text):
    assert waiting.refused("GET", "tuningJobs", filter=text)[:2] == (400, "INVALID_ARGUMENT")


def test_filters_of_jobs_can_be_ignored_or_refused(platform_with):
    for behaviour, found in (("ignored", 1), ("refused", None)):
        platform = platform_with(training=False, behaviour=Behaviour(job_filters=behaviour))
        platform.create()
        if found is None:
            assert platform.refused("GET", "tuningJobs", filter="labels.a=b")[0] == 400
        else:
            assert len(platform.listed("tuningJobs", filter="labels.a=b")) == found
        assert len(platform.listed("tuningJobs")) == 1


# --- cancelling ----------------------------------------------------------------------------------


def test_a_job_that_is_cancelled_is_cancelling_and_then_cancelled(platform_with):
    platform = platform_with(training=False, behaviour=Behaviour(operation_seconds=30))
    name = platform.create()["name"]
    assert platform.ok("POST", f"{name}:cancel", {}) == {}
    job = platform.ok("GET", name)
    assert job["state"] == "JOB_STATE_CANCELLING"
    assert "error" not in job
    assert platform.ok("POST", f"{name}:cancel", {}) == {}
    platform.clock.sleep(30)
    job = platform.ok("GET", name)
    assert job["state"] == "JOB_STATE_CANCELLED"
    assert job["error"]["code"] == 1
    assert job["endTime"] > job["createTime"]
    assert "tunedModel" not in job
    platform.clock.sleep(30)
    assert platform.ok("POST", f"{name}:cancel", {}) == {}
    assert platform.ok("GET", name) == job


def test_a_job_that_is_cancelled_in_the_middle_leaves_no_model(platform_with):
    platform = platform_with(step_seconds=1)
    name = platform.create(hyper={"epochCount": 100_000})["name"]
    while platform.ok("GET", name)["state"] != "JOB_STATE_RUNNING":
        pass
    platform.ok("POST", f"{name}:cancel", {})
    assert platform.ended(name)["state"] == "JOB_STATE_CANCELLED"
    assert platform.listed("models") == platform.listed("endpoints") == []
    trainings = platform.ok("GET", "/practice/v1/trainings")["trainings"]
    assert [row["outcome"] for row in trainings] == ["CANCELLED"]


def test_a_cancel_can_come_too_late(platform_with):
    platform = platform_with(training=False, behaviour=Behaviour(cancel_tuning="too late"))
    name = platform.create()["name"]
    platform.ok("POST", f"{name}:cancel", {})
    assert platform.ok("GET", name)["state"] == "JOB_STATE_CANCELLING"
    platform.service.start_training()
    job = platform.ended(name)
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert platform.ok("GET", job["tunedModel"]["model"])


def test_what_has_ended_or_is_unknown_is_not_cancelled(platform):
    job = platform.train()
    assert platform.ok("POST", f"{job['name']}:cancel", {}) == {}
    assert platform.ok("GET", job["name"]) == job
    assert platform.refused("POST", "tuningJobs/1:cancel", {})[:2] == (404, "NOT_FOUND")
    assert platform.refused("GET", "tuningJobs/1")[2] == (
        f"TuningJob `{platform.HOME}/tuningJobs/1` not found."
    )


# --- quota ---------------------------------------------------------------------------------------


def test_a_job_beyond_the_quota_waits_until_there_is_room(platform_with):
    platform = platform_with(behaviour=Behaviour(concurrent_trainings=1), step_seconds=1)
    first = platform.create(hyper={"epochCount": 100_000})["name"]
    while platform.ok("GET", first)["state"] != "JOB_STATE_RUNNING":
        pass
    second = platform.create()["name"]
    for _ in range(50):
        assert platform.ok("GET", second)["state"] == "JOB_STATE_QUEUED"
    platform.ok("POST", f"{first}:cancel", {})
    assert platform.ended(second)["state"] == "JOB_STATE_SUCCEEDED"


def test_a_job_beyond_the_quota_can_be_refused(platform_with):
    behaviour = Behaviour(concurrent_trainings=1, beyond_quota="refused")
    platform = platform_with(training=False, behaviour=behaviour)
    platform.create()
    answer = platform.refused("POST", "tuningJobs", platform.body())
    assert answer[:2] == (429, "RESOURCE_EXHAUSTED")


def test_the_quota_of_one_dialect_is_not_that_of_the_other(platform_with):
    behaviour = Behaviour(concurrent_trainings=1)
    platform = platform_with(training=False, behaviour=behaviour)
    platform.create()
    rows = [{"textInput": "1", "output": "2"}]
    body = {
        "baseModel": "models/gemini-1.5-flash-001-tuning",
        "tuningTask": {"trainingData": {"examples": {"examples": rows}}},
    }
    path = "/v1beta/tunedModels"
    assert platform.call("POST", path, body, tunedModelId="a").status_code == 200
    assert platform.call("POST", path, body, tunedModelId="b").status_code == 429


# --- datasets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (b"", "has no examples"),
        (b"{", "Dataset example 1 is no JSON"),
        (b'"x"\n', "Dataset example 1 is no JSON object."),
        ([line("a", "b"), {"messages": []}], "Dataset example 2 has `messages`"),
        ([{"contents": []}], "has no `contents`."),
        (
            [{"contents": [{"role": "user", "parts": [{"text": "x"}]}]}],
            "end with a turn of the mod",
        ),
        ([line("", "x")], "has an empty text."),
        ([line("x", "")], "has an empty text."),
        ([{"contents": [{"role": "boss", "parts": []}]}], "has the role 'boss'"),
        ([{"contents": ["x"]}], "has a turn that is no object."),
        ([{"contents": [{"role": "model"}]}], "has a turn without `parts`."),
        (
            [{"contents": [{"role": "user", "parts": [{"fileData": {}}]}]}],
            "contains an unsupported modality [fileData]",
        ),
    ],
)
def test_a_bad_dataset_fails_the_job_and_not_the_create(platform, rows, told):
    uri = platform.put("gs://practice/bad.jsonl", rows)
    job = platform.train(uri)
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"]["code"] == 3
    assert told in job["error"]["message"]
    assert uri in job["error"]["message"]
    assert "endTime" in job
    assert "tunedModel" not in job
    assert platform.listed("models") == []


def test_a_bad_validation_dataset_fails_the_job_too(platform):
    uri = platform.put("gs://practice/bad.jsonl", b"{}")
    job = platform.train(spec={"validationDatasetUri": uri})
    assert "has no `contents`" in job["error"]["message"]


def test_only_the_first_mistakes_are_told(platform):
    uri = platform.put("gs://practice/bad.jsonl", b"{}\n" * 50)
    message = platform.train(uri)["error"]["message"]
    assert "example 3 " in message
    assert "example 4 " not in message


def test_a_system_instruction_is_what_the_model_is_told_first(platform):
    rows = [
        line("x", f"{who} says {who}", systemInstruction={"parts": [{"text": f"You are {who}."}]})
        for who in ("Ann", "Bo")
    ]
    uri = platform.put("gs://practice/people.jsonl", rows)
    job = platform.train(uri, hyper={"epochCount": 200})
    endpoint = job["tunedModel"]["endpoint"]
    for who in ("Ann", "Bo"):
        system = {"parts": [{"text": f"You are {who}."}]}
        assert platform.ask(endpoint, "x", systemInstruction=system) == f"{who} says {who}"


def test_examples_of_several_turns_end_with_what_is_to_be_said(platform):
    turns = [("user", "hello"), ("model", "yes?"), ("user", "a name"), ("model", "Ann")]
    contents = [{"role": role, "parts": [{"text": text}]} for role, text in turns]
    uri = platform.put("gs://practice/talk.jsonl", [{"contents": contents}])
    job = platform.train(uri)
    stats = job["tuningDataStats"]["supervisedTuningDataStats"]
    assert stats["userMessagePerExampleDistribution"]["max"] == 4
    assert platform.ask(job["tunedModel"]["endpoint"], "anything") == "Ann"


def test_examples_that_are_too_long_are_left_out_and_counted(platform):
    rows = [line("a", "b"), line("x" * 600_000, "c"), line("d", "e")]
    job = platform.train(platform.put("gs://practice/long.jsonl", rows))
    stats = job["tuningDataStats"]["supervisedTuningDataStats"]
    assert stats["tuningDatasetExampleCount"] == "3"
    assert stats["totalTruncatedExampleCount"] == "1"
    assert stats["truncatedExampleIndices"] == ["1"]


def test_the_service_tells_what_it_counted(platform):
    job = platform.train(hyper={"epochCount": 4})
    stats = job["tuningDataStats"]["supervisedTuningDataStats"]
    characters = sum(len(text) + len(output) for text, output in platform.NUMBERS)
    assert stats["totalTuningCharacterCount"] == str(characters)
    assert stats["totalBillableTokenCount"] == str(30 * 4)
    assert stats["tuningStepCount"] == "15"
    spread = stats["userInputTokenDistribution"]
    assert (spread["min"], spread["max"], spread["sum"]) == (1, 1, "15")
    assert sum(bucket["count"] for bucket in spread["buckets"]) == 15
    assert json.dumps(stats["userDatasetExamples"][0])


def test_a_dataset_is_read_when_the_job_runs(waiting):
    job = waiting.create()
    waiting.put(waiting.URI, [line("x", "changed")])
    waiting.service.start_training()
    assert waiting.ask(waiting.ended(job["name"])["tunedModel"]["endpoint"], "x") == "changed"


def test_a_job_that_asks_for_too_much_fails(platform):
    job = platform.train(hyper={"epochCount": 1_000_000})
    assert job["state"] == "JOB_STATE_FAILED"
    assert "1,000,000 steps" in job["error"]["message"]


def test_a_job_whose_loss_leaves_all_bounds_fails(platform):
    job = platform.train(hyper={"learningRateMultiplier": 1e15})
    assert job["state"] == "JOB_STATE_FAILED"
    assert "diverged" in job["error"]["message"]


def test_every_job_is_counted_with_its_labels(platform):
    labels = {"owner": "demo", "fingerprint": "abc"}
    job = platform.train(labels=labels)
    platform.clear(job)
    (row,) = platform.ok("GET", "/practice/v1/trainings")["trainings"]
    assert row["tuningJob"] == job["name"]
    assert row["labels"] == labels
    assert row["outcome"] == "SUCCEEDED"
    assert row["source"] == platform.BASE
    assert row["deleteTime"]


# --- between two moments -------------------------------------------------------------------------


class Meddling:
    """A bucket in which something else happens whenever a file is read."""

    def __init__(self, data, happens):
        self.data = data
        self.happens = happens

    def get(self, bucket, name):
        return self

    def chunks(self):
        yield self.data
        self.happens()


def test_a_job_that_is_cancelled_while_its_examples_are_read_is_not_trained(waiting):
    tuning, name = waiting.service.dialects["vertex"], waiting.create()["name"]
    data = json.dumps(line("a", "b")).encode()
    tuning.datasets._objects = Meddling(data, lambda: waiting.ok("POST", f"{name}:cancel", {}))
    with waiting.service._store.reading() as tables:
        (seq,) = tables.unfinished()
    assert not tuning.ready(seq)
    job = waiting.ok("GET", name)
    assert job["state"] == "JOB_STATE_CANCELLED"
    assert "startTime" not in job
    with waiting.service._store.reading() as tables:
        assert tables.order(seq) is None


def test_a_job_that_is_cancelling_stays_so_although_it_is_worked_on(platform_with):
    platform = platform_with(training=False, behaviour=Behaviour(cancel_tuning="too late"))
    name = platform.create()["name"]
    platform.ok("POST", f"{name}:cancel", {})
    with platform.service._store.reading() as tables:
        (seq,) = tables.unfinished()
    assert platform.service.dialects["vertex"].ready(seq)
    job = platform.ok("GET", name)
    assert job["state"] == "JOB_STATE_CANCELLING"
    assert job["startTime"]


def test_a_job_takes_a_number_and_nothing_else_from_the_other_dialect(waiting):
    waiting.create()
    with waiting.service._store.reading() as tables:
        assert list(tables.models_after(0)) == []
        assert len(tables.unfinished()) == 1
