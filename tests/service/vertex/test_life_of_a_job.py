"""A tuning job from its create to the deletion of what it left."""

from tests.service.vertex.example import line

from tuneform.service.vertex.datasets import LEARNT


def test_all_of_a_large_file_is_counted_and_stepped_through_though_a_sample_is_learnt(platform):
    rows = [(f"{number} " + "x" * 300_000, "odd" if number % 2 else "even") for number in range(40)]
    assert sum(len(text) for text, _ in rows) > 2 * LEARNT
    platform.put("gs://bucket/large.jsonl", [line(*row) for row in rows])
    job = platform.train("gs://bucket/large.jsonl", hyper={"epochCount": "3"})
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    stats = job["tuningDataStats"]["supervisedTuningDataStats"]
    assert stats["tuningDatasetExampleCount"] == "40"
    assert stats["tuningStepCount"] == "30"
    assert stats["totalTuningCharacterCount"] == str(sum(map(len, [t + o for t, o in rows])))
    assert stats["userInputTokenDistribution"]["sum"] == str(sum(-(-len(t) // 4) for t, _ in rows))


def test_a_job_is_queued_and_succeeds_and_its_endpoint_answers(platform):
    labels = {"team": "demo", "tier": "a-1"}
    job = platform.create(labels=labels, hyper={"epochCount": "20"})
    assert job["state"] == "JOB_STATE_QUEUED"
    assert job["name"].startswith(f"{platform.HOME}/tuningJobs/")
    assert len(job["name"].rpartition("/")[2]) == 19
    job = platform.ended(job["name"])
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert job["createTime"] <= job["startTime"] <= job["endTime"]
    tuned = job["tunedModel"]
    assert platform.ask(tuned["endpoint"], "7") == "8"
    model = platform.ok("GET", tuned["model"])
    assert model["labels"] == labels | {"tune-type": "sft"}
    assert model["displayName"] == "Adder"
    assert model["versionId"] == "1"
    endpoint = platform.ok("GET", tuned["endpoint"])
    assert endpoint["labels"] == model["labels"]
    (deployed,) = endpoint["deployedModels"]
    assert model["deployedModels"] == [
        {"endpoint": tuned["endpoint"], "deployedModelId": deployed["id"]}
    ]
    stats = job["tuningDataStats"]["supervisedTuningDataStats"]
    assert stats["tuningDatasetExampleCount"] == "15"
    assert stats["tuningStepCount"] == "75"


def test_what_a_job_left_is_deleted_in_three_steps_and_the_job_stays(platform):
    job = platform.train()
    endpoint, model = job["tunedModel"]["endpoint"], job["tunedModel"]["model"].partition("@")[0]
    code, status, message = platform.refused("DELETE", model)
    assert (code, status) == (400, "FAILED_PRECONDITION")
    assert endpoint in message
    assert platform.refused("DELETE", endpoint)[:2] == (400, "FAILED_PRECONDITION")
    platform.clear(job)
    assert platform.refused("GET", model) == (404, "NOT_FOUND", f"Model `{model}` not found.")
    assert platform.refused("GET", endpoint)[0] == 404
    assert platform.listed("models") == platform.listed("endpoints") == []
    assert platform.ok("GET", job["name"]) == job
    assert platform.listed("tuningJobs") == [job]
