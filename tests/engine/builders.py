"""Short spellings for the values that planner tests are written with.

A dataset is named by a word: equal words are equal data. Live objects are built from what a
manifest would have trained, so that a test only says what is odd about them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tuneform.domain.capabilities import Base, Capabilities, Defaults
from tuneform.domain.desired import Desired, DesiredSet
from tuneform.domain.diagnostic import Place
from tuneform.domain.live import Live, LiveSet, LiveState, RecordedSet
from tuneform.domain.mark import DeletionPolicy, Mark, parse_mark
from tuneform.domain.names import Owner
from tuneform.domain.plan import Change, Evaluate, Plan, Promote, Reason, ReasonCode, Start
from tuneform.domain.selection import EVERYTHING, Selection
from tuneform.domain.spec import (
    DatasetFacts,
    DatasetRef,
    Fields,
    GateSpec,
    Hyperparameters,
    Metric,
    ModelSpec,
)
from tuneform.engine.plan import make_destroy_plan, make_plan
from tuneform.engine.resolve import resolve

OWNER = Owner("demo", "prod")
BASE = "models/practice-text-001"
LONE_BASE = "models/gemini-1.5-flash-001-tuning"
CAPABILITIES = Capabilities(
    provider="embedded",
    collection="tunedModels/",
    bases=(Base(LONE_BASE, retunable=False), Base("*", defaults=Defaults(5, 4))),
)
ASSIGNING = replace(CAPABILITIES, provider="assigning", collection=None)
DAWN = datetime(2026, 1, 1, tzinfo=UTC)
NO_RECORDS = RecordedSet()


def spec(
    name: str = "support",
    data: str = "first",
    *,
    base: str | None = BASE,
    tuned_from: str | None = None,
    formerly: tuple[str, ...] = (),
    labels: dict[str, str] | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    multiplier: float | None = None,
    fields: Fields | None = None,
    revision: int = 1,
    deletion: str = "delete",
    keep: int = 1,
    gate: str | GateSpec | None = None,
) -> ModelSpec:
    """One manifest; a gate is named by a word, as data is."""
    words = fields or Fields()
    return ModelSpec(
        name=name,
        place=Place(f"manifests/{name}.yaml", 4, 9),
        dataset=DatasetRef(f"datasets/{data}.jsonl", "jsonl"),
        fields=replace(
            words,
            display_name=name if words.display_name is None else words.display_name,
            description=words.description or "",
        ),
        base_model=None if tuned_from else base,
        tuned_from=tuned_from,
        formerly=formerly,
        labels=tuple(sorted((labels or {}).items())),
        hyperparameters=Hyperparameters(epochs, batch, rate, multiplier),
        revision=revision,
        deletion_policy=DeletionPolicy(deletion),
        keep_versions=keep,
        gate=gate_spec(gate) if isinstance(gate, str) else gate,
    )


def gate_spec(data: str, *, regression: float | None = None) -> GateSpec:
    """A gate that asks the examples of that name."""
    ref = DatasetRef(f"datasets/gate-{data}.jsonl", "jsonl")
    return GateSpec(ref, (Metric("exactMatch", minimum=0.9, max_regression=regression),))


def facts(ref: DatasetRef) -> DatasetFacts:
    """What the dataset of that name holds: always 30 examples, never the same ones."""
    return DatasetFacts(hashlib.sha256(ref.path.encode()).hexdigest(), 30, 600)


def declare(
    *specs: ModelSpec, owner: Owner = OWNER, capabilities: Capabilities = CAPABILITIES
) -> DesiredSet:
    """The desired set of manifests without mistakes."""
    refs = [
        ref for each in specs for ref in (each.dataset, *(each.gate.datasets if each.gate else ()))
    ]
    refs += [each.validation for each in specs if each.validation]
    resolved = resolve(owner, specs, {ref: facts(ref) for ref in refs}, capabilities)
    mistakes = [each for each in resolved.diagnostics if each.severity == "error"]
    assert not mistakes, mistakes
    return resolved.desired


def wanted(*specs: ModelSpec, owner: Owner = OWNER) -> Desired:
    """The last of these manifests, resolved; the others are its ancestors."""
    return next(each for each in declare(*specs, owner=owner).models if each.name == specs[-1].name)


def version(  # what an apply of these manifests would have left behind
    *specs: ModelSpec,
    words: str = "serving",
    state: LiveState = LiveState.ACTIVE,
    day: int = 1,
    remote: str | None = None,
    owner: Owner = OWNER,
    **odd: object,
) -> Live:
    """The live version of the last manifest.

    Args:
        specs: ancestors first.
        words: of its mark, beyond the ones that every mark has.
        state: of its training.
        day: of its creation; later is newer.
        remote: where it is not the derived name.
        owner: whose mark it bears.
        odd: attributes of the live object or of its mark that differ from what was trained.
    """
    models = {each.name: each for each in declare(*specs, owner=owner).models}
    model = models[specs[-1].name]
    parent = models[model.spec.tuned_from] if model.spec.tuned_from else None
    mark = _with_words(first_mark(model), words)
    asked = model.spec.hyperparameters
    rate = 0.001 if asked.learning_rate_multiplier is None else None
    live = Live(
        remote=remote or model.remote or f"assigned/{model.name}-{day}",
        state=state,
        display_name=model.spec.fields.display_name or "",
        description=model.spec.fields.description or "",
        base=next(each.base_model for each in specs if each.base_model),
        source=parent.remote if parent else None,
        hyperparameters=Hyperparameters(
            asked.epoch_count or 5,
            asked.batch_size or 4,
            asked.learning_rate or rate,
            asked.learning_rate_multiplier,
        ),
        temperature=model.spec.fields.temperature or 0.9,
        top_p=model.spec.fields.top_p or 0.95,
        top_k=model.spec.fields.top_k or 64,
        created=DAWN + timedelta(days=day),
    )
    of_mark = {key: value for key, value in odd.items() if key in Mark.__dataclass_fields__}
    of_live = {key: value for key, value in odd.items() if key not in of_mark}
    return replace(live, mark=replace(mark, **of_mark), **of_live)


def first_mark(model: Desired) -> Mark:
    """The mark that a training of this model is sent with."""
    return Mark(
        owner=str(model.owner),
        model=model.name,
        fingerprint=model.fingerprint_short,
        data=model.data_short,
        revision=model.spec.revision,
        deletion=model.spec.deletion_policy,
    )


def _with_words(mark: Mark, words: str) -> Mark:
    for word in words.split():
        key, _, value = word.partition("=")
        match key:
            case "serving" | "staged" | "cancelled":
                mark = replace(mark, **{key: True})
            case "pinned" | "adopted":
                mark = replace(mark, **{key: value})
            case "deletion":
                mark = replace(mark, deletion=DeletionPolicy(value))
            case _:
                parsed = parse_mark(f"{mark} {word}")
                assert parsed
                mark = parsed
    return mark


def verdict(*specs: ModelSpec, passed: bool = True) -> str:
    """The word of a verdict of the last manifest's gate."""
    gate = wanted(*specs).gate
    assert gate
    return f"gate={'passed' if passed else 'failed'}:{gate.short}"


def evaluation(*specs: ModelSpec, against: Live | None = None) -> Evaluate:
    """The step that evaluates the last manifest's version."""
    model = wanted(*specs)
    assert model.gate
    return Evaluate(model.remote, model.gate, against.remote if against else None)


def start(*specs: ModelSpec, source: str | None = None) -> Start:
    """The step that begins the training of the last manifest."""
    model = wanted(*specs)
    return Start(
        remote=model.remote,
        fingerprint=model.fingerprint,
        data_digest=model.data.digest,
        dataset=model.spec.dataset,
        base=model.spec.base_model,
        source=source,
        parent=model.spec.tuned_from,
        hyperparameters=model.spec.hyperparameters,
        fields=model.spec.fields,
        mark=first_mark(model),
    )


def name_of(*specs: ModelSpec) -> str:
    """The derived remote name of the last manifest's version."""
    remote = wanted(*specs).remote
    assert remote
    return remote


def mark_of(live: Live) -> Mark:
    """The mark, which the object must have."""
    assert live.mark
    return live.mark


def plan(
    *specs: ModelSpec,
    live: Iterable[Live] = (),
    recorded: RecordedSet = NO_RECORDS,
    selection: Selection = EVERYTHING,
    capabilities: Capabilities = CAPABILITIES,
    staging: bool = False,
) -> Plan:
    """The plan for these manifests."""
    desired = declare(*specs, capabilities=capabilities)
    return make_plan(desired, LiveSet(tuple(live)), recorded, selection, staging=staging)


def destroy(
    *specs: ModelSpec, live: Iterable[Live] = (), selection: Selection = EVERYTHING
) -> Plan:
    """The plan that destroys all."""
    return make_destroy_plan(declare(*specs), LiveSet(tuple(live)), NO_RECORDS, selection)


def change_of(decided: Plan, model: str) -> Change:
    """The one change of a model."""
    (change,) = (each for each in decided.changes if each.model == model)
    return change


@dataclass(frozen=True)
class Case:
    """One named case of a table.

    Attributes:
        reason: what the contract promises here.
        specs: the manifests.
        live: what is live.
        action, code, steps: the change of `model`.
    """

    reason: str
    specs: tuple[ModelSpec, ...]
    live: tuple[Live, ...]
    action: str
    code: str
    steps: tuple[object, ...] = ()
    model: str = "support"

    def __str__(self) -> str:
        return self.reason

    def check(self, *, destroying: bool = False) -> Change:
        """Plan, compare, and hand back the change for further looks."""
        decide = destroy if destroying else plan
        change = change_of(decide(*self.specs, live=self.live), self.model)
        assert (change.action, change.reason.code) == (self.action, self.code), change
        assert change.steps == self.steps, self.reason
        return change


def reason(code: ReasonCode = ReasonCode.UP_TO_DATE) -> Reason:
    """A reason where only its code matters."""
    return Reason(code, "because")


def promote(live: Live | str, *clears: Live) -> Promote:
    """Promote one, clear the word on others."""
    remote = live if isinstance(live, str) else live.remote
    return Promote(remote, tuple(each.remote for each in clears))
