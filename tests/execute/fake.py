"""A provider in memory: objects in a dict, time from the clock, faults by script."""

from collections import Counter, deque
from dataclasses import replace
from threading import Lock

from tuneform.domain.capabilities import Base, Capabilities
from tuneform.domain.live import Live, LiveState, LossPoint, Training
from tuneform.domain.spec import Hyperparameters
from tuneform.errors import AlreadyExists, Exhausted, Forbidden, NotFound, Unreachable

LOST = "lost"  # the call arrives, its reply does not


class FakeProvider:
    """Safe for threads. Each call first takes the next fault scripted for its verb, if any.

    A fault is an error (raised before anything happens), LOST, or a function that is called with
    the provider (an edit from outside, just before the call is served).
    """

    capabilities = Capabilities("fake", "tunedModels/", (Base("*"),))

    def __init__(self, clock, *lives, seconds=60.0):
        self.clock = clock
        self.seconds = seconds  # that a training lasts
        self.failing = {}  # remote: why its training will fail
        self.objects = {}
        self.ends = {}  # remote: second when its training ends
        self.foreign = set()
        self.wrong = {}  # remote: questions that it answers wrong
        self.spent = set()  # ids of deleted objects that stay taken
        self.lag = 0.0  # seconds for which a new object cannot be read
        self.list_lag = 0.0
        self.quota = None  # how many may be in training at a time
        self.faults = {}
        self.calls = []
        self.created = Counter()
        self.deleted = []
        self.written = []  # (verb, remote) of every call that changes something
        self.history = []  # (verb, remote, objects as they were right after)
        self._born = {}
        self._lock = Lock()
        for live in lives:
            self.put(live)

    # --- what tests do to it

    def put(self, live):
        self.objects[live.remote] = live
        if live.state is LiveState.TRAINING:
            self.ends.setdefault(live.remote, self.clock.monotonic() + self.seconds)

    def edit(self, remote, **fields):
        self.objects[remote] = replace(self.objects[remote], **fields)

    def fault(self, verb, *faults):
        self.faults.setdefault(verb, deque()).extend(faults)

    def count(self, verb):
        return sum(call[0] == verb for call in self.calls)

    # --- the protocol

    def tunable_bases(self):
        return frozenset({"models/base"})

    def list(self, *, curves=False):
        with self._lock:
            self._meet("list", None)
            self._train()
            found = [
                replace(live, curve=())
                for remote, live in self.objects.items()
                if self._is_visible(remote, self.list_lag)
            ]
        yield from found

    def observe(self, remote):
        with self._lock:
            self._meet("observe", remote)
            self._train()
            if remote in self.foreign:
                raise Forbidden(f"no permission for {remote}", status=403)
            return self.objects.get(remote) if self._is_visible(remote, self.lag) else None

    def start(self, creation):
        with self._lock:
            fault = self._meet("start", creation.remote)
            tuple(creation.examples)
            remote = creation.remote
            if remote in self.objects or remote in self.foreign or remote in self.spent:
                raise AlreadyExists(f"{remote} already exists", status=409)
            if self.quota is not None and self._in_training() >= self.quota:
                self._note("refused", remote)
                raise Exhausted("too many trainings", status=429)
            self.created[remote] += 1
            live = Live(
                remote,
                LiveState.TRAINING,
                creation.mark,
                display_name=creation.fields.display_name or "",
                description=creation.fields.description or "",
                base=creation.base,
                source=creation.source,
                hyperparameters=creation.hyperparameters,
                temperature=creation.fields.temperature,
                top_p=creation.fields.top_p,
                top_k=creation.fields.top_k,
            )
            self.put(live)
            self._born[remote] = self.clock.monotonic()
            self._note("start", remote)
            if fault == LOST:
                raise Unreachable(f"no reply to the create of {remote}")
            return live

    def patch(self, live, fields, mark):
        with self._lock:
            fault = self._meet("patch", live.remote)
            if live.remote not in self.objects:
                raise NotFound(f"{live.remote} does not exist", status=404)
            named = ("display_name", "description", "temperature", "top_p", "top_k")
            edits = {name: getattr(fields, name) for name in named}
            self.edit(
                live.remote,
                mark=mark,
                **{name: value for name, value in edits.items() if value is not None},
            )
            self._note("patch", live.remote)
            self._train()
            if fault == LOST:
                raise Unreachable(f"no reply to the patch of {live.remote}")
            if callable(fault):
                fault(self)
            return self.objects[live.remote]

    def cancel(self, remote):
        with self._lock:
            self._meet("cancel", remote)
            if remote in self.ends:
                self.ends[remote] = min(self.ends[remote], self.clock.monotonic() + 2)
            self._note("cancel", remote)

    def delete(self, remote):
        with self._lock:
            self._meet("delete", remote)
            if self.objects.pop(remote, None) is not None:
                self.deleted.append(remote)
            self._note("delete", remote)

    def training(self, remote):
        with self._lock:
            self._meet("training", remote)
            self._train()
            live = self.objects.get(remote)
            if live is None:
                return None
            left = self.ends.get(remote, 0.0) - self.clock.monotonic()
            done = (
                10 if live.state is not LiveState.TRAINING else int(10 - 10 * left / self.seconds)
            )
            curve = tuple(LossPoint(step, 0, 1 / step) for step in range(1, done + 1))
            error = self.failing.get(remote) if live.state is LiveState.FAILED else None
            return Training(done, 10, curve, error)

    def ask(self, remote, prompt):
        with self._lock:
            self._meet("ask", remote)
            right = {"q": "a", "m": "b"}[prompt[0]] + prompt[1:]
            return "wrong" if prompt in self.wrong.get(remote, ()) else right

    # --- inside

    def _meet(self, verb, remote):
        self.calls.append((verb, remote))
        faults = self.faults.get(verb)
        fault = faults.popleft() if faults else None
        if isinstance(fault, Exception):
            raise fault
        if callable(fault) and verb != "patch":
            fault(self)
        return fault

    def _note(self, verb, remote):
        self.written.append((verb, remote))
        self.history.append((verb, remote, dict(self.objects)))

    def _in_training(self):
        self._train()
        return sum(live.state is LiveState.TRAINING for live in self.objects.values())

    def _is_visible(self, remote, lag):
        return self.clock.monotonic() - self._born.get(remote, -1e9) >= lag

    def _train(self):
        now = self.clock.monotonic()
        for remote in [each for each, end in self.ends.items() if end <= now]:
            del self.ends[remote]
            if remote in self.objects:
                self._finish(remote)

    def _finish(self, remote):
        live = self.objects[remote]
        filled = replace(live.hyperparameters, epoch_count=live.hyperparameters.epoch_count or 5)
        failed = remote in self.failing
        self.edit(
            remote,
            state=LiveState.FAILED if failed else LiveState.ACTIVE,
            hyperparameters=filled,
            base=live.base or "models/base",
            temperature=1.0 if live.temperature is None else live.temperature,
            top_k=64 if live.top_k is None else live.top_k,
            curve=tuple(LossPoint(step, 0, 1 / step) for step in range(1, 11)),
        )


class FakeLedger:
    """Keeps what it is told, in order."""

    def __init__(self):
        self.entries = []
        self.trainings = {}
        self.exit_codes = []
        self.faults = {}
        self._lock = Lock()
        self._count = 0

    def begin_run(self, info):
        self._meet("begin")
        self.entries.append(("begin", info.command, str(info.owner)))
        return 1

    def intend(self, run, model, step):
        self._meet("intend")
        with self._lock:
            self._count += 1
            self.entries.append(("intend", self._count, model, step))
            return (run, self._count)

    def record_name(self, intent, remote):
        self._meet("record_name")
        with self._lock:
            self.entries.append(("name", intent[1], remote))

    def settle(self, intent, outcome, detail=""):
        self._meet("settle")
        with self._lock:
            self.entries.append(("settle", intent[1], str(outcome), detail))

    def end_run(self, run, outcome, exit_code=None):
        self._meet("end")
        self.exit_codes.append(exit_code)
        self.entries.append(("end", outcome))

    def record_evaluation(self, run, evaluation):
        self._meet("record_evaluation")
        with self._lock:
            self.entries.append(("evaluation", evaluation))

    def record_cost(self, run, model, remote, cost):
        self._meet("record_cost")
        self.entries.append(("cost", remote, cost))

    def record_training(self, run, remote, trained):
        self._meet("record_training")
        known = self.trainings.get(remote)
        self.trainings[remote] = known.updated(trained) if known else trained

    def flush(self):
        self._meet("flush")

    def recorded(self, owner):
        raise NotImplementedError

    def close(self):
        raise NotImplementedError

    def fault(self, method, *faults):
        self.faults.setdefault(method, deque()).extend(faults)

    def _meet(self, method):
        faults = self.faults.get(method)
        fault = faults.popleft() if faults else None
        if fault is not None:
            raise fault


def trained(remote, mark, **fields):
    """An ACTIVE object, as a list shows it."""
    return Live(
        remote,
        LiveState.ACTIVE,
        mark,
        **{
            "display_name": mark.model if mark else "x",
            "description": "Says something.",
            "base": "models/base",
            "hyperparameters": Hyperparameters(epoch_count=5),
            "temperature": 1.0,
            "top_k": 64,
            **fields,
        },
    )
