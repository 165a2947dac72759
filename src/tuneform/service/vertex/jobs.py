"""tuningJobs: create, get, list and cancel; there is no way to change or delete one.

The server assigns the id, and takes no request id: a create that is sent twice is two jobs.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from tuneform.service.call import Answer, Call
from tuneform.service.errors import Status, Violation, invalid, too_many_trainings
from tuneform.service.store import Tables
from tuneform.service.vertex import checks, registry
from tuneform.service.vertex.datasets import Datasets, DatasetUnusable
from tuneform.service.vertex.drafts import Draft, draft
from tuneform.service.vertex.filters import Term, parse_filter
from tuneform.service.vertex.ground import Ground
from tuneform.service.vertex.listing import Listing
from tuneform.service.vertex.names import Home, draw_id
from tuneform.service.vertex.operations import Operations
from tuneform.service.vertex.rows import Row, Rows
from tuneform.service.vertex.tuning import JOBS

END_CANCELLED = "endCancelledJob"
"""The effect that ends a job some time after it was cancelled."""

_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "CANCELLING")
_CANCELLED = {"code": Status.CANCELLED.grpc, "message": "The tuning job was cancelled."}


class Jobs:
    """The resource that trains."""

    def __init__(
        self, ground: Ground, operations: Operations, listing: Listing, datasets: Datasets
    ) -> None:
        self._ground = ground
        self._operations = operations
        self._listing = listing
        self._datasets = datasets

    def create(self, call: Call) -> Answer:
        """Start a job; answers with the job, which is QUEUED."""
        wanted, home = draft(call.body), self._ground.home(call)
        if self._ground.behaviour.datasets_checked == "at create":
            self._check_datasets(wanted, call.caller)
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            notes = _notes(wanted, call.caller) | self._origin(rows, wanted)
            self._check_quota(tables)
            job_id, now = draw_id(), self._ground.now
            name = home.name(JOBS, job_id)
            seq = tables.announce_training(
                name, wanted.display_name, notes["source"], wanted.labels, now
            )
            resource = _resource(name, home, wanted, notes, now)
            job = rows.add(JOBS, str(home), name, resource, notes | {"training": seq})
        self._ground.bell.started(seq)
        return job.resource

    def _check_datasets(self, wanted: Draft, caller: str) -> None:
        found = []
        for key, uri in (("training", wanted.training), ("validation", wanted.validation)):
            try:
                if uri:
                    self._datasets.find(uri, caller)
            except DatasetUnusable as error:
                at = f"tuning_job.supervised_tuning_spec.{key}_dataset_uri"
                found.append(Violation(at, str(error)))
        if found:
            raise checks.found_errors(found)

    def _origin(self, rows: Rows, wanted: Draft) -> dict[str, Any]:
        """Where the job starts from, and where its result goes."""
        if not wanted.source:
            return {
                "base": wanted.base,
                "source": wanted.base,
                "parent": "",
                "parent_learnt": [],
                "owner": "",
            }
        field = "tuning_job.pre_tuned_model.tuned_model_name"
        name = self._ground.names.read(wanted.source, registry.MODELS, field)
        owner = registry.model(rows, str(name))
        version = registry.version(rows, owner, name.version)
        learnt = version.notes["learnt"]
        chosen = wanted.checkpoint or max(learnt, key=int)
        if chosen not in learnt:
            raise invalid(f"Checkpoint {chosen[:40]} of model {version.name} does not exist.")
        same_name = wanted.display_name in ("", owner.resource["displayName"])
        return {
            "base": version.resource["baseModelSource"]["genieSource"]["baseModelUri"],
            "source": version.name,
            "parent": version.name,
            "parent_learnt": [version.notes["training"], learnt[chosen]],
            "owner": owner.name if same_name else "",
        }

    def _check_quota(self, tables: Tables) -> None:
        most = self._ground.behaviour.concurrent_trainings
        refuses = most is not None and self._ground.behaviour.beyond_quota == "refused"
        if refuses and most is not None and len(tables.unfinished("vertex")) >= most:
            raise too_many_trainings(most)

    def get(self, call: Call) -> Answer:
        """One job."""
        with self._ground.store.reading() as tables:
            return self._found(Rows(tables), call).resource

    def _found(self, rows: Rows, call: Call, *, writes: bool = False) -> Row:
        name = self._ground.home(call).name(JOBS, call.ids["job"])
        row = rows.get(JOBS, name)
        if row is None or (not writes and self._listing.is_hidden(row)):
            raise registry.not_found("TuningJob", name)
        return row

    def page(self, call: Call) -> Answer:
        """A page of jobs."""
        parent = str(self._ground.home(call))
        return self._listing.page(call, JOBS, parent, _as_stored, self._terms(call.query))

    def _terms(self, query: Mapping[str, Any]) -> tuple[Term, ...]:
        text = query.get("filter", "")
        match self._ground.behaviour.job_filters:
            case "ignored":
                return ()
            case "refused" if text:
                raise invalid("Request contains an invalid argument.")
        return parse_filter(text)

    def cancel(self, call: Call) -> Answer:
        """Ask a job to end. It is CANCELLING for a while; what has ended stays as it is."""
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            job = self._found(rows, call, writes=True)
            if job.resource["state"].removeprefix("JOB_STATE_") in _ENDED:
                return {}
            now, seq = self._ground.now, job.notes["training"]
            job = job.changed(state="JOB_STATE_CANCELLING", updateTime=now)
            if self._ground.behaviour.cancel_tuning == "too late":
                rows.put(job)
                return {}
            tables.finish(seq, "CANCELLED", now, msgspec.json.encode(_CANCELLED))
            arguments = {"name": job.name}
            notes = job.notes | {"effect": END_CANCELLED, "arguments": arguments}
            rows.put(replace(job, notes=notes, due=self._operations.due()))
        self._ground.bell.ended(seq)
        return {}


def end_cancelled(rows: Rows, arguments: Mapping[str, Any], now: str) -> None:
    """End a job that is CANCELLING."""
    job = rows.get(JOBS, arguments["name"])
    if job is not None:
        state = {"state": "JOB_STATE_CANCELLED", "error": _CANCELLED}
        rows.put(job.changed(**state, endTime=now, updateTime=now))


def _as_stored(_: Rows) -> Any:
    return lambda row: row.resource


def _notes(wanted: Draft, caller: str) -> dict[str, Any]:
    return {
        "caller": caller,
        "epochs": wanted.epochs,
        "multiplier": wanted.multiplier,
        "last_only": wanted.last_checkpoint_only,
    }


def _resource(
    name: str, home: Home, wanted: Draft, notes: Mapping[str, Any], now: str
) -> dict[str, Any]:
    resource: dict[str, Any] = {"name": name, **wanted.shown}
    if wanted.source:
        resource["preTunedModel"] = {
            "tunedModelName": notes["parent"],
            "baseModel": notes["base"],
        }
        if wanted.checkpoint:
            resource["preTunedModel"]["checkpointId"] = wanted.checkpoint
    experiment = (
        f"{home}/metadataStores/default/contexts/tuning-experiment-{name.rpartition('/')[2]}"
    )
    return resource | {
        "state": "JOB_STATE_QUEUED",
        "createTime": now,
        "updateTime": now,
        "experiment": experiment,
    }
