"""One project, one service that fails on request, and a witness of every request between them.

The real client and the layer of the commands speak with a practice service of this process. Time is
steered, and trainings end when lists are asked for: nothing sleeps, and no thread trains. A second
service on the same data file has no faults: through it the witness sees what is really there, and
other people edit.
"""

import random
import shutil
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import httpx
from tests.cli.project import Project, talk_to

from tuneform.app.applying import Prepared, Wishes
from tuneform.app.declare import declare
from tuneform.app.invocation import Invocation
from tuneform.app.planning import ALL, decide
from tuneform.app.wiring import Opened
from tuneform.clock import SteeredClock
from tuneform.domain.live import LiveState
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.plan import Delete, Promote
from tuneform.domain.report import Status
from tuneform.errors import TuneformError
from tuneform.providers.gemini.bases import capabilities
from tuneform.providers.gemini.provider import GeminiProvider
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.credentials import ApiKey
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.trust import check_endpoint
from tuneform.service import open_service
from tuneform.service.courtesy import Courtesy, Turns
from tuneform.service.dialect import end_failed
from tuneform.service.errors import Status as Code
from tuneform.service.fault_file import faults_of
from tuneform.service.in_process import InProcess
from tuneform.service.training import Training
from tuneform.service.wire import timestamp

OWNER = "demo"
ENDPOINT = check_endpoint("http://127.0.0.1", ())
COLLECTION = "/v1beta/tunedModels"
REQUEST_SECONDS = 0.01


@dataclass
class Expectation:
    """What the plan that is carried out permits, and what must not be lost meanwhile.

    Attributes:
        written, deleted: remote names that its steps name.
        families: of each declared model that is served, the names that its versions may bear.
        edited: objects, and models, that somebody else has edited since the run began.
    """

    written: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    families: dict[str, set[str]] = field(default_factory=dict)
    edited: set[str] = field(default_factory=set)


class Witness(httpx.BaseTransport):
    """Passes requests on one by one, and holds each that writes to the laws."""

    def __init__(self, world, inner):
        self._world = world
        self._inner = inner
        self._lock = threading.Lock()
        self._requests = 0
        self.expects = Expectation()
        self.broken = []
        self.written = set()
        self.due = {}

    def handle_request(self, request):
        with self._lock:
            self._requests += 1
            self._world.clock.sleep(REQUEST_SECONDS)
            for edit in self.due.pop(self._requests, ()):
                self.expects.edited |= edit()
            path = request.url.path
            if request.method == "GET" and path == COLLECTION:
                self._world.train()
            if request.method not in ("PATCH", "DELETE"):
                return self._inner.handle_request(request)
            self._check_target(request.method, path.rpartition("v1beta/")[2])
            try:
                return self._inner.handle_request(request)
            finally:
                self._check_serving(f"{request.method} {path}")

    def expect(self, expectation, edits):
        """A run begins. Edits are made before requests of these numbers."""
        self._requests = 0
        self.expects, self.due = expectation, edits
        self.written = set()

    def end(self):
        """The run has ended."""
        self._check_serving("the run")
        self.due = {}

    def _check_target(self, method, remote):
        self.written.add(remote)
        expects = self.expects
        if remote in expects.edited:
            return  # nobody can look and write in one request
        named = expects.deleted if method == "DELETE" else expects.written
        if remote not in named:
            self.broken.append(f"{method} {remote}: no step says so")
        there = self._world.objects().get(remote)
        if there is not None and (there.mark is None or there.mark.owner != OWNER):
            self.broken.append(f"{method} {remote}: it is not ours")

    def _check_serving(self, after):
        objects = self._world.objects().values()
        serving = {each.mark.model for each in objects if each.serves and each.mark.owner == OWNER}
        for model, names in self.expects.families.items():
            if not (names & serving or names & self.expects.edited):
                self.broken.append(f"{model} is not served after {after}")


class World:
    """What a test steers.

    Attributes:
        project: its manifests.
        clock: of everything.
        service: the one that fails.
        witness: between it and the client.
        fails: whether a training, by its number, is to fail.
        deletions: how often somebody else deleted what.
    """

    def __init__(self, root, closing: ExitStack, **behaviour):
        self.project = Project(root)
        self.clock = SteeredClock()
        self.fails = lambda _: False
        self.deletions = Counter()
        file, faults = root / "service.db", faults_of({"behaviour": behaviour})
        common = {"clock": self.clock, "require_key": False, "faults": faults}
        self.service = closing.enter_context(open_service(file, **common))
        self._truth = closing.enter_context(open_service(file, trains=False, **common))
        self.remote = closing.enter_context(talk_to(self._truth))
        self.witness = Witness(self, InProcess(self.service))
        self.provider = closing.enter_context(self._client(self.witness))
        self._seen = closing.enter_context(self._client(InProcess(self._truth)))
        self._lists = 0

    def _client(self, transport):
        closing = ExitStack()
        http = closing.enter_context(open_client(ENDPOINT, transport=transport))
        retrier = Retrier(self.clock, random.Random(1).random)
        client = ApiClient(http, ENDPOINT, ApiKey("any"), clock=self.clock, retrier=retrier)
        closing.provider = GeminiProvider(client, capabilities("embedded"))
        return _Entered(closing)

    # --- what is there

    def objects(self):
        """Every object that is really there, by name."""
        return {each.remote: each for each in self._seen.list()}

    def ours(self):
        """The objects that bear our mark."""
        objects = self.objects().values()
        return [each for each in objects if each.mark and each.mark.owner == OWNER]

    def trainings(self):
        """How many trainings each object had."""
        rows = self.remote.call("GET", "/practice/v1/trainings")["trainings"]
        return Counter(row["tunedModel"] for row in rows)

    def train(self):
        """Bring to an end what is in training, at every second look."""
        self._lists += 1
        if self._lists % 2:
            return
        store = self._truth._store
        with store.reading() as tables:
            unfinished = tables.unfinished()
        for seq in unfinished:
            if self.fails(seq):
                with store.writing() as tables:
                    now = timestamp(self.clock.now())
                    end_failed(tables, seq, Code.INTERNAL, "The loss is no number.", now)
            else:
                self._fit(seq, store)

    def _fit(self, seq, store):
        Training(
            seq=seq,
            store=store,
            clock=self.clock,
            turns=Turns(Courtesy()),
            step_seconds=0,
            stop=threading.Event(),
            leaving=lambda: False,
        ).run()

    # --- what is done

    def forget(self):
        """Lose the ledger."""
        shutil.rmtree(self.project.root / ".tuneform", ignore_errors=True)

    def prepare(self, *, staging=False, wait=True):
        """Plan, as apply does."""
        invocation = Invocation(self.project.root, clock=self.clock)
        declared = declare(invocation)
        planned = decide(invocation, declared, self.provider, replace(ALL, staging=staging))
        wishes = Wishes(parallelism=1, wait=wait)
        return Prepared(invocation, planned, wishes, Opened(self.provider, 0.2, 2.0))

    def run(self, prepared, *, edited=(), edits=None, stops_after=None):
        """Carry a plan out, and hold the run to the laws.

        Args:
            prepared: the plan.
            edited: objects, and models, that others have edited since it was made.
            edits: what others do, by the number of the request before which they do it.
            stops_after: count of events after which the run is asked to stop.
        """
        told = []
        before = self.objects()
        expects = self._expectation(prepared.planned)
        expects.edited |= set(edited)
        self.witness.expect(expects, edits or {})
        report = prepared.run(
            told.append, lambda: stops_after is not None and len(told) >= stops_after
        )
        self.witness.end()
        assert not self.witness.broken, (self.witness.broken, report)
        self._check(report, before)
        return report

    def apply(self, **wishes):
        """Plan and carry out; None where no plan could be made."""
        try:
            prepared = self.prepare(**wishes)
        except TuneformError:
            return None
        return self.run(prepared)

    def _expectation(self, planned):
        expects = Expectation()
        for change in planned.plan.changes:
            for step in change.steps:
                expects.written |= {step.remote}
                expects.written |= set(step.clears) if isinstance(step, Promote) else set()
                expects.deleted |= {step.remote} if isinstance(step, Delete) else set()
        serving = {each.mark.model for each in self.ours() if each.serves}
        families = {
            model.name: {model.name, *model.spec.formerly}
            for model in planned.declared.desired.models
        }
        expects.families = {name: each for name, each in families.items() if each & serving}
        return expects

    def _check(self, report, before):
        for outcome in report.outcomes:
            steps, performed = outcome.change.steps, outcome.performed
            places = [steps.index(step) for step in performed]
            assert places == sorted(set(places)), outcome
            if report.exit_code == 0 and outcome.status is not Status.STARTED:
                assert performed == steps, outcome
        self._check_foreign(before)
        for remote, count in self.trainings().items():
            assert count <= 1 + self.deletions[remote], f"{remote} was trained {count} times"

    def _check_foreign(self, before):
        after = self.objects()
        for remote, was in before.items():
            foreign = was.mark is None or was.mark.owner != OWNER
            if (
                foreign
                and remote not in self.witness.expects.edited
                and was.state is LiveState.ACTIVE
            ):
                assert after.get(remote) == was, f"{remote} is not ours"

    def protected(self, declared):
        """Objects whose model is not declared, and that nobody may delete."""
        found = set()
        ours = sorted(self.ours(), key=lambda each: (each.serves, each.created, each.remote))
        last = {each.mark.model: each for each in ours}
        for each in ours:
            word = last[each.mark.model].mark.deletion
            if each.mark.model not in declared and word is not DeletionPolicy.DELETE:
                found.add(each.remote)
        return found


class _Entered:
    """A provider whose client is closed at the end."""

    def __init__(self, closing):
        self._closing = closing

    def __enter__(self):
        return self._closing.provider

    def __exit__(self, *_):
        self._closing.close()
