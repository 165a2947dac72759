"""Plans, and one call that carries them out, for tests that read like sentences."""

from dataclasses import dataclass, field, replace

from tests.execute.fake import FakeLedger, FakeProvider, trained

from tuneform.clock import SteeredClock
from tuneform.domain.live import LiveState
from tuneform.domain.mark import Mark
from tuneform.domain.names import Owner
from tuneform.domain.plan import (
    Action,
    Change,
    Delete,
    Plan,
    Promote,
    Reason,
    ReasonCode,
    Start,
    Watch,
)
from tuneform.domain.spec import DatasetRef, Fields, Hyperparameters
from tuneform.execute import Options, execute
from tuneform.gate import Question

OWNER = Owner("demo")
EXAMPLES = (("one", "two"), ("three", "four"))


def mark(model="support", fingerprint="newfingerp", **words):
    return Mark(str(OWNER), model, fingerprint, "dataaaaaaa", **words)


def remote(model="support", tail="newfingerp"):
    return f"tunedModels/{model}-{tail}"


def start(model="support", tail="newfingerp", *, source=None, parent=None):
    return Start(
        remote=remote(model, tail),
        fingerprint="ab" * 32,
        data_digest="cd" * 32,
        dataset=DatasetRef(f"datasets/{model}.jsonl", "jsonl"),
        base=None if source else "models/base",
        source=source,
        parent=parent,
        hyperparameters=Hyperparameters(batch_size=4, learning_rate=0.001),
        fields=Fields(display_name=model, description="Says something."),
        mark=mark(model, tail),
    )


def change(model, action, *steps, versions=(), code=ReasonCode.NEW, parent=None):
    reason = Reason(code, "Because.")
    return Change(model, action, reason, steps=steps, versions=tuple(versions), parent=parent)


def create(model="support", *, source=None, parent=None):
    """A model that is not there yet."""
    name = remote(model)
    return change(
        model,
        Action.CREATE,
        start(model, source=source, parent=parent),
        Watch(name),
        Promote(name),
        parent=parent,
    )


def old(model="support", tail="oldfingerp", **fields):
    """The version that serves until now."""
    return trained(remote(model, tail), mark(model, tail, serving=True), **fields)


def replacement(model="support", *, source=None, parent=None, live=None):
    """Train anew, promote, delete what served."""
    live = live or old(model)
    name = remote(model)
    return change(
        model,
        Action.REPLACE,
        start(model, source=source, parent=parent),
        Watch(name),
        Promote(name, clears=(live.remote,)),
        Delete(live.remote),
        versions=(live,),
        parent=parent,
    )


def in_training(model="support", tail="newfingerp", **fields):
    """An object as a start leaves it."""
    return replace(
        trained(remote(model, tail), mark(model, tail)),
        state=LiveState.TRAINING,
        hyperparameters=Hyperparameters(),
        temperature=None,
        top_k=None,
        **fields,
    )


@dataclass
class World:
    """A provider, a ledger and a clock."""

    seconds: float = 60.0
    clock: SteeredClock = field(default_factory=SteeredClock)
    provider: FakeProvider = None
    ledger: FakeLedger = field(default_factory=FakeLedger)
    events: list = field(default_factory=list)
    stops_after: float | None = None  # events, then somebody presses Ctrl-C
    stopping: object = None  # the same, as a function of the world
    examples: object = None

    def __post_init__(self):
        self.provider = FakeProvider(self.clock, seconds=self.seconds)

    def validation(self, step):
        assert step.validation is not None, "only what has a validation dataset is asked for it"
        return (("five", "six"),)

    def questions(self, _model, gate):
        """One for each example of the gate: its input is its answer."""
        return (
            [Question(f"gate:{n}", f"q{n}", f"a{n}") for n in range(gate.examples)],
            [Question(f"must:{n}", f"m{n}", f"b{n}") for n in range(gate.must_pass)],
        )

    def having(self, *lives):
        for live in lives:
            self.provider.put(live)
        return self

    def apply(self, *changes, **options):
        return execute(
            Plan(OWNER, "fake", tuple(changes)),
            provider=self.provider,
            ledger=self.ledger,
            clock=self.clock,
            examples=self.examples or (lambda _: EXAMPLES),
            validation=self.validation,
            questions=self.questions,
            notify=self.events.append,
            options=Options(**{"poll_first": 1.0, "poll_most": 10.0, **options}),
            stopping=self._stops,
        )

    def _stops(self):
        if self.stopping is not None:
            return self.stopping(self)
        return self.stops_after is not None and len(self.events) >= self.stops_after

    def plan_live(self):
        """Everything as a list shows it now."""
        return {live.remote: live for live in self.provider.list()}

    def serving(self):
        return sorted(live.remote for live in self.provider.objects.values() if live.serves)
