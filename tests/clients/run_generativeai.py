"""Every call of google-generativeai 0.8.6 that works over REST, against a practice service.

Run by an interpreter that has the SDK: `python run_generativeai.py BASE_URL`. Prints each call as
it passes; any surprise ends it with a traceback.
"""

import sys
import time
import warnings

warnings.simplefilter("ignore")  # the SDK announces its own end on import

import google.api_core.exceptions as failures  # noqa: E402
import google.generativeai as genai  # noqa: E402
from google.ai import generativelanguage as glm  # noqa: E402

BASE = "models/gemini-1.5-flash-001-tuning"
EXAMPLES = [{"text_input": str(n), "output": str(n + 1)} for n in range(15)]


def passed(what: str) -> None:
    sys.stdout.write(f"ok {what}\n")
    sys.stdout.flush()


def refusal(kind, call):
    """The error that the call must end with."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(kind)


def create(model_id: str, source: str = BASE, **more):
    return genai.create_tuned_model(
        source_model=source, training_data=EXAMPLES, id=model_id, display_name=model_id, **more
    )


def creating() -> None:
    operation = create(
        "old-one",
        description="Says the next number.",
        temperature=0.5,
        top_p=0.9,
        top_k=7,
        epoch_count=5,
        batch_size=2,
        learning_rate=0.001,
    )
    assert operation.metadata.total_steps == 38
    assert operation.metadata.tuned_model == "tunedModels/old-one"
    assert not operation.done()
    passed("create_tuned_model; the operation is under way")
    for status in operation.wait_bar(disable=True):
        assert status.total_steps == 38
    model = operation.result()
    assert model.name == "tunedModels/old-one"
    assert model.state.name == "ACTIVE"
    assert len(model.tuning_task.snapshots) == 38
    assert model.tuning_task.hyperparameters.batch_size == 2
    assert abs(model.tuning_task.hyperparameters.learning_rate - 0.001) < 1e-9
    passed("wait_bar, update, done, result")
    again = genai.get_operation(operation.operation.name)
    assert again.done()
    assert again.result().name == "tunedModels/old-one"
    assert not again.cancel()
    passed("get_operation; cancelling what is done answers False")


def creating_with_defaults_and_from_a_tuned_model() -> None:
    model = create("old-defaults").result()
    assert model.tuning_task.hyperparameters.epoch_count == 5
    assert model.tuning_task.hyperparameters.batch_size == 4
    child = create("old-child", source="tunedModels/old-one").result()
    assert child.source_model == "tunedModels/old-one"
    assert child.base_model == BASE
    passed("create_tuned_model with defaults, and from a tuned model")


def refusals() -> None:
    immutable = {"tuning_task": {"hyperparameters": {"epoch_count": 3}}}
    for failure, call in (
        (failures.Conflict, lambda: create("old-one")),
        (failures.NotFound, lambda: genai.get_tuned_model("tunedModels/nobody")),
        (failures.BadRequest, lambda: create("Bad_Id")),
        (failures.BadRequest, lambda: genai.update_tuned_model("tunedModels/old-one", immutable)),
    ):
        assert str(refusal(failure, call))
    passed("409, 404, 400 become the exceptions of google.api_core")


def looking() -> None:
    names = [model.name for model in genai.list_tuned_models(page_size=2)]
    assert names == ["tunedModels/old-one", "tunedModels/old-defaults", "tunedModels/old-child"]
    model = genai.get_model("tunedModels/old-one")
    assert (model.temperature, model.top_k) == (0.5, 7)
    assert abs(model.top_p - 0.9) < 1e-6
    bases = {model.name: model for model in genai.list_models(page_size=1)}
    assert "createTunedModel" in bases[BASE].supported_generation_methods
    assert genai.get_base_model(BASE).input_token_limit == 16384
    passed("list_tuned_models, get_model, list_models, get_base_model")
    client = glm.ModelServiceClient(
        transport="rest",
        client_options={"api_endpoint": sys.argv[1], "api_key": "K"},
    )
    asked = glm.ListTunedModelsRequest(filter="owner:me next", page_size=50)
    assert [m.name for m in client.list_tuned_models(asked)] == ["tunedModels/old-one"]
    passed("list_tuned_models with a filter, by the low-level client")


def editing() -> None:
    model = genai.update_tuned_model(
        "tunedModels/old-one", {"description": "Adds one.", "display_name": "Adder"}
    )
    assert (model.description, model.display_name) == ("Adds one.", "Adder")
    model = genai.get_tuned_model("tunedModels/old-one")
    assert (model.description, model.display_name) == ("Adds one.", "Adder")
    assert model.state.name == "ACTIVE"
    passed("update_tuned_model")


def asking() -> None:
    model = genai.GenerativeModel("tunedModels/old-one")
    answer = model.generate_content("7")
    assert answer.text == "8"
    assert answer.candidates[0].finish_reason.name == "STOP"
    assert answer.usage_metadata.total_token_count == 2
    pieces = list(model.generate_content("7", stream=True))
    assert "".join(piece.text for piece in pieces) == "8"
    passed("generate_content, streamed too")


def sharing() -> None:
    permissions = genai.get_tuned_model("tunedModels/old-one").permissions
    reader = permissions.create(
        role="READER", grantee_type="USER", email_address="reader@practice.invalid"
    )
    assert reader.role.name == "READER"
    everyone = permissions.create(role="READER", grantee_type="EVERYONE")
    assert {p.role.name for p in permissions.list(page_size=1)} == {"OWNER", "READER"}
    assert len(list(permissions)) == 3
    reader.update({"role": "WRITER"})
    assert permissions.get(reader.name).role.name == "WRITER"
    everyone.delete()
    assert len(list(permissions.list())) == 2
    permissions.transfer_ownership(email_address="heir@practice.invalid")
    roles = {p.email_address: p.role.name for p in permissions.list()}
    assert roles["heir@practice.invalid"] == "OWNER"
    assert roles["you@practice.invalid"] == "WRITER"
    passed("permissions: create, list, get, update, delete, transfer_ownership")
    refusal(failures.Forbidden, lambda: genai.delete_tuned_model("tunedModels/old-one"))
    passed("what is not one's own is 403")


def cancelling() -> None:
    operation = create("old-cancelled", epoch_count=10_000, batch_size=1)
    assert operation.cancel()
    deadline = time.monotonic() + 600
    while not operation.done():
        assert time.monotonic() < deadline
    assert operation.cancelled()
    refusal(failures.Cancelled, operation.result)
    passed("cancel; the result raises Cancelled")
    assert genai.get_tuned_model("tunedModels/old-cancelled").state.name == "ACTIVE"


def deleting() -> None:
    for name in ("old-child", "old-defaults", "old-cancelled"):
        genai.delete_tuned_model(f"tunedModels/{name}")
    error = refusal(failures.NotFound, lambda: genai.get_tuned_model("tunedModels/old-child"))
    assert "Tuned model tunedModels/old-child does not exist." in str(error)
    assert [model.name for model in genai.list_tuned_models()] == ["tunedModels/old-one"]
    passed("delete_tuned_model")


def main() -> None:
    genai.configure(api_key="K", transport="rest", client_options={"api_endpoint": sys.argv[1]})
    creating()
    creating_with_defaults_and_from_a_tuned_model()
    refusals()
    looking()
    editing()
    asking()
    sharing()
    cancelling()
    deleting()


main()
