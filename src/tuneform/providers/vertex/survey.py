"""Jobs, models and endpoints as they were listed, and how they belong together. Pure.

Which Model a job made, which job made a Model, and which endpoint answers for it. The lists are
read one after another, and each may lag: what is doubtful is named here, and read by whoever can.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from tuneform.domain.mark import Identity, Mark
from tuneform.providers.vertex import wire
from tuneform.providers.vertex.labels import HOLDS, read_mark
from tuneform.providers.vertex.names import ENDPOINTS, Home, ModelRef

V = TypeVar("V")

LAG: Final = timedelta(hours=1)
"""How long a list may lag behind what a job has made."""

RUNS: Final = frozenset(
    f"JOB_STATE_{state}"
    for state in ("QUEUED", "PENDING", "RUNNING", "PAUSED", "UPDATING", "CANCELLING")
)
"""States of a job that may still make a Model."""

SUCCEEDED: Final = "JOB_STATE_SUCCEEDED"


def identity(mark: Mark | None) -> Identity | None:
    """What tells one training from another; None without a mark."""
    return mark.identity if mark else None


class Survey:
    """What was read.

    Args:
        home: the project and location.
        jobs: by id.
        models: by id and version, as far as they were read.
        endpoints: by id.
    """

    def __init__(
        self,
        home: Home,
        jobs: Mapping[str, wire.Job],
        models: Mapping[ModelRef, wire.Model],
        endpoints: Mapping[str, wire.Endpoint],
    ) -> None:
        self.home = home
        self.jobs = jobs
        self.models = models
        self.endpoints = endpoints
        self._makers = _grouped(
            (made, name) for name, job in jobs.items() if (made := output(home, job))
        )
        self._models = _grouped(models.items())
        self._holders = _grouped(
            (ref, name)
            for name, endpoint in endpoints.items()
            for each in endpoint.deployed_models or ()
            if (ref := deployed_ref(home, each))
        )
        self._latest = _latest(jobs, models, endpoints)

    def model(self, ref: ModelRef) -> wire.Model | None:
        """A Model that was read."""
        return next(_meeting(self._models, ref), None)

    def maker(self, ref: ModelRef) -> str | None:
        """The id of the job that made a Model."""
        return next(_meeting(self._makers, ref), None)

    def doubtful_models(self) -> Iterator[ModelRef]:
        """Models that jobs made and that are not listed: gone, or not listed yet.

        A list shows one version of a Model only; and it may lag behind a job that has just ended,
        which must not pass for a Model that is gone: that would be trained again.
        """
        for job in self.jobs.values():
            made = output(self.home, job)
            if made is None or self.model(made) is not None:
                continue
            if made.id in self._models or self._is_fresh(job):
                yield made

    def doubtful_endpoints(self) -> Iterator[str]:
        """Endpoints that jobs made lately and that are not listed with their model."""
        for job in self.jobs.values():
            made, name = output(self.home, job), named_endpoint(self.home, job)
            if made is None or name is None or self.model(made) is None or not self._is_fresh(job):
                continue
            if name not in set(_meeting(self._holders, made)):
                yield name

    def unclaimed(self) -> Iterator[tuple[ModelRef, wire.Model]]:
        """Models that bear a mark and that no listed job made: copies, and imports of such.

        The Model of a job that is about to end is there before the job names it.
        """
        coming = {
            identity(read_mark(job.labels)) for job in self.jobs.values() if job.state in RUNS
        }
        for ref, model in self.models.items():
            mark = read_mark(model.labels)
            if mark and self.maker(ref) is None and identity(mark) not in coming:
                yield ref, model

    def endpoint_of(self, ref: ModelRef, job: wire.Job | None) -> str | None:
        """The id of the endpoint that answers for a Model.

        The one that its job made comes first, then one of ours, then any that holds it; never one
        that was made for an intermediate checkpoint.
        """
        named = named_endpoint(self.home, job) if job else None
        aside = checkpoint_endpoints(self.home, job) - {named} if job else frozenset()
        names = (name for name in _meeting(self._holders, ref) if name not in aside)
        return min(names, key=lambda name: (name != named, *self._rank(name)), default=None)

    def _rank(self, name: str) -> tuple[bool, str, str]:
        endpoint = self.endpoints[name]
        return read_mark(endpoint.labels) is None, str(endpoint.create_time), name

    def _is_fresh(self, job: wire.Job) -> bool:
        """Whether the job ended within an hour of the last thing that is known to have happened.

        By the service's own times: the clock of this machine may be wrong.
        """
        return self._latest is None or job.end_time is None or job.end_time >= self._latest - LAG


def _grouped(pairs: Iterable[tuple[ModelRef, V]]) -> dict[str, list[tuple[ModelRef, V]]]:
    """By the id of the Model, so that a list of thousands is joined in one pass."""
    groups: dict[str, list[tuple[ModelRef, V]]] = {}
    for ref, value in pairs:
        groups.setdefault(ref.id, []).append((ref, value))
    return groups


def _meeting(groups: Mapping[str, list[tuple[ModelRef, V]]], ref: ModelRef) -> Iterator[V]:
    return (value for each, value in groups.get(ref.id, ()) if each.meets(ref))


def _latest(*tables: Mapping[Any, wire.Job | wire.Model | wire.Endpoint]) -> datetime | None:
    every = [each for table in tables for each in table.values()]
    times = [time for each in every for time in (each.create_time, each.update_time) if time]
    ends = [each.end_time for each in every if isinstance(each, wire.Job) and each.end_time]
    return max((*times, *ends), default=None)


def output(home: Home, job: wire.Job) -> ModelRef | None:
    """The Model that a job says it made."""
    made = job.tuned_model
    return home.model_in(made.model) if made else None


def named_endpoint(home: Home, job: wire.Job) -> str | None:
    """The id of the endpoint that a job deployed its Model to."""
    made = job.tuned_model
    return home.id_in(ENDPOINTS, made.endpoint) if made else None


def checkpoint_endpoints(home: Home, job: wire.Job) -> frozenset[str]:
    """The ids of the endpoints that a job made for its checkpoints."""
    checkpoints = (job.tuned_model.checkpoints if job.tuned_model else None) or ()
    names = (home.id_in(ENDPOINTS, each.endpoint) for each in checkpoints)
    return frozenset(filter(None, names))


def deployed_here(home: Home, endpoint: wire.Endpoint, ref: ModelRef) -> tuple[str, ...]:
    """The ids under which a Model is deployed on an endpoint."""
    return tuple(
        each.id
        for each in endpoint.deployed_models or ()
        if (there := deployed_ref(home, each)) and there.meets(ref)
    )


def holds(home: Home, endpoint: wire.Endpoint, ref: ModelRef) -> bool:
    """Whether a Model is deployed on an endpoint."""
    return bool(deployed_here(home, endpoint, ref))


def deployed_ref(home: Home, deployed: wire.DeployedModel) -> ModelRef | None:
    """Which Model is deployed; None where it is not one of this project and location."""
    ref = home.model_in(deployed.model)
    return ModelRef(ref.id, deployed.model_version_id or ref.version) if ref else None


def made_for(endpoint: wire.Endpoint) -> str | None:
    """The id of the Model that we made an endpoint for."""
    return (endpoint.labels or {}).get(HOLDS)
