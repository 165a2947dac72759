"""Saved plans: written for a reviewer, read again, and compared with what is there by then."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tuneform import __version__
from tuneform.app.atomic import write_atomically
from tuneform.app.declare import Declared
from tuneform.app.invocation import Invocation
from tuneform.app.planning import Aim, Planned, costed, judge
from tuneform.domain.live import LiveSet
from tuneform.domain.plan import Action, Change, Reason, ReasonCode, Start
from tuneform.engine.replay import replay
from tuneform.errors import LocalError, Stale
from tuneform.planfile import SavedPlan, made_from, read_document, restore, seal, stale_parts
from tuneform.planfile.read import MOST_BYTES
from tuneform.providers.base import Provider
from tuneform.render.json_text import json_text
from tuneform.render.plain import redact_json
from tuneform.render.plan_json import plan_json

_AGAIN = "run `tuneform plan --out FILE` again, and have it reviewed"


def save_plan(planned: Planned, path: Path) -> str:
    """Write a plan to a file, for a reviewer to read and for `apply` to carry out.

    It holds no example text, and no value of a sensitive variable.

    Returns:
        The checksum, 64 hex digits.

    Raises:
        LocalError: the file cannot be written.
    """
    declared, aim = planned.declared, planned.aim
    document = plan_json(planned.plan, samples=False)
    redacted = redact_json(document, declared.project.secrets)
    assert isinstance(redacted, dict), "a plan is an object"
    origin = made_from(
        declared.desired,
        planned.plan,
        aim.selection,
        aim.destroy,
        declared.project.provider,
        __version__,
    )
    sealed = seal(redacted, origin)
    write_atomically(path, f"{json_text(sealed)}\n")
    return str(sealed["checksum"])


def load_plan(path: Path, checksum: str | None) -> SavedPlan:
    """Read a saved plan.

    Args:
        path: of the file.
        checksum: that it must have, as its reviewer saw it; None takes its own.

    Raises:
        LocalError: it is no plan.
        Stale: it was edited since.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)  # a device or a pipe may have no end
    except OSError as error:
        raise LocalError(
            f"{path}: the plan cannot be read: {error.strerror}",
            hint="`tuneform plan --out FILE` saves one",
        ) from error
    try:
        return read_document(text, checksum)
    except LocalError as error:
        raise LocalError(f"{path}: {error.message}", hint=error.hint) from None


def take_up(
    invocation: Invocation,
    declared: Declared,
    provider: Provider,
    saved: SavedPlan,
    max_cost: Decimal | None,
) -> Planned:
    """What is left to do of a saved plan: nothing is decided again.

    Raises:
        Stale: something that it was made from has changed; names all of it.
    """
    aim = Aim(
        selection=saved.selection,
        destroy=saved.made_from.destroy,
        staging=saved.plan.staging,
        max_cost=max_cost,
    )
    now = made_from(
        declared.desired,
        saved.plan,
        aim.selection,
        aim.destroy,
        declared.project.provider,
        __version__,
    )
    _check(stale_parts(saved, now))
    live = LiveSet(tuple(provider.list()))
    replayed = replay(restore(saved, declared.desired), saved.texts, declared.desired, live)
    _check(tuple(str(drift) for drift in replayed.drifts))
    plan = costed(declared, replayed.plan)
    pairs = zip(saved.plan.changes, plan.changes, strict=True)
    plan = replace(plan, changes=tuple(_told(before, left) for before, left in pairs))
    findings = () if aim.destroy else judge(invocation, declared, plan, live, aim)
    repeated = saved.plan.has_steps and plan.is_empty
    return Planned(declared, live, plan, aim, findings, repeated)


def _told(before: Change, left: Change) -> Change:
    """What is left of a change, so that nobody takes it for all of it."""
    if not any(isinstance(step, Start) for step in left.steps):
        left = replace(left, cost=None)  # what has started is paid for
    if len(left.steps) == len(before.steps) or left.action is Action.HOLD:
        return left
    if left.steps:
        return replace(left, notes=(*left.notes, "A part of it was carried out before."))
    return replace(
        left,
        action=Action.KEEP,
        reason=Reason(ReasonCode.UP_TO_DATE, "This plan was carried out before."),
        deltas=(),
        training=None,
    )


def _check(parts: tuple[str, ...]) -> None:
    if parts:
        raise Stale(f"the plan is stale: {'; '.join(parts)}", hint=_AGAIN)
