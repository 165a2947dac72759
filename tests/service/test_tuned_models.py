"""tunedModels: what is refused, what is listed, and when."""

import pytest


def test_an_id_is_taken_once(practice):
    practice.create("adder")
    error = practice.refused("POST", "tunedModels", practice.body(), tunedModelId="adder")
    assert (error["code"], error["status"]) == (409, "ALREADY_EXISTS")


def test_an_id_is_free_again_after_the_delete(practice):
    practice.train("adder")
    practice.ok("DELETE", "tunedModels/adder")
    practice.train("adder", [("a", "b")])
    assert practice.ask("adder", "7") == "b"


def test_a_base_that_cannot_be_tuned(practice):
    for base in ("models/gemini-2.0-flash", "models/nothing"):
        error = practice.refused("POST", "tunedModels", practice.body(baseModel=base))
        assert error["code"] == 404
        assert error["message"] == (
            f"{base} is not found for CREATE TUNED MODEL at API version v1beta."
        )
    error = practice.refused("POST", "/v1/tunedModels", practice.body(baseModel="models/nothing"))
    assert error["message"].endswith("API version v1.")


def test_a_source_must_exist_and_be_active(waiting):
    missing = {"tunedModelSource": {"tunedModel": "tunedModels/nobody"}}
    error = waiting.refused("POST", "tunedModels", waiting.body(**missing))
    assert error["message"] == "Tuned model tunedModels/nobody does not exist."
    waiting.create("parent")
    source = {"tunedModelSource": {"tunedModel": "tunedModels/parent"}}
    error = waiting.refused("POST", "tunedModels", waiting.body(**source))
    assert error["status"] == "FAILED_PRECONDITION"


def test_a_refused_create_leaves_nothing_behind(practice):
    for body in (practice.body(topK=0), practice.body([("", "x")]), {"displayName": "x"}):
        practice.refused("POST", "tunedModels", body, tunedModelId="adder")
    assert practice.ok("GET", "tunedModels") == {}
    assert practice.ok("GET", "/practice/v1/trainings")["count"] == 0


def test_a_model_is_listed_while_it_is_created(waiting):
    operation = waiting.create("adder")
    model = waiting.ok("GET", "tunedModels/adder")
    assert model["state"] == "CREATING"
    assert model["createTime"] == model["updateTime"]
    assert set(model["tuningTask"]) == {"hyperparameters"}
    assert waiting.names() == ["tunedModels/adder"]
    assert "done" not in waiting.ok("GET", operation["name"])
    body = {"contents": [{"parts": [{"text": "7"}]}]}
    error = waiting.refused("POST", "tunedModels/adder:generateContent", body)
    assert error["status"] == "FAILED_PRECONDITION"


def test_pages_are_in_the_order_of_creation_and_have_ten_by_default(waiting):
    expected = [f"tunedModels/m{n}" for n in range(13)]
    for n in range(13):
        waiting.create(f"m{n}")
    first = waiting.ok("GET", "tunedModels")
    assert len(first["tunedModels"]) == 10
    assert waiting.names() == expected
    for size in (1, 5, 12, 13, 1000, 100_000):
        assert waiting.names(pageSize=size) == expected
    assert waiting.names(page_size=5) == expected
    exact = waiting.ok("GET", "tunedModels", pageSize=13)
    assert "nextPageToken" not in exact


def test_pages_stay_complete_while_models_come_and_go(waiting):
    for n in range(6):
        waiting.create(f"m{n}")
    first = waiting.ok("GET", "tunedModels", pageSize=3)
    waiting.ok("DELETE", "tunedModels/m1")
    waiting.create("m6")
    rest = waiting.ok("GET", "tunedModels", pageSize=9, pageToken=first["nextPageToken"])
    assert [m["name"] for m in rest["tunedModels"]] == [f"tunedModels/m{n}" for n in range(3, 7)]


def test_tokens_of_other_questions_are_refused(waiting, practice_with):
    for n in range(3):
        waiting.create(f"m{n}")
    token = waiting.ok("GET", "tunedModels", pageSize=1)["nextPageToken"]
    for query in ({"filter": "adder"}, {"pageToken": f"{token}x"}, {"pageToken": "1"}):
        error = waiting.refused("GET", "tunedModels", **{"pageToken": token} | query)
        assert error["details"][0]["fieldViolations"][0]["field"] == "page_token"
    other = practice_with(training=False)
    other.create("m0")
    assert other.refused("GET", "tunedModels", pageToken=token)["code"] == 400


def test_filters_find_words_and_roles(waiting):
    waiting.create("one", description="counts apples")
    waiting.create("two", description="counts pears", displayName="Pears")
    waiting.create("three")
    assert waiting.names(filter="counts") == ["tunedModels/one", "tunedModels/two"]
    assert waiting.names(filter="counts pears", pageSize=1) == ["tunedModels/two"]
    assert waiting.names(filter="nothing") == []
    assert len(waiting.names(filter="owner:me", pageSize=1)) == 3
    assert waiting.names(filter="readers:everyone") == []
    everyone = {"granteeType": "EVERYONE", "role": "READER"}
    waiting.ok("POST", "tunedModels/two/permissions", everyone)
    assert waiting.names(filter="readers:everyone") == ["tunedModels/two"]
    assert waiting.names() == ["tunedModels/one", "tunedModels/three"]
    assert len(waiting.names(filter="owner:me")) == 3


def test_a_patch_does_not_move_the_update_time(practice):
    practice.train("adder")
    before = practice.ok("GET", "tunedModels/adder")["updateTime"]
    practice.service._settings.clock.sleep(60)
    assert practice.ok("PATCH", "tunedModels/adder", {"displayName": "x"})["updateTime"] == before


def test_what_was_edited_while_training_stays_edited(waiting):
    operation = waiting.create("adder")
    waiting.ok("PATCH", "tunedModels/adder", {"description": "mine"}, updateMask="description")
    waiting.service.start_training()
    waiting.finished(operation["name"])
    model = waiting.ok("GET", "tunedModels/adder")
    assert (model["state"], model["description"]) == ("ACTIVE", "mine")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_unknown_models_are_404_in_the_recorded_words(practice, method):
    body = {} if method == "PATCH" else None
    error = practice.refused(method, "tunedModels/nobody", body)
    assert error["message"] == "Tuned model tunedModels/nobody does not exist."


def test_a_model_that_everyone_may_read_is_not_everyones_to_change(practice):
    practice.train("adder")
    grants = practice.ok("GET", "tunedModels/adder/permissions")["permissions"]
    practice.ok("POST", "tunedModels/adder:transferOwnership", {"emailAddress": "x@y.invalid"})
    assert practice.refused("DELETE", "tunedModels/adder")["code"] == 403
    practice.ok("PATCH", "tunedModels/adder", {"displayName": "still a writer"})
    everyone = {"granteeType": "EVERYONE", "role": "READER"}
    practice.ok("POST", "tunedModels/adder/permissions", everyone)
    practice.ok("DELETE", grants[0]["name"])
    assert practice.ask("adder", "7") == "8"
    error = practice.refused("PATCH", "tunedModels/adder", {"displayName": "x"})
    assert error["message"] == (
        "You do not have permission to access tuned model tunedModels/adder"
    )


def test_a_strangers_model_is_403_and_its_id_is_taken(practice):
    practice.train("adder")
    (grant,) = practice.ok("GET", "tunedModels/adder/permissions")["permissions"]
    practice.ok("POST", "tunedModels/adder:transferOwnership", {"email_address": "x@y.invalid"})
    practice.ok("DELETE", grant["name"])
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/permissions"),
        ("GET", "/operations"),
    ):
        error = practice.refused(method, f"tunedModels/adder{path}")
        assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
    assert practice.names() == []
    error = practice.refused("POST", "tunedModels", practice.body(), tunedModelId="adder")
    assert error["code"] == 409


def test_a_deleted_model_leaves_only_its_history(practice):
    practice.train("adder", description="tuneform/v1 words")
    practice.ok("DELETE", "tunedModels/adder")
    practice.train("adder")
    history = practice.ok("GET", "/practice/v1/trainings")
    assert history["count"] == 2
    first, second = history["trainings"]
    assert first["tunedModel"] == second["tunedModel"] == "tunedModels/adder"
    assert first["dataDigest"] == second["dataDigest"]
    assert first["outcome"] == "SUCCEEDED"
    assert "deleteTime" in first
    assert "deleteTime" not in second
    assert first["hyperparameters"] == {"epochCount": 5, "batchSize": 4, "learningRate": 0.001}
    assert (first["examples"], first["totalSteps"], first["completedSteps"]) == (15, 19, 19)
