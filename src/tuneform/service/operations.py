"""Operations: the progress of a training, and how to stop it.

Each training has exactly one operation, named below its model. It lives as long as the model does.
Its metadata and response are messages of the API with their `@type` and nothing else: the old SDK
parses them strictly.
"""

from typing import Any

import msgspec

from tuneform.clock import Clock
from tuneform.service.access import reach
from tuneform.service.behaviour import Behaviour
from tuneform.service.bell import Bell
from tuneform.service.call import Answer, Call
from tuneform.service.errors import ApiError, Status
from tuneform.service.injection import Injector
from tuneform.service.paging import Pager, Sizes
from tuneform.service.records import Model, Order, Resource, Training, Weights
from tuneform.service.store import Store, Tables
from tuneform.service.subject import Subject
from tuneform.service.wire import single, timestamp

_TYPES = "type.googleapis.com/google.ai.generativelanguage.v1beta"
_SIZES = Sizes(default=10, most=1000)


def created_operation(training: Training) -> Answer:
    """The operation as it is right after the create."""
    return {"name": training.operation_name, "metadata": _metadata(training, [])}


def _metadata(training: Training, snapshots: list[Resource]) -> Answer:
    metadata: dict[str, Any] = {
        "@type": f"{_TYPES}.CreateTunedModelMetadata",
        "totalSteps": training.total_steps,
        "tunedModel": f"tunedModels/{training.model}",
    }
    if training.completed_steps:
        metadata["completedSteps"] = training.completed_steps
        metadata["completedPercent"] = single(100 * training.completed_steps / training.total_steps)
    if snapshots:
        metadata["snapshots"] = snapshots
    return metadata


def _operation(tables: Tables, model: Model) -> Answer:
    training = tables.training(model.seq)
    snapshots = tables.snapshots(model.seq)
    answer: Answer = {
        "name": training.operation_name,
        "metadata": _metadata(training, snapshots),
    }
    if training.outcome == "TRAINING":
        return answer
    answer["done"] = True
    if training.error is not None:
        answer["error"] = msgspec.json.decode(training.error)
        return answer
    resource = model.resource
    resource["tuningTask"]["snapshots"] = snapshots
    answer["response"] = {"@type": f"{_TYPES}.TunedModel"} | resource
    return answer


def end_cancelled(tables: Tables, seq: int, behaviour: Behaviour, now: str) -> bool:
    """End a training that is still under way; False when there was nothing to end."""
    order = tables.order(seq)
    if order is None:
        return False
    error = {"code": Status.CANCELLED.grpc, "message": "The tuning operation was cancelled."}
    tables.finish(seq, "CANCELLED", now, msgspec.json.encode(error))
    # Until the trainer hands in what it has, the model answers from what it started with.
    tables.put_weights(seq, _at_the_start(order))
    settle(tables, seq, behaviour.cancelled_state, now)
    return True


def _at_the_start(order: Order) -> Weights:
    if order.parent_outputs is not None and order.parent_matrix is not None:
        return Weights(order.parent_outputs, order.parent_matrix)
    outputs = {output for _, output in msgspec.json.decode(order.examples)}
    return Weights(msgspec.json.encode(sorted(outputs)), b"")


def begin(tables: Tables, seq: int, started: str) -> None:
    """Say in the model that its training has begun."""
    resource = tables.resource(seq)
    if resource is not None:
        resource["tuningTask"] = {"startTime": started} | resource["tuningTask"]
        tables.put_resource(seq, resource)


def settle(tables: Tables, seq: int, state: str, now: str, started: str = "") -> None:
    """Give a model its state after training, and the times that go with it."""
    resource = tables.resource(seq)
    if resource is None:  # deleted meanwhile
        return
    task = resource["tuningTask"]
    started = task.get("startTime", started)
    times = {"startTime": started, "completeTime": now} if started else {"completeTime": now}
    resource["tuningTask"] = times | task
    tables.put_resource(seq, resource | {"state": state, "updateTime": now})


class Operations:
    """tunedModels.operations, and the flat collection beside it."""

    def __init__(
        self, store: Store, behaviour: Behaviour, clock: Clock, bell: Bell, injector: Injector
    ) -> None:
        self._store = store
        self._behaviour = behaviour
        self._clock = clock
        self._bell = bell
        self._injector = injector

    def get(self, call: Call) -> Answer:
        """One operation."""
        with self._store.reading() as tables:
            return _operation(tables, self._owner_of(tables, call, "READER"))

    def page(self, call: Call) -> Answer:
        """The operations of one model: always the one that created it."""
        pager = Pager(self._store.service_id, ("operations", call.ids["tuned_model"]))
        after, size = pager.after(call.query), _SIZES.of(call.query)
        with self._store.reading() as tables:
            model = reach(tables, call.ids["tuned_model"], call.caller, "READER")
            gone = after or self._is_gone(model)
            operations = [] if gone else [_operation(tables, model)]
        return pager.page("operations", operations, size, lambda _: 1, lambda shown: shown)

    def page_of_all(self, call: Call) -> Answer:
        """The operations of all models that the caller would see in a plain list."""
        pager = Pager(self._store.service_id, ("operations", call.caller))
        after, size = pager.after(call.query), _SIZES.of(call.query)
        with self._store.reading() as tables:
            models = tables.models_of(call.caller, after=after, limit=size + 1)
            answer = pager.page("operations", models, size, lambda m: m.seq, lambda m: m)
            shown = [m for m in answer.pop("operations", []) if not self._is_gone(m)]
            operations = [_operation(tables, model) for model in shown]
            return ({"operations": operations} if operations else {}) | answer

    def cancel(self, call: Call) -> Answer:
        """Stop a training; an operation that is done stays as it is."""
        with self._store.writing() as tables:
            model = self._owner_of(tables, call, "WRITER")
            now = timestamp(self._clock.now())
            ended = end_cancelled(tables, model.seq, self._behaviour, now)
        if ended:
            self._bell.ended(model.seq)
        return {}

    def delete(self, _: Call) -> Answer:
        """Refuse, in the words of google.longrunning: operations go with their model."""
        raise ApiError(
            Status.UNIMPLEMENTED, "Operations cannot be deleted; they go with their tuned model."
        )

    def _owner_of(self, tables: Tables, call: Call, role: str) -> Model:
        """The model whose operation is meant; without an operation in the path, its only one."""
        model = reach(tables, call.ids["tuned_model"], call.caller, role)
        wanted = call.ids.get("operation")
        if wanted is None:
            return model
        if tables.training(model.seq).operation != wanted or self._is_gone(model):
            raise ApiError(
                Status.NOT_FOUND, f"Operation {model.name}/operations/{wanted} does not exist."
            )
        return model

    def _is_gone(self, model: Model) -> bool:
        """Whether a fault has made the operation of a model vanish."""
        return self._injector.vanished(Subject.of(model.id), model.resource["createTime"])
