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
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from unittest import mock

import httpx
from tests.cli.project import BARE_ENVIRONMENT, Project, talk_to
from tests.cli.repository import GIT_ENVIRONMENT
from tests.reliability.tongues import TONGUES

from tuneform.app import wiring
from tuneform.app.applying import Prepared, Wishes
from tuneform.app.declare import declare
from tuneform.app.invocation import Invocation
from tuneform.app.planning import ALL, decide
from tuneform.app.speaking import Line
from tuneform.app.wiring import Opened
from tuneform.clock import SteeredClock
from tuneform.domain.live import LiveState
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.plan import Delete, Promote, Release, Start
from tuneform.domain.report import Status
from tuneform.errors import TuneformError
from tuneform.providers.google.client import open_client
from tuneform.providers.google.credentials import ApiKey
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
REQUEST_SECONDS = 0.01
LATE_SECONDS = 60
"""When whatever is late has arrived."""


@dataclass
class Expectation:
    """What the plan that is carried out permits, and what must not be lost meanwhile.

    Attributes:
        written, deleted: remote names that its steps name.
        families: of each declared model that is served, the names that its versions may bear.
        edited: objects, and models, that somebody else has edited since the run began; or a
            request of ours that arrives when nobody waits for it any longer.
        passing: objects that become ours, or cease to be.
        begun: what its steps train, as `identity` says it.
    """

    written: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    families: dict[str, set[str]] = field(default_factory=dict)
    edited: set[str] = field(default_factory=set)
    passing: set[str] = field(default_factory=set)
    begun: set[tuple[str, str]] = field(default_factory=set)


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
        self.deleted = set()
        self.due = {}
        self.begun = set()

    def handle_request(self, request):
        with self._lock:
            self._requests += 1
            self._world.clock.sleep(REQUEST_SECONDS)
            for edit in self.due.pop(self._requests, ()):
                self.expects.edited |= edit()
            path = request.url.path
            tongue = self._world.tongue
            if request.method == "GET" and path == tongue.collection:
                self._world.train()
            if begun := tongue.begins(request):
                return self._begin(request, begun)
            verb = tongue.verb(request.method, path)
            if verb is None:
                return self._inner.handle_request(request)
            remote = tongue.target(self._world, path)
            self._check_target(verb, remote)
            pending = self._world.pending
            try:
                return self._inner.handle_request(request)
            finally:
                if self._world.pending > pending:
                    self.expects.edited |= self._world.concerned(remote)
                self._check_serving(f"{request.method} {path}")

    def expect(self, expectation, edits):
        """A run begins. Edits are made before requests of these numbers."""
        self._requests = 0
        self.expects, self.due = expectation, edits
        self.written, self.deleted, self.begun = set(), set(), set()

    def end(self):
        """The run has ended, and all its requests have arrived."""
        self._world.deliver()
        self._check_serving("the run")
        self.due = {}

    def _begin(self, request, begun):
        """Where nothing refuses a second create, none may follow one that may have arrived."""
        if begun in self.begun:
            self.broken.append(f"{begun} is begun again, though it may have begun before")
        self.begun.add(begun)
        try:
            reply = self._inner.handle_request(request)
        except httpx.ConnectError:
            self.begun.discard(begun)
            raise
        if httpx.codes.is_client_error(reply.status_code):
            self.begun.discard(begun)
        return reply

    def _check_target(self, method, remote):
        (self.deleted if method == "DELETE" else self.written).add(remote)
        expects = self.expects
        if remote in expects.edited:
            return  # nobody can look and write in one request
        named = expects.deleted if method == "DELETE" else expects.written
        there = self._world.objects().get(remote)
        if remote not in named and (method == "DELETE" or identity(there) not in expects.begun):
            self.broken.append(f"{method} {remote}: no step says so")
        if there is not None and is_foreign(there) and remote not in expects.passing:
            self.broken.append(f"{method} {remote}: it is not ours")

    def _check_serving(self, after):
        objects = self._world.objects().values()
        serving = {each.mark.model for each in objects if each.serves and each.mark.owner == OWNER}
        for model, names in self.expects.families.items():
            if not (names & serving or names & self.expects.edited):
                self.broken.append(f"{model} is not served after {after}")


def is_foreign(live):
    """Whether an object is not ours."""
    return live.mark is None or live.mark.owner != OWNER


def identity(live):
    """What an object was trained for: model and fingerprint; None where it does not say."""
    mark = live and (live.origin or live.mark)
    return (mark.model, mark.fingerprint) if mark else None


def place_of(performed, steps):
    """Which step of a plan was performed; the provider may have given the name since."""
    unnamed = (each.remote is None and type(each) is type(performed) for each in steps)
    return next(at for at, fits in enumerate(unnamed) if fits or steps[at] == performed)


class World:
    """What a test steers.

    Attributes:
        tongue: what differs between the dialects.
        project: its manifests.
        truth: a provider that nothing fails for, as others have one.
        clock: of everything.
        service: the one that fails.
        witness: between it and the client.
        fails: whether a training, by its number, is to fail.
        deletions: how often somebody else deleted what, or it was destroyed.
        resting: whether no training goes on, whoever asks for lists.
    """

    def __init__(self, root, closing: ExitStack, dialect="gemini", **behaviour):
        self.tongue = TONGUES[dialect]()
        self.project = Project(root)
        self.clock = SteeredClock()
        self.fails = lambda _: False
        self.deletions = Counter()
        self.resting = False
        file, faults = root / "service.db", faults_of({"behaviour": behaviour})
        common = {"clock": self.clock, "require_key": False, "faults": faults}
        self.service = closing.enter_context(open_service(file, **common))
        self._truth = closing.enter_context(open_service(file, trains=False, **common))
        self.remote = closing.enter_context(talk_to(self._truth))
        self.witness = Witness(self, InProcess(self.service))
        self.provider = closing.enter_context(self._client(self.witness))
        self.truth = closing.enter_context(self._client(InProcess(self._truth)))
        self._lists = 0

    def _client(self, transport):
        closing = ExitStack()
        http = closing.enter_context(open_client(ENDPOINT, transport=transport))
        line = Line(http, ENDPOINT, ApiKey("any"), self.clock)
        with mock.patch.object(random, "random", random.Random(1).random):
            closing.provider = self.tongue.provider(line)
        return _Entered(closing)

    @contextmanager
    def wired(self):
        """Have commands that open a provider themselves find the one of this world."""
        opened = Opened(self.provider, 0.2, 2.0)
        with mock.patch.dict(wiring._PROVIDERS, embedded=lambda *_: nullcontext(opened)):
            environ = {**BARE_ENVIRONMENT, **GIT_ENVIRONMENT}
            yield Invocation(self.project.root, environ, clock=self.clock)

    # --- what is there

    def objects(self):
        """Every object that is really there, by name."""
        return {each.remote: each for each in self.truth.list()}

    def ours(self):
        """The objects that bear our mark."""
        objects = self.objects().values()
        return [each for each in objects if each.mark and each.mark.owner == OWNER]

    def trainings(self):
        """How many trainings each object had, or each that is for the same."""
        rows = self.remote.call("GET", "/practice/v1/trainings")["trainings"]
        return Counter(filter(None, map(self.tongue.trained, rows)))

    def gone(self, live):
        """What was deleted may be trained again."""
        self.deletions[self.tongue.counted(live)] += 1

    @property
    def pending(self):
        """How many requests are still on their way."""
        return len(self.service.wsgi._late)

    def deliver(self):
        """Have everything arrive that is on its way."""
        if self.pending:
            self.clock.sleep(LATE_SECONDS)
            with talk_to(self.service) as remote:
                remote.trainings()
        assert not self.pending

    def concerned(self, remote):
        """An object, and the model that it is a version of."""
        live = self.objects().get(remote)
        return {remote, live.mark.model} if live and live.mark else {remote}

    def train(self):
        """Bring to an end what is in training, at every second look."""
        self._lists += 1
        if self._lists % 2 or self.resting:
            return
        store, faults = self._truth._store, self.service.faults
        with store.reading() as tables:
            unfinished = {seq: tables.training(seq) for seq in tables.unfinished()}
        for seq, training in unfinished.items():
            dialect = self._truth.dialects[training.dialect]
            subject = dialect.subject(training)
            if faults.stalls(subject, training.created):
                continue
            if self.fails(seq) or faults.fails(subject):
                with store.writing() as tables:
                    now = timestamp(self.clock.now())
                    end_failed(tables, seq, Code.INTERNAL, "The loss is no number.", now, dialect)
            elif dialect.ready(seq):
                self._fit(seq, store, dialect)

    def _fit(self, seq, store, dialect):
        Training(
            seq=seq,
            store=store,
            clock=self.clock,
            turns=Turns(Courtesy()),
            step_seconds=0,
            stop=threading.Event(),
            leaving=lambda: False,
            dialect=dialect,
        ).run()

    # --- what is done

    def forget(self):
        """Lose the ledger."""
        shutil.rmtree(self.project.root / ".tuneform", ignore_errors=True)

    def prepare(self, *, staging=False, destroy=False, wait=True):
        """Plan, as apply and destroy do."""
        invocation = Invocation(self.project.root, clock=self.clock)
        declared = declare(invocation)
        aim = replace(ALL, staging=staging, destroy=destroy)
        planned = decide(invocation, declared, self.provider, aim)
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
        desired = () if prepared.destroys else prepared.planned.declared.desired.models
        expects = self.expectation(prepared.planned.plan, desired)
        expects.edited |= set(edited)

        def carry_out():
            return prepared.run(
                told.append, lambda: stops_after is not None and len(told) >= stops_after
            )

        return self.hold_to(expects, carry_out, edits)

    def hold_to(self, expects, act, edits=None):
        """Have a command do something, and hold it to the laws; what it reports, if anything."""
        before, trained = self.objects(), self.trainings()
        self.witness.expect(expects, edits or {})
        report = act()
        self.witness.end()
        assert not self.witness.broken, (self.witness.broken, report)
        self._check(report, before, trained)
        return report

    def apply(self, **wishes):
        """Plan and carry out; None where no plan could be made."""
        try:
            prepared = self.prepare(**wishes)
        except TuneformError:
            return None
        return self.run(prepared)

    def expectation(self, plan, desired):
        """What the steps of a plan permit, and which of these desired models must be served."""
        expects = Expectation()
        for change in plan.changes if plan else ():
            for step in change.steps:
                expects.written |= {step.remote}
                expects.written |= set(step.clears) if isinstance(step, Promote) else set()
                expects.deleted |= {step.remote} if isinstance(step, Delete) else set()
                # Where the reply is lost, the mark is taken off once more.
                expects.passing |= {step.remote} if isinstance(step, Release) else set()
                if isinstance(step, Start):
                    expects.begun.add((step.mark.model, step.mark.fingerprint))
        serving = {each.mark.model for each in self.ours() if each.serves}
        families = {model.name: {model.name, *model.spec.formerly} for model in desired}
        expects.families = {name: each for name, each in families.items() if each & serving}
        return expects

    def _check(self, report, before, trained):
        for outcome in report.outcomes if report else ():
            steps = outcome.change.steps
            places = [place_of(step, steps) for step in outcome.performed]
            assert places == sorted(set(places)), outcome
            if report.exit_code == 0 and outcome.status is not Status.STARTED:
                assert len(places) == len(steps), outcome
        self._check_foreign(before)
        spoilt = [each for each in self.ours() if each.mark.serving and each.mark.cancelled]
        assert not spoilt, "what was cancelled never serves"
        now = self.trainings()
        for each in now:
            most = self.tongue.most_trainings(self, each, trained[each])
            assert now[each] <= most, f"{each} was trained {now[each]} times"

    def _check_foreign(self, before):
        after = self.objects()
        exempt = self.witness.expects.edited | self.witness.expects.passing
        for remote, was in before.items():
            if is_foreign(was) and remote not in exempt and was.state is LiveState.ACTIVE:
                assert after.get(remote) == was, f"{remote} is not ours"

    def protected(self, declared):
        """Objects whose model is not declared, by the word that protects them."""
        found = {DeletionPolicy.PREVENT: set(), DeletionPolicy.RETAIN: set()}
        ours = sorted(self.ours(), key=lambda each: (each.serves, each.created, each.remote))
        last = {each.mark.model: each for each in ours}
        for each in ours:
            word = last[each.mark.model].mark.deletion
            if each.mark.model not in declared and word in found:
                found[word].add(each.remote)
        return found


class _Entered:
    """A provider whose client is closed at the end."""

    def __init__(self, closing):
        self._closing = closing

    def __enter__(self):
        return self._closing.provider

    def __exit__(self, *_):
        self._closing.close()
