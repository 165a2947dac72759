"""What versions leave behind: endpoints that hold nothing, and uploads that nothing was trained on.

Looks only; what may go is judged again before it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuneform.domain.live import Leftover, Live
from tuneform.providers.vertex import wire
from tuneform.providers.vertex.labels import read_mark
from tuneform.providers.vertex.names import ENDPOINTS, JOBS
from tuneform.providers.vertex.survey import RUNS, Survey, deployed_ref, identity
from tuneform.providers.vertex.uploads import Upload

ENDPOINT = "endpoint"
UPLOAD = "upload"


def idle_endpoints(owner: str, survey: Survey) -> Iterator[Leftover]:
    """Endpoints that bear this owner's mark and hold no Model that is there.

    Those of a training that goes on are none: it makes its endpoint before it deploys to it.
    """
    coming = {identity(read_mark(job.labels)) for job in survey.jobs.values() if job.state in RUNS}
    for name, endpoint in sorted(survey.endpoints.items()):
        mark = read_mark(endpoint.labels)
        if mark is None or mark.owner != owner or identity(mark) in coming:
            continue
        if not any(_is_alive(survey, each) for each in endpoint.deployed_models or ()):
            why = "Its model is gone" if endpoint.deployed_models else "It holds no model"
            remote = survey.home.name(ENDPOINTS, name)
            yield Leftover(remote, ENDPOINT, f"{why}.", endpoint.create_time)


def _is_alive(survey: Survey, deployed: wire.DeployedModel) -> bool:
    """Whether a deployed Model is there; one of another location cannot be told, and counts."""
    ref = deployed_ref(survey.home, deployed)
    return ref is None or survey.model(ref) is not None


def idle_uploads(
    uploads: Iterable[Upload], survey: Survey, versions: Iterable[Live]
) -> Iterator[Leftover]:
    """Uploads that no training under way and no trained version was made from, of any owner."""
    used = set()
    for live in versions:
        job = survey.jobs.get(survey.home.id_in(JOBS, live.remote) or "")
        spec = job.supervised_tuning_spec if job else None
        if spec and not live.spent:
            used |= {spec.training_dataset_uri, spec.validation_dataset_uri}
    for upload in uploads:
        if upload.url not in used:
            yield Leftover(upload.url, UPLOAD, "No live version was trained on it.", upload.created)
