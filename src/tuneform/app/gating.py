"""Evaluate a version by hand, and answer whoever asks whether a model may go live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tuneform.app.applying import Ears, Wishes, carry_out
from tuneform.app.declare import Declared, declare
from tuneform.app.inspecting import chosen_versions, unknown_model
from tuneform.app.invocation import Invocation
from tuneform.app.questions import read_questions
from tuneform.app.wiring import Opened, open_provider, open_to_write
from tuneform.domain.desired import Desired
from tuneform.domain.gate import Evaluation, Gate
from tuneform.domain.live import Live, LiveSet, LiveState, RecordedSet
from tuneform.domain.plan import Action, Change, Evaluate, Plan, Reason, ReasonCode
from tuneform.domain.report import Report
from tuneform.domain.status import GateAnswer
from tuneform.engine.gatekeeper import gate_answer
from tuneform.engine.plan import make_plan
from tuneform.errors import NotServing, Refused
from tuneform.gate import Interrupted
from tuneform.gate import evaluate as judge


@dataclass(frozen=True, slots=True)
class Trial:
    """What `evaluate` was asked for.

    Attributes:
        name: of the model.
        version: remote name, id or short fingerprint; None is the desired version, else the
            serving one.
        worst: most cases to show.
    """

    name: str
    version: str | None = None
    worst: int = 10


def ask_gate(
    invocation: Invocation, names: Sequence[str]
) -> tuple[Declared, tuple[GateAnswer, ...]]:
    """Whether models may go live.

    Args:
        invocation: of the command.
        names: declared models; none means all.

    Raises:
        UsageError: no manifest declares a named model.
    """
    declared = declare(invocation)
    models = {model.name: model for model in declared.desired.models}
    for name in names:
        if name not in models:
            raise unknown_model(name, models)
    with open_provider(declared.project, invocation, trains=False) as opened:
        live = LiveSet(tuple(opened.provider.list()))
    plan = make_plan(declared.desired, live, RecordedSet())
    changes = {change.model: change for change in plan.changes}
    chosen = dict.fromkeys(names) or models
    return declared, tuple(gate_answer(models[name], changes[name]) for name in chosen)


def try_gate(
    invocation: Invocation,
    trial: Trial,
    notify: Callable[[int, int], None],
    stopping: Callable[[], bool],
) -> Evaluation:
    """Evaluate one version; nothing is written.

    Args:
        invocation: of the command.
        trial: which version.
        notify: told how many questions are answered, and of how many.
        stopping: whether to end early.

    Raises:
        Refused: the model has no gate, or the version is not trained.
        NotServing: there is no version to ask.
        KeyboardInterrupt: `stopping` said so.
    """
    declared = declare(invocation)
    with open_provider(declared.project, invocation, trains=False) as opened:
        desired, gate, live, against = _find(declared, opened, trial)
        provider = opened.provider
        questions, must_pass = read_questions(invocation, declared, gate)
        try:
            return judge(
                gate,
                questions,
                must_pass,
                lambda prompt: provider.ask(live.address, prompt),
                (lambda prompt: provider.ask(against.address, prompt)) if against else None,
                model=desired.name,
                remote=live.remote,
                against=against.remote if against else None,
                worst=trial.worst,
                clock=invocation.clock,
                notify=notify,
                stopping=stopping,
            )
        except Interrupted:
            raise KeyboardInterrupt from None


def record_gate(invocation: Invocation, trial: Trial, ears: Ears) -> Report:
    """Evaluate one version, and write the verdict into its mark and into the ledger."""
    declared = declare(invocation)
    with open_to_write(
        declared.project, declared.owner, "evaluate", invocation, trains=False
    ) as opened:
        desired, gate, live, against = _find(declared, opened, trial)
        change = Change(
            desired.name,
            Action.UPDATE,
            Reason(ReasonCode.NOT_EVALUATED, "Evaluated on request."),
            remote=live.remote,
            steps=(Evaluate(live.remote, gate, against.remote if against else None),),
            versions=(live, against) if against else (live,),
        )
        plan = Plan(declared.owner, declared.project.provider.type, (change,))
        return carry_out(invocation, declared, opened, plan, Wishes(), ears)


def _find(
    declared: Declared, opened: Opened, trial: Trial
) -> tuple[Desired, Gate, Live, Live | None]:
    """The model, its gate, the version to ask, and the one to compare it with."""
    models = {model.name: model for model in declared.desired.models}
    if trial.name not in models:
        raise unknown_model(trial.name, models)
    desired = models[trial.name]
    if desired.gate is None:
        raise Refused(
            f"the manifest of {trial.name!r} declares no gate",
            hint="write spec.gate, with a dataset and metrics",
        )
    live = LiveSet(tuple(opened.provider.list()))
    plan = make_plan(declared.desired, live, RecordedSet())
    change = next(each for each in plan.changes if each.model == trial.name)
    version = _version(change, trial)
    if not version.deployed:
        raise Refused(
            f"{version.remote} is not deployed: nothing answers for it",
            hint="`tuneform apply` deploys the version that is to serve",
        )
    serving = next((each for each in change.versions if each.serves), None)
    against = serving if desired.gate.spec.compares and serving is not version else None
    return desired, desired.gate, version, against


def _version(change: Change, trial: Trial) -> Live:
    if trial.version is None:
        wanted = [each for each in change.versions if each.remote == change.remote]
        serving = [each for each in change.versions if each.serves]
        trained = [each for each in (*wanted, *serving) if each.state is LiveState.ACTIVE]
        if not trained:
            raise NotServing(
                f"no version of {trial.name!r} is trained",
                hint="`tuneform status` tells why, `tuneform apply` trains",
            )
        return trained[0]
    version, *_ = chosen_versions(change, trial.version)
    if version.state is not LiveState.ACTIVE:
        raise Refused(
            f"{version.remote} is not trained: it is {version.state}",
            hint="`tuneform wait` watches a training",
        )
    return version
