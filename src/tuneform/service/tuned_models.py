"""tunedModels: create, get, list, patch, delete.

Each method is one transaction. The rules of a create stand in `drafts`, those of a patch in
`edits`, those of a filter in `search`; here they meet the store.
"""

import secrets
from typing import Any

from tuneform.clock import Clock
from tuneform.service.access import reach
from tuneform.service.base_models import DEFAULTS, is_tunable
from tuneform.service.behaviour import Behaviour
from tuneform.service.bell import Bell
from tuneform.service.call import Answer, Call
from tuneform.service.drafts import Draft, draft, made_up_id
from tuneform.service.edits import edited, put_editable
from tuneform.service.errors import (
    ApiError,
    Status,
    base_not_tunable,
    invalid_field,
    model_not_found,
    precondition,
    too_many_trainings,
)
from tuneform.service.injection import Injector
from tuneform.service.operations import created_operation
from tuneform.service.paging import Pager, Sizes
from tuneform.service.records import Model, Order, Permission, Resource
from tuneform.service.search import parse_filter
from tuneform.service.store import Store, Tables
from tuneform.service.subject import Subject
from tuneform.service.wire import timestamp

_SIZES = Sizes(default=10, most=1000)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_OPERATION_ID = 12


def draw(count: int) -> str:
    """Random characters of `[a-z0-9]`."""
    number, characters = secrets.randbelow(len(_ALPHABET) ** count), []
    for _ in range(count):
        number, digit = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    return "".join(characters)


class TunedModels:
    """The resource that everything turns on."""

    def __init__(
        self, store: Store, behaviour: Behaviour, clock: Clock, bell: Bell, injector: Injector
    ) -> None:
        self._store = store
        self._behaviour = behaviour
        self._clock = clock
        self._bell = bell
        self._injector = injector

    def create(self, call: Call) -> Answer:
        """Start a training; answers with its operation, and the model exists at once."""
        wanted = draft(call.body, call.query.get("tuned_model_id", ""))
        if wanted.base and not is_tunable(wanted.base):
            raise base_not_tunable(wanted.base, call.version)
        with self._store.writing() as tables:
            source = self._source(tables, wanted, call.caller)
            model_id = self._free_id(tables, wanted)
            self._check_quota(tables)
            now = timestamp(self._clock.now())
            resource = _new_resource(model_id, wanted, source, now)
            seq = tables.add_model(model_id, resource)
            tables.put_permission(seq, Permission(_owner_id(), "USER", call.caller, "OWNER"))
            order = _order(tables, wanted, source)
            tables.add_training(seq, model_id, draw(_OPERATION_ID), wanted.display_name, order, now)
            training = tables.training(seq)
        self._bell.started(seq)
        return created_operation(training)

    def _source(self, tables: Tables, wanted: Draft, caller: str) -> Model | None:
        if not wanted.source:
            return None
        if not self._behaviour.tune_tuned_models:
            raise invalid_field(
                "tuned_model.tuned_model_source", "this base does not allow tuning a tuned model"
            )
        source = reach(tables, wanted.source.removeprefix("tunedModels/"), caller, "READER")
        if source.resource["state"] != "ACTIVE":
            raise precondition(
                f"Tuned model {source.name} cannot be tuned further: its state is "
                f"{source.resource['state']}, not ACTIVE."
            )
        return source

    def _free_id(self, tables: Tables, wanted: Draft) -> str:
        if not wanted.id:
            return made_up_id(wanted.display_name, draw)
        spent = self._behaviour.deleted_ids == "spent" and tables.was_used(wanted.id)
        if spent or tables.model(wanted.id) is not None:
            raise ApiError(
                Status.ALREADY_EXISTS, f"Tuned model tunedModels/{wanted.id} already exists."
            )
        return wanted.id

    def _check_quota(self, tables: Tables) -> None:
        most = self._behaviour.concurrent_trainings
        if most is not None and len(tables.unfinished("gemini")) >= most:
            raise too_many_trainings(most)

    def get(self, call: Call) -> Answer:
        """One model in full."""
        with self._store.reading() as tables:
            model = self._reached(tables, call)
            if not call.wanted.wants("tuningTask", "snapshots"):
                return model.resource
            return in_full(tables, model.seq, model.resource)

    def _reached(self, tables: Tables, call: Call) -> Model:
        """The model to be read, as reads see it: they may lag behind writes."""
        model_id = call.ids["tuned_model"]
        for ghost in self._injector.ghosts(Model, call.caller, in_list=False):
            if ghost.id == model_id and tables.model(model_id) is None:
                return ghost
        model = reach(tables, model_id, call.caller, "READER")
        if self._is_hidden(model.resource, in_list=False):
            raise model_not_found(model.name)
        return model

    def page(self, call: Call) -> Answer:
        """A page of models, in the order of their creation."""
        size = _SIZES.of(call.query)
        text = call.query.get("filter", "")
        pager = Pager(self._store.service_id, ("tunedModels", call.caller, text))
        after = pager.after(call.query)
        with_snapshots = call.wanted.wants("tunedModels", "tuningTask", "snapshots")
        with self._store.reading() as tables:
            found = self._found(tables, call.caller, text, after, size + 1)
            found = self._with_ghosts(tables, found, call.caller, text, after)[: size + 1]
            if with_snapshots:
                for model in found[:size]:
                    in_full(tables, model.seq, model.resource)
        answer = pager.page("tunedModels", found, size, lambda m: m.seq, lambda m: m.resource)
        return self._without_the_young(answer)

    def _with_ghosts(
        self, tables: Tables, found: list[Model], caller: str, text: str, after: int
    ) -> list[Model]:
        """The models found, and those deleted ones that lists still show."""
        search = parse_filter(text)
        grant = [Permission("", "USER", caller, "OWNER")]
        ghosts = [
            ghost
            for ghost in self._injector.ghosts(Model, caller, in_list=True)
            if ghost.seq > after
            and tables.model(ghost.id) is None
            and search.takes(ghost, grant, caller, hide_public=True)
        ]
        return sorted((*found, *ghosts), key=lambda model: model.seq) if ghosts else found

    def _without_the_young(self, answer: Answer) -> Answer:
        """The page without those new models that lists do not show yet; it may be left empty."""
        shown = answer.pop("tunedModels", [])
        shown = [each for each in shown if not self._is_hidden(each, in_list=True)]
        return ({"tunedModels": shown} if shown else {}) | answer

    def _is_hidden(self, resource: Resource, *, in_list: bool) -> bool:
        subject = Subject.of(resource["name"].removeprefix("tunedModels/"))
        return self._injector.hides(subject, resource["createTime"], in_list=in_list)

    def _found(self, tables: Tables, caller: str, text: str, after: int, limit: int) -> list[Model]:
        hide_public = self._behaviour.list_leaves_out_shared_with_everyone
        if not text and hide_public:
            return tables.models_of(caller, after=after, limit=limit)
        search, found = parse_filter(text), []
        for model, permissions in tables.models_after(after):
            if search.takes(model, permissions, caller, hide_public=hide_public):
                found.append(model)
                if len(found) == limit:
                    break
        return found

    def patch(self, call: Call) -> Answer:
        """Change what can be changed in place; answers with the whole model."""
        with self._store.writing() as tables:
            model = reach(tables, call.ids["tuned_model"], call.caller, "WRITER")
            resource = edited(model.resource, call.body, call.query.get("update_mask"))
            if self._behaviour.patch_moves_update_time:
                resource["updateTime"] = timestamp(self._clock.now())
            tables.put_resource(model.seq, resource)
            return in_full(tables, model.seq, resource)

    def delete(self, call: Call) -> Answer:
        """Remove a model; a training under way stops."""
        with self._store.writing() as tables:
            model = reach(tables, call.ids["tuned_model"], call.caller, "OWNER")
            training = model.resource["state"] == "CREATING"
            if training and self._behaviour.delete_while_training == "refused":
                raise precondition(f"Tuned model {model.name} is being created; cancel it first.")
            now = timestamp(self._clock.now())
            tables.finish(model.seq, "DELETED", now)
            tables.note_deletion(model.seq, now)
            tables.remove_model(model.seq)
        self._injector.deleted(model, Subject.of(model.id), call.caller)
        self._bell.ended(model.seq)
        return {}


def in_full(tables: Tables, seq: int, resource: Resource) -> Resource:
    """The resource with its snapshots put in."""
    snapshots = tables.snapshots(seq)
    if snapshots:
        resource["tuningTask"]["snapshots"] = snapshots
    return resource


def _owner_id() -> str:
    return draw(_OPERATION_ID)


def _new_resource(model_id: str, wanted: Draft, source: Model | None, now: str) -> Resource:
    resource: dict[str, Any] = {"name": f"tunedModels/{model_id}"}
    inherited = DEFAULTS
    if source is None:
        resource["baseModel"] = wanted.base
    else:
        resource["tunedModelSource"] = {
            "tunedModel": source.name,
            "baseModel": base_of(source.resource),
        }
        inherited = {key: source.resource[key] for key in DEFAULTS}
    if wanted.display_name:
        resource["displayName"] = wanted.display_name
    resource |= inherited
    for path, value in wanted.editable.items():
        put_editable(resource, path, value)
    resource |= {"state": "CREATING", "createTime": now, "updateTime": now}
    resource["tuningTask"] = {"hyperparameters": dict(wanted.hyperparameters.shown)}
    return resource


def base_of(resource: Resource) -> str:
    """The base model at the root of a tuned model."""
    base: str = resource.get("baseModel") or resource["tunedModelSource"]["baseModel"]
    return base


def _order(tables: Tables, wanted: Draft, source: Model | None) -> Order:
    parent = tables.weights(source.seq) if source else None
    settings = wanted.hyperparameters
    return Order(
        examples=wanted.examples.pairs,
        data_digest=wanted.examples.digest,
        count=wanted.examples.count,
        epochs=settings.epochs,
        batch=settings.batch,
        rate=settings.rate,
        total_steps=wanted.total_steps,
        source=wanted.base or wanted.source,
        parent_outputs=parent.outputs if parent else None,
        parent_matrix=parent.matrix if parent else None,
    )
