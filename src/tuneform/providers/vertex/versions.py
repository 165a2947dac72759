"""Reads versions: the lists joined, or one version with just the calls that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tuneform.domain.live import Live
from tuneform.errors import InvalidRequest
from tuneform.providers.vertex import codec, wire
from tuneform.providers.vertex.api import Api
from tuneform.providers.vertex.codec import Made
from tuneform.providers.vertex.names import ENDPOINTS, JOBS, MODELS, ModelRef
from tuneform.providers.vertex.survey import RUNS, Survey, named_endpoint, output


@dataclass(frozen=True, slots=True)
class Version:
    """One version as it was read.

    Attributes:
        remote: its full name.
        job: that trained it; None for a copy.
        ref: of its Model; None where the job names none.
        model: as it is now; None where it is not there.
    """

    remote: str
    job: wire.Job | None
    ref: ModelRef | None = None
    model: wire.Model | None = None

    @property
    def runs(self) -> bool:
        """Whether its training goes on."""
        return self.job is not None and self.job.state in RUNS


class Versions:
    """Reads versions. Safe for threads.

    Args:
        api: sends the calls.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._home = api.home

    def survey(self) -> Survey:
        """Everything that is there.

        Jobs first, then what they make: a job that has made something lists it in this order.
        """
        api = self._api
        jobs, models, endpoints = api.jobs(), api.models(), api.endpoints()
        survey = Survey(self._home, jobs, models, endpoints)
        if any(survey.unclaimed()):
            # Begun after the jobs were listed, and trained before the models were? Then its job is
            # listed by now.
            jobs = api.jobs()
            survey = Survey(self._home, jobs, models, endpoints)
        late = {ref: model for ref in set(survey.doubtful_models()) if (model := api.model(ref))}
        if late:
            survey = Survey(self._home, jobs, {**models, **late}, endpoints)
        ours = {
            name: endpoint
            for name in set(survey.doubtful_endpoints())
            if (endpoint := api.endpoint(name))
        }
        if ours:
            survey = Survey(self._home, jobs, survey.models, {**endpoints, **ours})
        return survey

    def of(self, survey: Survey) -> Iterator[Live]:
        """All versions: what jobs made or will make, then copies."""
        for name, job in survey.jobs.items():
            ref = output(self._home, job)
            model = survey.model(ref) if ref else None
            endpoint = self._endpoint(survey, ref, job)
            made = Made(model, endpoint, self._source(survey, job))
            if live := codec.read_job(self._home, name, job, made):
                yield live
        for ref, model in survey.unclaimed():
            yield codec.read_copy(self._home, ref, model, self._endpoint(survey, ref, None))

    def observe(self, remote: str) -> Live | None:
        """One version, or None."""
        version = self.find(remote)
        if version is None:
            return None
        ref, job, home = version.ref, version.job, self._home
        survey = self._around(version)
        endpoint = self._endpoint(survey, ref, job)
        if job is None:
            assert ref is not None, "a copy is a Model"
            assert version.model is not None, "a copy is a Model"
            return codec.read_copy(home, ref, version.model, endpoint)
        identity = version.remote.rpartition("/")[2]
        made = Made(version.model, endpoint, self._source(survey, job))
        return codec.read_job(home, identity, job, made)

    def find(self, remote: str) -> Version | None:
        """A version by the name of its job, or of its Model; None where there is none.

        Raises:
            InvalidRequest: it is the name of neither in this project and location.
        """
        api, home = self._api, self._home
        if identity := home.id_in(JOBS, remote):
            job = api.job(identity)
            if job is None:
                return None
            ref = output(home, job)
            return Version(home.name(JOBS, identity), job, ref, api.model(ref) if ref else None)
        ref = home.model_in(remote)
        if ref is None:
            raise not_ours(remote, home.path)
        model = api.model(ref)
        if model is None:
            return None
        ref = ModelRef(ref.id, model.version_id)
        jobs = api.jobs()
        maker = Survey(home, jobs, {}, {}).maker(ref)
        if maker:
            return Version(home.name(JOBS, maker), jobs[maker], ref, model)
        return Version(home.name(MODELS, ref.id), None, ref, model)

    def _around(self, version: Version) -> Survey:
        """As much of a survey as one version needs."""
        api, job, ref = self._api, version.job, version.ref
        jobs = api.jobs() if job and job.pre_tuned_model else {}
        endpoints: dict[str, wire.Endpoint] = {}
        if ref and version.model and not version.runs:
            name = named_endpoint(self._home, job) if job else None
            endpoint = api.endpoint(name) if name else None
            endpoints = {name: endpoint} if name and endpoint else {}
            if Survey(self._home, {}, {}, endpoints).endpoint_of(ref, job) is None:
                endpoints = api.endpoints()
        return Survey(self._home, jobs, {}, endpoints)

    def _endpoint(self, survey: Survey, ref: ModelRef | None, job: wire.Job | None) -> str | None:
        name = survey.endpoint_of(ref, job) if ref else None
        return self._home.name(ENDPOINTS, name) if name else None

    def _source(self, survey: Survey, job: wire.Job) -> str | None:
        """The version that a training started from, under the name that it is listed by."""
        named = job.pre_tuned_model.tuned_model_name if job.pre_tuned_model else None
        ref = self._home.model_in(named)
        if ref is None:
            return named
        maker = survey.maker(ref)
        return self._home.name(JOBS, maker) if maker else self._home.name(MODELS, ref.id)


def not_ours(remote: str, place: str) -> InvalidRequest:
    """What a name is answered with that must not become a path."""
    return InvalidRequest(
        f"{remote!r} is not the name of a tuning job or a model of {place}",
        hint=f"write the full name, such as {place}/tuningJobs/1234567890",
    )
