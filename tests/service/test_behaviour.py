"""Each open question about the real service, answered the other way."""

from tuneform.service import Behaviour

ASK = {"contents": [{"parts": [{"text": "7"}]}]}


def test_a_cancelled_model_can_end_failed(practice_with):
    practice = practice_with(training=False, behaviour=Behaviour(cancelled_state="FAILED"))
    operation = practice.create("adder")
    practice.ok("POST", f"{operation['name']}:cancel")
    assert practice.ok("GET", "tunedModels/adder")["state"] == "FAILED"
    assert practice.ok("GET", operation["name"])["error"]["code"] == 1
    assert practice.refused("POST", "tunedModels/adder:generateContent", ASK)["code"] == 400


def test_a_model_under_training_can_refuse_to_be_deleted(practice_with):
    practice = practice_with(training=False, behaviour=Behaviour(delete_while_training="refused"))
    operation = practice.create("adder")
    error = practice.refused("DELETE", "tunedModels/adder")
    assert error["status"] == "FAILED_PRECONDITION"
    practice.ok("POST", f"{operation['name']}:cancel")
    assert practice.ok("DELETE", "tunedModels/adder") == {}


def test_an_id_can_be_spent_for_ever(practice_with):
    practice = practice_with(training=False, behaviour=Behaviour(deleted_ids="spent"))
    practice.create("adder")
    practice.ok("DELETE", "tunedModels/adder")
    error = practice.refused("POST", "tunedModels", practice.body(), tunedModelId="adder")
    assert error["code"] == 409
    assert practice.refused("GET", "tunedModels/adder")["code"] == 404


def test_a_patch_can_move_the_update_time(practice_with):
    practice = practice_with(behaviour=Behaviour(patch_moves_update_time=True))
    practice.train("adder")
    before = practice.ok("GET", "tunedModels/adder")["updateTime"]
    practice.service._settings.clock.sleep(60)
    after = practice.ok("PATCH", "tunedModels/adder", {"displayName": "x"})["updateTime"]
    assert after > before
    assert practice.ok("GET", "tunedModels/adder")["updateTime"] == after


def test_tuning_a_tuned_model_can_be_refused(practice_with):
    practice = practice_with(behaviour=Behaviour(tune_tuned_models=False))
    practice.train("parent")
    for origin in (
        {"tunedModelSource": {"tunedModel": "tunedModels/parent"}},
        {"baseModel": "tunedModels/parent"},
    ):
        assert practice.refused("POST", "tunedModels", practice.body(**origin))["code"] == 400


def test_a_plain_list_can_show_what_is_shared_with_everyone(practice_with):
    behaviour = Behaviour(list_leaves_out_shared_with_everyone=False)
    practice = practice_with(training=False, behaviour=behaviour)
    practice.create("adder")
    everyone = {"granteeType": "EVERYONE", "role": "READER"}
    practice.ok("POST", "tunedModels/adder/permissions", everyone)
    assert practice.names() == ["tunedModels/adder"]


def test_keys_can_be_accounts(practice_with):
    practice = practice_with(training=False, behaviour=Behaviour(accounts="per-key"))
    mine, theirs = {"key": "mine"}, {"key": "theirs"}
    practice.ok("POST", "tunedModels", practice.body(), tunedModelId="adder", **mine)
    assert practice.names(**mine) == ["tunedModels/adder"]
    assert practice.names(**theirs) == []
    assert practice.refused("GET", "tunedModels/adder", **theirs)["code"] == 403
    error = practice.refused("POST", "tunedModels", practice.body(), tunedModelId="adder", **theirs)
    assert error["code"] == 409
