"""Jobs, models and endpoints as versions, and creations and edits as bodies."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from tuneform.domain.live import LiveState
from tuneform.domain.mark import Mark
from tuneform.domain.settings import EXTRAS
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.errors import InvalidRequest
from tuneform.providers.base import Creation
from tuneform.providers.vertex import codec, wire
from tuneform.providers.vertex.codec import Made, Source, Uploaded
from tuneform.providers.vertex.labels import write_mark
from tuneform.providers.vertex.leftovers import idle_endpoints, idle_uploads
from tuneform.providers.vertex.names import Home, ModelRef
from tuneform.providers.vertex.survey import Survey
from tuneform.providers.vertex.uploads import Upload

HOME = Home("demo-project", "europe-west4")
PATH = HOME.path
MARK = Mark("demo/prod", "support", "abcdefghij", "klmnopqrst")
LABELS = write_mark(MARK)
ENDED = "2026-01-01T02:00:00Z"


def a_job(identity="1", *, state="SUCCEEDED", **changes):
    job = {
        "name": f"{PATH}/tuningJobs/{identity}",
        "state": f"JOB_STATE_{state}",
        "baseModel": "gemini-2.5-flash",
        "tunedModelDisplayName": "Support",
        "description": "Answers.",
        "labels": LABELS,
        "createTime": "2026-01-01T01:00:00Z",
    }
    if state == "SUCCEEDED":
        job["endTime"] = ENDED
        job["tunedModel"] = {
            "model": f"{PATH}/models/m{identity}@1",
            "endpoint": f"{PATH}/endpoints/e{identity}",
        }
    return msgspec.convert({**job, **changes}, wire.Job)


def a_model(identity="m1", **changes):
    model = {
        "name": f"{PATH}/models/{identity}",
        "versionId": "1",
        "displayName": "Support",
        "labels": LABELS,
        "createTime": ENDED,
    }
    return msgspec.convert({**model, **changes}, wire.Model)


def an_endpoint(identity="e1", *holds, **changes):
    endpoint = {
        "name": f"{PATH}/endpoints/{identity}",
        "labels": LABELS,
        "deployedModels": [
            {"id": str(n), "model": f"{PATH}/models/{model}", "modelVersionId": "1"}
            for n, model in enumerate(holds)
        ],
    }
    return msgspec.convert({**endpoint, **changes}, wire.Endpoint)


def read(job, model=None, endpoint=None, source=None):
    return codec.read_job(HOME, "1", job, Made(model, endpoint, source))


# states


@pytest.mark.parametrize(
    ("state", "live", "cancelled", "spent"),
    [
        ("QUEUED", LiveState.TRAINING, False, False),
        ("PENDING", LiveState.TRAINING, False, False),
        ("RUNNING", LiveState.TRAINING, False, False),
        ("PAUSED", LiveState.TRAINING, False, False),
        ("UPDATING", LiveState.TRAINING, False, False),
        ("CANCELLING", LiveState.TRAINING, True, False),
        ("CANCELLED", LiveState.FAILED, True, True),
        ("FAILED", LiveState.FAILED, False, True),
        ("EXPIRED", LiveState.FAILED, False, True),
        ("UNSPECIFIED", LiveState.UNKNOWN, False, False),
        ("PARTIALLY_SUCCEEDED", LiveState.UNKNOWN, False, False),
        ("OF_ANOTHER_YEAR", LiveState.UNKNOWN, False, False),
    ],
)
def test_states_of_a_job_without_a_model(state, live, cancelled, spent):
    found = read(a_job(state=state))

    assert (found.state, found.mark.cancelled, found.spent) == (live, cancelled, spent)
    assert found.deployed
    assert found.origin == MARK
    assert found.remote == f"{PATH}/tuningJobs/1"


def test_a_version_that_is_trained():
    job = a_job(
        supervisedTuningSpec={
            "hyperParameters": {
                "epochCount": "5",
                "learningRateMultiplier": 0.5,
                "adapterSize": "ADAPTER_SIZE_FOUR",
            }
        },
        tuningDataStats={
            "supervisedTuningDataStats": {"totalBillableTokenCount": "1234", "other": []}
        },
    )
    live = read(job, a_model(labels={**LABELS, "team": "growth", "tune-type": "x"}), "E")

    assert live.state is LiveState.ACTIVE
    assert live.mark == live.origin == MARK
    assert live.labels == (("team", "growth"),)
    assert live.base == "models/gemini-2.5-flash"
    assert live.hyperparameters == Hyperparameters(
        epoch_count=5, learning_rate_multiplier=0.5, adapter_size=4
    )
    assert (live.endpoint, live.address, live.deployed) == ("E", "E", True)
    assert live.tokens == 1234
    assert live.created == datetime(2026, 1, 1, 1, tzinfo=UTC)


def test_the_labels_of_the_model_alone_are_the_mark_once_there_is_one():
    assert read(a_job(), a_model(labels={})).mark is None
    assert read(a_job(), a_model(labels={})).origin == MARK
    serving = write_mark(replace(MARK, serving=True))
    assert read(a_job(labels={}), a_model(labels=serving), "E").serves
    assert read(a_job(labels={}), a_model(labels=serving), "E").origin is None


def test_what_is_not_deployed_does_not_serve():
    live = read(a_job(), a_model(labels=write_mark(replace(MARK, serving=True))))

    assert (live.deployed, live.serves, live.endpoint) == (False, False, None)


def test_a_job_whose_model_is_gone_is_no_version():
    assert read(a_job()) is None


@pytest.mark.parametrize(
    "tuned",
    [
        None,
        {},
        {"model": "projects/other/locations/europe-west4/models/1@1"},
        {"model": f"{PATH}/models/../x"},
        {"model": "nonsense"},
    ],
)
def test_a_job_that_succeeded_and_names_no_model_of_ours_never_passes_for_a_deleted_one(tuned):
    assert read(a_job(tunedModel=tuned)).state is LiveState.UNKNOWN


def test_a_training_that_goes_on_bears_the_mark_of_its_job_even_if_its_model_is_there():
    live = read(a_job(state="RUNNING", tunedModel={"model": f"{PATH}/models/m1@1"}), a_model())

    assert live.state is LiveState.TRAINING


def test_a_failed_job_with_a_model_can_be_deleted():
    live = read(a_job(state="FAILED", tunedModel={"model": f"{PATH}/models/m1@1"}), a_model())

    assert (live.state, live.spent) == (LiveState.FAILED, False)


def test_the_description_of_the_job_counts_until_the_model_is_edited():
    serving = write_mark(replace(MARK, serving=True))

    assert read(a_job(), a_model()).description == "Answers."
    assert read(a_job(), a_model(description="Its own.")).description == "Its own."
    assert read(a_job(), a_model(labels=serving)).description == ""


def test_a_base_is_named_as_manifests_name_it():
    source = {"tunedModelName": f"{PATH}/models/m0@1", "baseModel": "gemini-3.5-flash"}
    child = read(a_job(baseModel=None, preTunedModel=source), a_model(), source="S")

    assert (child.base, child.source) == ("models/gemini-3.5-flash", "S")
    assert read(a_job(baseModel="publishers/google/models/x"), a_model()).base == "models/x"
    assert read(a_job(baseModel=None), a_model()).base is None


# the join


def survey(jobs=(), models=(), endpoints=()):
    return Survey(
        HOME,
        {each.name.rpartition("/")[2]: each for each in jobs},
        {ModelRef(each.name.rpartition("/")[2], each.version_id): each for each in models},
        {each.name.rpartition("/")[2]: each for each in endpoints},
    )


def test_a_copy_is_a_version_of_its_own():
    found = survey([a_job()], [a_model(), a_model("copy"), a_model("foreign", labels={})])

    assert [ref.id for ref, _ in found.unclaimed()] == ["copy"]


def test_a_model_that_its_job_does_not_name_yet_is_no_copy():
    found = survey([a_job(state="RUNNING")], [a_model()])

    assert list(found.unclaimed()) == []


def test_a_model_that_a_late_list_lacks_is_doubted_and_an_old_one_is_gone():
    late, old = a_job("1"), a_job("2", endTime="2026-01-01T00:30:00Z")

    assert list(survey([late, old]).doubtful_models()) == [ModelRef("m1", "1")]


def test_another_version_than_the_listed_one_is_asked_for():
    old = a_job(endTime="2025-01-01T00:00:00Z")

    assert list(survey([old], [a_model(versionId="2")]).doubtful_models()) == [ModelRef("m1", "1")]
    assert list(survey([old], [a_model()]).doubtful_models()) == []


def test_which_endpoint_answers():
    job, ref = a_job(), ModelRef("m1", "1")
    own, again = an_endpoint("e1", "m1"), an_endpoint("a", "m1")
    theirs = an_endpoint("0", "m1", labels={})

    assert survey(endpoints=[theirs, again, own]).endpoint_of(ref, job) == "e1"
    assert survey(endpoints=[theirs, again]).endpoint_of(ref, job) == "a"
    assert survey(endpoints=[theirs]).endpoint_of(ref, job) == "0"
    assert survey(endpoints=[an_endpoint("e1", "m2")]).endpoint_of(ref, job) is None


def test_an_endpoint_of_a_checkpoint_does_not_answer():
    points = [{"endpoint": f"{PATH}/endpoints/c1"}, {"endpoint": f"{PATH}/endpoints/e1"}]
    tuned = {
        "model": f"{PATH}/models/m1@1",
        "endpoint": f"{PATH}/endpoints/e1",
        "checkpoints": points,
    }
    found = survey(endpoints=[an_endpoint("c1", "m1"), an_endpoint("e1", "m1")])

    assert found.endpoint_of(ModelRef("m1", "1"), a_job(tunedModel=tuned)) == "e1"
    only = survey(endpoints=[an_endpoint("c1", "m1")])
    assert only.endpoint_of(ModelRef("m1", "1"), a_job(tunedModel=tuned)) is None


# leftovers


def test_the_endpoint_of_a_training_that_goes_on_is_not_left_over():
    empty = an_endpoint("e9")

    assert list(idle_endpoints("demo/prod", survey([a_job(state="RUNNING")], [], [empty]))) == []
    (left,) = idle_endpoints("demo/prod", survey([a_job(state="FAILED")], [], [empty]))
    assert left.remote == f"{PATH}/endpoints/e9"


def test_an_endpoint_that_holds_a_model_of_another_location_is_in_use():
    elsewhere = [{"id": "1", "model": "projects/demo-project/locations/us-central1/models/m1"}]

    found = survey(endpoints=[an_endpoint("e9", deployedModels=elsewhere)])
    assert list(idle_endpoints("demo/prod", found)) == []


@pytest.mark.parametrize(
    ("state", "left"), [("RUNNING", 0), ("SUCCEEDED", 0), ("FAILED", 1), ("CANCELLED", 1)]
)
def test_what_a_training_that_failed_read_is_left_over(state, left):
    spec = {"trainingDatasetUri": "gs://b/d.jsonl", "validationDatasetUri": "gs://b/v.jsonl"}
    job = a_job(state=state, supervisedTuningSpec=spec)
    live = read(job, a_model() if state == "SUCCEEDED" else None)
    uploads = [Upload("gs://b/d.jsonl", "demo/prod"), Upload("gs://b/v.jsonl", "demo/prod")]

    assert len(list(idle_uploads(uploads, survey([job]), [live]))) == 2 * left


# bodies


@pytest.fixture
def creation(say) -> Creation:
    return say.creation(
        remote=None,
        base="models/gemini-2.5-flash",
        hyperparameters=Hyperparameters(
            epoch_count=3, learning_rate_multiplier=0.5, adapter_size=32
        ),
        fields=Fields("Support", "Answers.", labels=(("team", "growth"),)),
        mark=MARK,
    )


def body(creation, source=None, uploaded=None):
    return json.loads(codec.write_job(creation, source, uploaded or Uploaded("gs://b/d.jsonl")))


def test_the_body_of_a_create(creation):
    full = replace(
        creation,
        extras=(
            ("kmsKeyName", "projects/p/locations/l/keyRings/r/cryptoKeys/k"),
            ("exportLastCheckpointOnly", True),
            ("serviceAccount", "tuner@p.iam.gserviceaccount.com"),
        ),
    )

    assert body(full, uploaded=Uploaded("gs://b/d.jsonl", "gs://b/v.jsonl")) == {
        "baseModel": "gemini-2.5-flash",
        "supervisedTuningSpec": {
            "trainingDatasetUri": "gs://b/d.jsonl",
            "validationDatasetUri": "gs://b/v.jsonl",
            "hyperParameters": {
                "epochCount": "3",
                "learningRateMultiplier": 0.5,
                "adapterSize": "ADAPTER_SIZE_THIRTY_TWO",
            },
            "exportLastCheckpointOnly": True,
        },
        "tunedModelDisplayName": "Support",
        "description": "Answers.",
        "labels": {**LABELS, "team": "growth"},
        "encryptionSpec": {"kmsKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"},
        "serviceAccount": "tuner@p.iam.gserviceaccount.com",
    }


@pytest.mark.parametrize("name", EXTRAS)
def test_a_create_takes_every_setting_that_manifests_have_and_the_job_tells_it(creation, name):
    extras = ((name, name == "exportLastCheckpointOnly" or "value"),)
    sent = body(replace(creation, extras=extras))
    assert read(a_job(state="RUNNING", **sent)).extras == extras
    assert read(a_job(state="RUNNING", **body(creation))).extras == ()


def test_what_the_service_takes_where_nobody_says_is_no_setting():
    agent = "service-1@gcp-sa-aiplatform.iam.gserviceaccount.com"
    assert read(a_job(state="RUNNING", serviceAccount=agent)).extras == ()


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        (f"gs://b/d/{'ab' * 32}.jsonl", "ab" * 32),
        ("gs://b/other.jsonl", "gs://b/other.jsonl"),
        (None, None),
    ],
)
def test_which_examples_a_training_was_measured_with(uri, told):
    spec = {"trainingDatasetUri": "gs://b/t.jsonl", "validationDatasetUri": uri}
    assert read(a_job(state="RUNNING", supervisedTuningSpec=spec)).validation == told


def test_only_what_is_set_is_sent(creation):
    bare = replace(creation, hyperparameters=Hyperparameters(), fields=Fields("Support", ""))

    assert body(bare) == {
        "baseModel": "gemini-2.5-flash",
        "supervisedTuningSpec": {"trainingDatasetUri": "gs://b/d.jsonl"},
        "tunedModelDisplayName": "Support",
        "labels": LABELS,
    }


def test_a_training_on_top_of_another_is_given_another_name(creation):
    child = replace(creation, base=None, source="S")
    same, other = Source("M@1", "Support"), Source("M@1", "Parent")

    assert body(child, same)["preTunedModel"] == {"tunedModelName": "M@1"}
    assert "baseModel" not in body(child, same)
    assert body(child, same)["tunedModelDisplayName"] == "Support abcdefghij"
    assert body(child, other)["tunedModelDisplayName"] == "Support"
    long = replace(child, fields=Fields("x" * 128))
    assert len(body(long, Source("M@1", "x" * 128))["tunedModelDisplayName"]) == 128


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"hyperparameters": Hyperparameters(batch_size=4)}, "neither a batch size"),
        ({"hyperparameters": Hyperparameters(learning_rate=0.1)}, "neither a batch size"),
        ({"hyperparameters": Hyperparameters(adapter_size=3)}, "3 is not one of 1, 2, 4"),
        ({"extras": (("other", True),)}, "no setting other"),
        ({"fields": Fields("x", labels=(("tuneform", "v1"),))}, "cannot be set"),
    ],
)
def test_what_a_tuning_job_cannot_be_told(creation, changes, what):
    with pytest.raises(InvalidRequest, match=what):
        body(replace(creation, **changes))


def test_an_edit_is_what_differs():
    job, model = a_job(), a_model(labels={**LABELS, "team": "a", "tune-type": "x"})

    edit = codec.write_edit(
        job, model, Fields(labels=(("team", "b"),)), replace(MARK, serving=True)
    )
    assert codec.edited(edit) == ("description", "labels")
    assert edit.labels == {
        **LABELS,
        "tuneform-serving": "true",
        "team": "b",
        "tune-type": "x",
    }
    assert edit.description == "Answers."

    written = a_model(description="Answers.")
    assert codec.edited(codec.write_edit(job, written, Fields("Support"), MARK)) == ()
    assert codec.write_edit(job, written, Fields(), None).labels == {}
