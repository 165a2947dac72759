"""A provider in memory that assigns ids, keeps labels, and never forgets a training.

What differs from `FakeProvider` is what services of that kind do: a create is never refused for
its name, what is in training cannot be edited, a cancel shows in the state alone, what ended
without a model stays listed for ever, and a model answers under a name of its own.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from tests.execute.fake import LOST, FakeProvider

from tuneform.domain.capabilities import Base, Capabilities
from tuneform.domain.live import Leftover, Live, LiveState, LossPoint
from tuneform.errors import InvalidRequest, NotFound, Unreachable

CAPABILITIES = Capabilities(
    "assigning", None, (Base("*"),), stores_labels=True, edits_training=False
)


class AssigningProvider(FakeProvider):
    """The number of a job counts from 1. Listing and finding may lag for new jobs."""

    capabilities = CAPABILITIES

    def __init__(self, clock, *lives, seconds=60.0):
        super().__init__(clock, *lives, seconds=seconds)
        self.stop_seconds = 2.0
        self.unstoppable = set()
        self.left = []
        self.discarded = []
        self.validations = []
        self.extras = []
        self._jobs = 0

    # --- what tests do to it

    @property
    def trainings(self):
        """How many were begun, by model and short fingerprint."""
        return Counter(
            (live.origin.model, live.origin.fingerprint)
            for live in self.objects.values()
            if live.origin
        )

    def undeploy(self, remote):
        self.edit(remote, deployed=False, endpoint=None)

    # --- the protocol

    def find(self, mark):
        with self._lock:
            self._meet("find", mark.model)
            self._train()
            wanted = (mark.owner, mark.model, mark.fingerprint)
            found = [
                live
                for remote, live in self.objects.items()
                if (born := live.mark or live.origin)
                and (born.owner, born.model, born.fingerprint) == wanted
                and self._is_visible(remote, self.list_lag)
            ]
            return tuple(sorted(found, key=lambda live: (str(live.created), live.remote)))

    def start(self, creation):
        assert creation.remote is None, "nobody may choose an id here"
        with self._lock:
            fault = self._meet("start", creation.mark.model)
            tuple(creation.examples)
            self.validations.append(creation.validation and tuple(creation.validation.examples))
            self.extras.append(creation.extras)
            self._jobs += 1
            remote = f"jobs/{self._jobs}"
            live = Live(
                remote,
                LiveState.TRAINING,
                creation.mark,
                display_name=creation.fields.display_name or "",
                description=creation.fields.description or "",
                base=creation.base,
                source=creation.source,
                hyperparameters=creation.hyperparameters,
                labels=creation.fields.labels or (),
                created=self.clock.now(),
                origin=creation.mark,
            )
            self.put(live)
            self._born[remote] = self.clock.monotonic()
            self._note("start", remote)
            if fault == LOST:
                raise Unreachable("no reply to the create")
            return live

    def patch(self, live, fields, mark):
        with self._lock:
            fault = self._meet("patch", live.remote)
            now = self.objects.get(live.remote)
            if now is None:
                raise NotFound(f"{live.remote} does not exist", status=404)
            if now.spent or now.state is LiveState.TRAINING:
                raise InvalidRequest(f"{live.remote} cannot be edited", status=400)
            texts = {"display_name": fields.display_name, "description": fields.description}
            labels = {**dict(now.labels), **dict(fields.labels or ())}
            self.edit(
                live.remote,
                mark=mark,
                labels=tuple(sorted(labels.items())),
                **{name: value for name, value in texts.items() if value is not None},
            )
            if mark is not None and mark.serving and not now.deployed:
                self._deploy(live.remote)
            self._note("patch", live.remote)
            if fault == LOST:
                raise Unreachable(f"no reply to the patch of {live.remote}")
            return self.objects[live.remote]

    def cancel(self, remote):
        with self._lock:
            self._meet("cancel", remote)
            self._train()
            live = self.objects.get(remote)
            if live is not None and live.state is LiveState.TRAINING:
                self.edit(remote, mark=replace(live.mark, cancelled=True))
                self.ends[remote] = min(
                    self.ends[remote], self.clock.monotonic() + self.stop_seconds
                )
            self._note("cancel", remote)

    def delete(self, remote):
        with self._lock:
            self._meet("delete", remote)
            live = self.objects.get(remote)
            if live is not None and live.state is LiveState.TRAINING:
                raise InvalidRequest(f"{remote} is in training", status=400)
            if live is not None and not live.spent:
                del self.objects[remote]
                self.deleted.append(remote)
            self._note("delete", remote)

    def ask(self, address, prompt):
        answering = {live.address for live in self.objects.values() if live.deployed}
        if address not in answering:
            raise NotFound(f"nothing answers under {address}", status=404)
        return super().ask(address, prompt)

    def leftovers(self, _owner, /):
        return tuple(self.left)

    def discard(self, leftover):
        self._meet("discard", leftover.remote)
        self.left.remove(leftover)
        self.discarded.append(leftover.remote)

    # --- inside

    def _finish(self, remote):
        live = self.objects[remote]
        cancelled = live.mark is not None and live.mark.cancelled
        if remote in self.failing or (cancelled and remote not in self.unstoppable):
            self.edit(remote, state=LiveState.FAILED, spent=True)
            return
        self.edit(
            remote,
            state=LiveState.ACTIVE,
            mark=live.mark and replace(live.mark, cancelled=False),
            base=live.base or "models/base",
            tokens=1_000,
            curve=tuple(LossPoint(step, 0, 1 / step) for step in range(1, 11)),
        )
        self._deploy(remote)

    def _deploy(self, remote):
        self.edit(remote, deployed=True, endpoint=remote.replace("jobs/", "endpoints/"))


def leftover(number=1, *, created=None):
    """An upload that no training uses."""
    return Leftover(
        f"gs://bucket/{number}.jsonl", "upload", "No version was trained from it.", created
    )


def days(count):
    """So long a time."""
    return timedelta(days=count)
