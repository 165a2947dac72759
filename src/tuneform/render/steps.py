"""The steps of a change in words. Which steps there are was decided long before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import assert_never

from tuneform.domain.desired import TrainingSize
from tuneform.domain.plan import (
    Cancel,
    Change,
    Delete,
    Evaluate,
    Patch,
    Promote,
    Release,
    Rewrite,
    Start,
    Step,
    Watch,
)
from tuneform.domain.spec import Fields
from tuneform.render.layout import counted
from tuneform.render.thresholds import gate_words


def fields_set(fields: Fields) -> dict[str, str | int | float]:
    """The fields of a spec that are set, under their names in manifests; labels are none."""
    pairs = (
        ("displayName", fields.display_name),
        ("description", fields.description),
        ("temperature", fields.temperature),
        ("topP", fields.top_p),
        ("topK", fields.top_k),
    )
    return {name: value for name, value in pairs if value is not None}


def training_words(size: TrainingSize) -> str:
    """`15 examples, 173 characters, 5 epochs, 19 steps`."""
    return ", ".join(
        (
            counted(size.examples, "example"),
            counted(size.characters, "character"),
            counted(size.epochs, "epoch"),
            counted(size.steps, "step"),
        )
    )


def step_groups(change: Change) -> Iterator[tuple[str, str, bool]]:
    """What will be done, in order: a label, words, and whether it is destructive."""
    groups = [(kind, list(steps)) for kind, steps in groupby(change.steps, _kind)]
    last = len(groups) - 1
    for index, (kind, steps) in enumerate(groups):
        if kind == "train":
            yield _training(change, steps)
            continue
        if kind == "gate":
            yield from (_gate(step, change) for step in steps if isinstance(step, Evaluate))
            continue
        label = "will" if last == 0 else "first" if index == 0 else "then"
        if kind == "delete" and index == last and index:
            label = "last"
        yield label, ", ".join(_merged(steps, change)), kind in ("cancel", "delete")


def _kind(step: Step) -> str:
    """Steps of one kind that follow each other share a line."""
    match step:
        case Start() | Watch():
            return "train"
        case Evaluate():
            return "gate"
        case Cancel():
            return "cancel"
        case Delete():
            return "delete"
        case Patch() | Rewrite() | Promote() | Release():
            return "edit"
        case _:
            assert_never(step)


def _training(change: Change, steps: Sequence[Step]) -> tuple[str, str, bool]:
    start = next((step for step in steps if isinstance(step, Start)), None)
    size = training_words(change.training) if change.training else "until the training ends"
    above = f", on top of {start.parent}" if start and start.parent else ""
    return ("train" if start else "watch"), size + above, False


def _gate(step: Evaluate, change: Change) -> tuple[str, str, bool]:
    other = _unless(step.remote, change.remote)
    asked = f"{other}: " if other else ""
    return "gate", asked + gate_words(step.gate, compared=step.against is not None), False


def _merged(steps: Iterable[Step], change: Change) -> Iterator[str]:
    """Words of steps; equal verbs one after the other share theirs."""
    worded = (step_words(step, change.remote) for step in steps)
    for verb, objects in groupby(worded, lambda words: words[0]):
        named = ", ".join(filter(None, (each for _, each in objects)))
        yield f"{verb} {named}" if named else verb


def step_words(step: Step, desired: str | None) -> tuple[str, str]:
    """A verb and what it is done to; the desired version itself goes without saying.

    Args:
        step: what is done.
        desired: remote name of the desired version.
    """
    verb, _ = _verbs(step)
    match step:
        case Patch():
            labels = [f"label {key}" for key, _ in step.fields.labels or ()]
            names = ", ".join((*fields_set(step.fields), *labels)) or "the mark"
            other = _unless(step.remote, desired)
            return verb, f"{names} of {other}" if other else names
        case Promote():
            before = f"instead of {', '.join(step.clears)}" if step.clears else ""
            named = step.remote if step.pinned else _unless(step.remote, desired)
            return verb, " ".join(filter(None, (named, before)))
        case Start() | Watch() | Evaluate():
            return verb, _unless(step.remote, desired)
        case Rewrite() | Cancel() | Delete() | Release():
            return verb, step.remote
        case _:
            assert_never(step)


_VERBS = MappingProxyType(
    {
        Start.do: ("start training", "started training"),
        Watch.do: ("wait for the training", "waited for the training"),
        Evaluate.do: ("evaluate", "evaluated"),
        Patch.do: ("edit", "edited"),
        Rewrite.do: ("write the mark of", "wrote the mark of"),
        Promote.do: ("promote", "promoted"),
        Cancel.do: ("cancel", "cancelled"),
        Delete.do: ("delete", "deleted"),
        Release.do: ("take the mark off", "took the mark off"),
    }
)
"""What each step is called before and after it is done."""

_BACK = ("roll back to", "rolled back to")


def _verbs(step: Step) -> tuple[str, str]:
    """A promotion against the desired version has a name of its own."""
    return _BACK if isinstance(step, Promote) and step.pinned else _VERBS[step.do]


def step_done(step: Step) -> str:
    """What a completed step did, its object named: `deleted tunedModels/x`."""
    _, verb = _verbs(step)
    _, named = step_words(step, None)
    return f"{verb} {named}".rstrip()


def evaluating_words(step: Evaluate) -> str:
    """What is said while a gate is at work."""
    return f"evaluating {counted(step.gate.examples + step.gate.must_pass, 'example')}"


def _unless(remote: str | None, desired: str | None) -> str:
    return "" if remote is None or remote == desired else remote
