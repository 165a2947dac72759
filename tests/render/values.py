"""Plans, reports and curves of our own making, for all tests of this folder."""

from __future__ import annotations

from datetime import UTC, datetime

from tuneform.domain.desired import Desired, TrainingSize
from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.domain.live import Live, LiveState, LossPoint
from tuneform.domain.mark import Mark
from tuneform.domain.names import Owner
from tuneform.domain.plan import (
    Action,
    Cancel,
    Change,
    Delete,
    FieldDelta,
    Patch,
    Plan,
    Promote,
    Reason,
    ReasonCode,
    Release,
    Rewrite,
    Start,
    Step,
    Watch,
)
from tuneform.domain.report import Outcome, Report, Status
from tuneform.domain.spec import DatasetFacts, DatasetRef, Fields, Hyperparameters, ModelSpec
from tuneform.domain.status import ModelState, ModelStatus, StatusReport, VersionStatus
from tuneform.render.show import ShowView

OWNER = Owner("demo", "prod")
SIZE = TrainingSize(examples=15, characters=173, epochs=5, steps=19)
DIGEST = "0123456789abcdef" * 4
BASE = "models/gemini-1.5-flash-001-tuning"
NUMBERS = DatasetRef("datasets/numbers.jsonl", "jsonl", preamble="Next number: ")


def remote(model: str, tail: str = "abcdefghij") -> str:
    return f"tunedModels/{model}-{tail}"


def mark(model: str, **words: object) -> Mark:
    return Mark("demo/prod", model, "aaaaaaaaaa", "bbbbbbbbbb", **words)


def start(model: str, parent: str | None = None) -> Start:
    return Start(
        remote=remote(model),
        fingerprint=DIGEST,
        data_digest=DIGEST,
        dataset=NUMBERS,
        base=None if parent else BASE,
        source=remote(parent) if parent else None,
        parent=parent,
        hyperparameters=Hyperparameters(epoch_count=5, learning_rate=0.001),
        fields=Fields(display_name=model, temperature=0.7),
        mark=mark(model),
    )


def change(
    model: str,
    action: Action = Action.KEEP,
    code: ReasonCode = ReasonCode.UP_TO_DATE,
    message: str = "Live and manifest agree.",
    steps: tuple[Step, ...] = (),
    **more: object,
) -> Change:
    more.setdefault("remote", remote(model))
    return Change(model, action, Reason(code, message), steps=steps, **more)


def every_change() -> tuple[Change, ...]:
    """One change of each action, with each kind of step and of delta."""
    old = remote("number-generator", "zyxwvutsrq")
    older = remote("number-generator", "ponmlkjihg")
    return (
        change(
            "alert-team",
            Action.CREATE,
            ReasonCode.NEW,
            "No version of it is live.",
            (start("alert-team"), Watch(remote("alert-team")), Promote(remote("alert-team"))),
            training=SIZE,
        ),
        change(
            "chat-routing",
            Action.WAIT,
            ReasonCode.IN_TRAINING,
            "The desired version is in training.",
            (Watch(remote("chat-routing")), Promote(remote("chat-routing"))),
            training=TrainingSize(66, 2610, 10, 165),
        ),
        change(
            "greeter",
            Action.PROMOTE,
            ReasonCode.NOT_SERVING,
            "The desired version is trained, but does not serve yet.",
            (Promote(remote("greeter"), (remote("greeter", "zzzzzzzzzz"),)),),
        ),
        change(
            "number-generator",
            Action.REPLACE,
            ReasonCode.DATASET_CHANGED,
            "The dataset and epochCount changed since the live version was trained.",
            (
                Cancel(older),
                start("number-generator"),
                Watch(remote("number-generator")),
                Promote(remote("number-generator"), (old,)),
                Delete(older),
                Delete(old),
            ),
            deltas=(
                FieldDelta("spec.dataset", "kq2lm4n5op", "aaaaabbbbb", "retrain"),
                FieldDelta("spec.hyperparameters.epochCount", 4, 5, "retrain"),
                FieldDelta("spec.temperature", None, 0.7, "in-place"),
            ),
            training=SIZE,
            notes=("batchSize only spells out what the service chose by itself.",),
        ),
        change(
            "old-faq",
            Action.DELETE,
            ReasonCode.NOT_DECLARED,
            "No manifest declares it any longer.",
            (Delete(remote("old-faq")),),
            remote=None,
        ),
        change(
            "old-tags",
            Action.RELEASE,
            ReasonCode.RETAINED,
            "No manifest declares it any longer, and its deletion policy is retain.",
            (Release(remote("old-tags")),),
            remote=None,
        ),
        change(
            "severity",
            Action.HOLD,
            ReasonCode.TRAINING_FAILED,
            "The training failed. To go on, change the data, or set spec.revision: 2.",
        ),
        change(
            "tagger",
            Action.UPDATE,
            ReasonCode.FIELDS_CHANGED,
            "displayName can be edited in place.",
            (
                Patch(remote("tagger"), Fields(display_name="Tags"), mark("tagger")),
                Rewrite(remote("tagger", "zzzzzzzzzz"), mark("tagger")),
            ),
            deltas=(FieldDelta("spec.displayName", "Tagger", "Tags", "in-place"),),
        ),
        change("ticket-routing"),
    )


def every_plan() -> Plan:
    return Plan(OWNER, "gemini", every_change(), live_models=8)


def small_plan() -> Plan:
    return Plan(OWNER, "embedded", every_change()[3:5], live_models=2)


def kept_plan(count: int = 2) -> Plan:
    return Plan(OWNER, "embedded", tuple(change(f"model-{at}") for at in range(count)))


DIAGNOSTICS = (
    Diagnostic(
        Severity.ERROR,
        "conflicting-hyperparameters",
        "conflicting hyperparameters",
        "Both learningRate and learningRateMultiplier are set; the service accepts one of them.",
        Place("models/support.yaml", 14, 5),
        "TunedModel/support-bot",
        "spec.hyperparameters",
        "remove one of the two",
        "    learningRate: 0.1",
    ),
    Diagnostic(
        Severity.WARNING,
        "few-examples",
        "few examples",
        "15 examples are fewer than the 20 that the guide asks for.",
        Place("models/datasets/support.jsonl"),
        "TunedModel/support-bot",
        "spec.dataset",
    ),
)


def curve(*losses: float, per_epoch: int = 4) -> tuple[LossPoint, ...]:
    return tuple(
        LossPoint(step, (step - 1) // per_epoch, loss) for step, loss in enumerate(losses, 1)
    )


def live(model: str, tail: str = "abcdefghij", **more: object) -> Live:
    more.setdefault("state", LiveState.ACTIVE)
    more.setdefault("mark", mark(model))
    return Live(remote(model, tail), **more)


def outcome(of: Change, status: Status, **more: object) -> Outcome:
    return Outcome(of, status, **more)


def every_report() -> Report:
    changes = {each.action: each for each in every_change()}
    return Report(
        OWNER,
        "gemini",
        (
            outcome(changes[Action.CREATE], Status.DONE, loss=0.01234, seconds=14.2),
            outcome(
                changes[Action.REPLACE],
                Status.FAILED,
                code="training-failed",
                message="The training of tunedModels/number-generator-abcdefghij failed.",
                hint="change the data, or raise spec.revision",
                seconds=3725,
            ),
            outcome(
                changes[Action.HOLD],
                Status.HELD,
                code="training-failed",
                message="The training failed.",
            ),
            outcome(changes[Action.DELETE], Status.DONE, seconds=0.4),
            outcome(changes[Action.KEEP], Status.UNCHANGED),
        ),
    )


def status_report() -> StatusReport:
    serving = live("number-generator", mark=mark("number-generator", serving=True))
    training = live("number-generator", "zzzzzzzzzz", state=LiveState.TRAINING)
    failed = live("severity", state=LiveState.FAILED)
    points = curve(0.9, 0.5, 0.31)
    return StatusReport(
        OWNER,
        "embedded",
        (
            ModelStatus(
                "number-generator",
                declared=True,
                state=ModelState.SERVING,
                serving=serving.remote,
                versions=(
                    VersionStatus(training, 0.42, points[-1]),
                    VersionStatus(serving, 1.0, LossPoint(19, 4, 0.0123)),
                ),
            ),
            ModelStatus(
                "severity",
                declared=False,
                state=ModelState.FAILED,
                serving=None,
                versions=(VersionStatus(failed, 0.5, None, "The loss was no number."),),
                note="No manifest declares it any longer. `tuneform apply` would delete it.",
            ),
            ModelStatus(
                "tagger", declared=True, state=ModelState.ABSENT, serving=None, versions=()
            ),
        ),
        ("tunedModels/copied-abcdefghij",),
    )


def show_view(points: tuple[LossPoint, ...] | None = None) -> ShowView:
    spec = ModelSpec(
        "number-generator",
        Place("manifests/number-generator.yaml", 8, 9),
        NUMBERS,
        Fields("Number generator", "Says the next number.", 0.7),
        base_model=BASE,
        labels=(("team", "growth"),),
        hyperparameters=Hyperparameters(5, 4, 0.001),
    )
    desired = Desired(
        OWNER,
        spec,
        DatasetFacts(DIGEST, 15, 173),
        BASE,
        DIGEST,
        "aaaaaaaaaa",
        "bbbbbbbbbb",
        remote("number-generator"),
        SIZE,
    )
    if points is None:
        points = curve(*(0.9 * 0.8**step + 0.01 for step in range(19)))
    version = live(
        "number-generator",
        mark=mark("number-generator", serving=True),
        base=BASE,
        hyperparameters=Hyperparameters(5, 4, 0.001),
        temperature=0.7,
        top_k=40,
        created=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
        curve=points,
    )
    last = points[-1] if points else None
    advice = ("The loss flattens at epoch 4 of 5. An epochCount of 4 would do nearly as well.",)
    return ShowView(
        spec.name,
        declared=True,
        spec=spec,
        desired=desired,
        versions=(VersionStatus(version, 1.0, last),),
        advice=advice,
    )
