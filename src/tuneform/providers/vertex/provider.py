"""Tuning jobs on Vertex AI as a provider, and on the practice service, which speaks the same.

Each verb is a call or a few, translated by `codec`, joined by `versions`. What a verb promises is
said in `providers.base`; retries and errors are the client's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tuneform.domain.capabilities import Capabilities
from tuneform.domain.live import Leftover, Live, Training
from tuneform.domain.mark import Mark
from tuneform.domain.spec import EndpointPolicy, Fields
from tuneform.errors import BadReply, InvalidRequest, NotFound, ServiceFailure, Unreachable
from tuneform.providers.base import Creation
from tuneform.providers.google.asking import ask, encoded
from tuneform.providers.google.wire import Status
from tuneform.providers.vertex import calls, codec, leftovers, wire
from tuneform.providers.vertex.api import Api
from tuneform.providers.vertex.deletion import Deletion, Going
from tuneform.providers.vertex.deployment import Deployment
from tuneform.providers.vertex.editing import Editing
from tuneform.providers.vertex.labels import read_mark
from tuneform.providers.vertex.names import ENDPOINTS, JOBS, ModelRef
from tuneform.providers.vertex.survey import identity, output
from tuneform.providers.vertex.uploads import Upload, Uploads
from tuneform.providers.vertex.versions import Version, Versions, not_ours

__all__ = ["VertexProvider"]

_CANCELLED: Final = 1  # gRPC


class VertexProvider:
    """Tuning jobs, with the models and endpoints that they make. Safe for threads.

    Args:
        api: sends the calls.
        uploads: holds the examples.
        capabilities: of the service behind it, see `bases.capabilities`.
        policy: whether versions that no longer serve stay deployed.
    """

    def __init__(
        self,
        api: Api,
        uploads: Uploads,
        capabilities: Capabilities,
        policy: EndpointPolicy = "perVersion",
    ) -> None:
        self._api = api
        self._uploads = uploads
        self._capabilities = capabilities
        self._policy = policy
        self._home = api.home
        self._versions = Versions(api)
        self._deletion = Deletion(api)
        self._deployment = Deployment(api)
        self._editing = Editing(api)

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self._capabilities

    def tunable_bases(self) -> frozenset[str]:
        """Names of the bases that are known to be offered: no request tells."""
        return frozenset(self._capabilities.offered or ())

    def list(self, *, curves: bool = False) -> Iterator[Live]:  # noqa: ARG002 - there are none
        """All versions, each once. A tuning job tells no loss, so there are no curves."""
        yield from self._versions.of(self._versions.survey())

    def observe(self, remote: str) -> Live | None:
        """One version, or None. A bare number, as people shorten a name, is that of a job."""
        is_bare = remote.isascii() and remote.isdecimal()
        whole = self._home.name(JOBS, remote) if is_bare else remote
        return self._versions.observe(whole)

    def find(self, mark: Mark) -> tuple[Live, ...]:
        """Versions whose mark names this owner, model and fingerprint; or the one of their job."""
        wanted = identity(mark)
        found = [live for live in self.list() if identity(live.mark or live.origin) == wanted]
        return tuple(sorted(found, key=lambda live: (str(live.created), live.remote)))

    def start(self, creation: Creation) -> Live:
        """Upload the examples, then send one create."""
        if creation.remote is not None:
            raise ValueError("this API assigns ids: one that is chosen would be lost")
        source, uploaded = self._prepared(creation)
        what = creation.mark.model
        body = encoded(what, lambda: codec.write_job(creation, source, uploaded))
        job = self._api.create_job(what, body)
        identity = self._home.id_in(JOBS, job.name)
        assert identity is not None, "the reply was checked"
        live = codec.read_job(self._home, identity, job, codec.Made(source=creation.source))
        if live is None or live.mark != creation.mark:
            call = calls.create_job(self._home.path, what, b"")
            raise self._api.client.bad_reply(
                call, f"{job.name} does not bear the mark that was sent"
            )
        return live

    def patch(self, live: Live, fields: Fields, mark: Mark | None) -> Live:
        """Edit the Model, and deploy or undeploy it where the mark asks for that; then read back.

        What shall serve is deployed first, and what no longer does is undeployed last. The labels
        of the Model decide, so they are written after those of endpoints: a run that breaks off
        between the two leaves a difference that the next plan sees.
        """
        with self._api.client.verb():
            self._write(live, fields, mark)
            after = self._versions.observe(live.remote)
            if after is None:
                raise NotFound(f"{live.remote} is gone since it was edited")
            return after

    def _write(self, live: Live, fields: Fields, mark: Mark | None) -> None:
        version = self._trained(live.remote)
        serves = mark is not None and mark.serving and not mark.cancelled
        retires = live.serves and mark is not None and not serves
        if mark is not None and serves and not live.deployed:
            self._deployment.deploy(version, mark)
            version = self._trained(live.remote)
        self._editing.label_endpoints(version, mark)
        self._editing.edit(version, fields, mark)
        if retires and self._policy == "servingOnly":
            self._deletion.withdraw(version)

    def cancel(self, remote: str) -> None:
        """Ask the job to stop; one that is gone or has ended is no failure."""
        identity = self._home.id_in(JOBS, remote)
        if identity is None:
            if self._home.model_in(remote) is None:
                raise not_ours(remote, self._home.path)
            return
        call = calls.cancel_job(self._home.name(JOBS, identity))
        try:
            with self._api.client.verb():
                self._api.client.send(call)
        except NotFound:
            return
        except InvalidRequest as error:
            if error.reason != "FAILED_PRECONDITION":
                raise

    def delete(self, remote: str) -> None:
        """Undeploy, delete the endpoints, delete the Model.

        A training under way is asked to stop; the record of a job stays, and is no version.
        """
        version = self._versions.find(remote)
        if version is None:
            return
        if version.runs:
            self.cancel(remote)
            return
        with self._api.client.verb():
            self._deletion.delete(version)

    def training(self, remote: str) -> Training | None:
        """From the job: what it counted, and the checkpoints that it keeps."""
        identity = self._home.id_in(JOBS, remote)
        if identity:
            job = self._api.job(identity)
        else:
            version = self._versions.find(remote)
            job = version.job if version else None
        if job is None:
            return None
        total = wire.integer(codec.stats(job).tuning_step_count)
        kept = (job.tuned_model.checkpoints if job.tuned_model else None) or ()
        steps = [step for each in kept if (step := wire.integer(each.step))]
        done = total or 0 if output(self._home, job) and not job.error else max(steps, default=0)
        return Training(
            steps_done=done,
            steps_total=total,
            error=self._why(job.error) if job.error else None,
        )

    def ask(self, address: str, prompt: str) -> str:
        """The text of the first candidate of an endpoint."""
        identity = self._home.id_in(ENDPOINTS, address)
        if identity is None:
            raise InvalidRequest(
                f"{address!r} is not the name of an endpoint of {self._home.path}: a tuned model "
                "answers at its endpoint only",
                hint="see `tuneform output`; a version that is not deployed answers nowhere",
            )
        name = self._home.name(ENDPOINTS, identity)
        return ask(self._api.client, name, lambda body: calls.generate(name, body), prompt)

    def leftovers(self, owner: str, /) -> tuple[Leftover, ...]:
        """Endpoints without a model, and uploads that no live version was trained on."""
        survey = self._versions.survey()
        versions = tuple(self._versions.of(survey))
        uploads = self._uploads.of(owner)
        return (
            *leftovers.idle_endpoints(owner, survey),
            *leftovers.idle_uploads(uploads, survey, versions),
        )

    def discard(self, leftover: Leftover) -> None:
        """Look again, and delete it if it still is one."""
        survey = self._versions.survey()
        if leftover.kind == leftovers.UPLOAD:
            upload = Upload(leftover.remote, "", leftover.created)
            if any(leftovers.idle_uploads((upload,), survey, self._versions.of(survey))):
                self._uploads.remove(leftover.remote)
            return
        name = self._home.id_in(ENDPOINTS, leftover.remote)
        endpoint = survey.endpoints.get(name) if name else None
        mark = read_mark(endpoint.labels) if endpoint else None
        if name is None or endpoint is None or mark is None:
            return
        if leftover.remote in {
            each.remote for each in leftovers.idle_endpoints(mark.owner, survey)
        }:
            held = tuple(each.id for each in endpoint.deployed_models or ())
            self._deletion.clear(Going(name, held, deleted=True))

    def _prepared(self, creation: Creation) -> tuple[codec.Source | None, codec.Uploaded]:
        """What has to be there before the create.

        Raises:
            Unreachable: it could not be done. Nothing has begun, and the error says so, lest
                somebody look for a training.
        """
        try:
            source = self._source(creation.source) if creation.source else None
            return source, self._upload(creation)
        except (Unreachable, ServiceFailure, BadReply) as error:
            raise Unreachable(error.message, hint=error.hint, sent=False) from error

    def _upload(self, creation: Creation) -> codec.Uploaded:
        owner, validation = creation.mark.owner, creation.validation
        training = self._uploads.put(creation.data, creation.examples, owner)
        if validation is None:
            return codec.Uploaded(training)
        return codec.Uploaded(
            training, self._uploads.put(validation.data, validation.examples, owner)
        )

    def _source(self, remote: str) -> codec.Source:
        """The Model of the version that a training starts from."""
        version = self._versions.find(remote)
        if version is None or version.ref is None or version.model is None:
            raise InvalidRequest(
                f"{remote} has no model to start a training from",
                hint="run `tuneform plan` to see what is there now",
            )
        ref = ModelRef(version.ref.id, version.ref.version or version.model.version_id)
        return codec.Source(self._home.model(ref), version.model.display_name or "")

    def _trained(self, remote: str) -> Version:
        """A version that can be edited."""
        version = self._versions.find(remote)
        if version is not None and (version.runs or version.ref is None):
            raise InvalidRequest(
                f"{remote} cannot be edited: a tuning job stays as it was created, and there is no "
                "model yet",
                hint="wait until it is trained: `tuneform wait`",
            )
        if version is None or version.model is None:
            raise NotFound(f"{remote} is not there any more", hint="run `tuneform plan` again")
        return version

    def _why(self, error: Status) -> str:
        """Why a job ended, in the service's words."""
        said = self._api.client.says(error.message or "")
        if error.code == _CANCELLED:
            return f"cancelled: {said}" if said else "cancelled"
        return said or f"the service gives no reason (gRPC code {error.code})"
