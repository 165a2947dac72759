"""Lets objects go: takes our mark off, and leaves them alone from then on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tuneform.app.applying import Ears, Wishes, carry_out
from tuneform.app.declare import Declared, declare
from tuneform.app.inspecting import chosen_versions
from tuneform.app.invocation import Invocation
from tuneform.app.wiring import Opened, open_to_write
from tuneform.domain.live import Live, LiveSet, LiveState
from tuneform.domain.plan import Action, Change, Plan, Reason, ReasonCode, Release
from tuneform.domain.report import Report
from tuneform.engine.estate import sort_out
from tuneform.errors import Refused, UsageError


@dataclass(frozen=True, slots=True)
class Forgetting:
    """A release that can be carried out while the lock is held.

    Attributes:
        plan: takes the mark off all versions of one model.
        declared: whether a manifest still declares the model, which loses all its versions.
    """

    invocation: Invocation
    project: Declared
    opened: Opened
    plan: Plan
    declared: bool

    def run(self, ears: Ears) -> Report:
        """Carry it out."""
        return carry_out(self.invocation, self.project, self.opened, self.plan, Wishes(), ears)


@contextmanager
def forget(invocation: Invocation, name: str, version: str | None = None) -> Iterator[Forgetting]:
    """Plan to take our mark off every version of a model; the objects stay.

    Args:
        invocation: of the command.
        name: of the model.
        version: remote name, id or short fingerprint, where only that one is meant.

    Raises:
        UsageError: there is no such model, or no such version.
        Refused: a version is in training, and the provider cannot edit it before it is trained.
    """
    declared = declare(invocation)
    with open_to_write(
        declared.project, declared.owner, "forget", invocation, trains=False
    ) as opened:
        estate = sort_out(declared.desired, LiveSet(tuple(opened.provider.list())))
        versions = estate.versions.get(name, ())
        if not versions:
            raise UsageError(
                f"no live object is marked as a version of {name!r}",
                hint="`tuneform status` lists the models",
            )
        change = Change(
            name,
            Action.RELEASE,
            Reason(ReasonCode.RETAINED, "Forgotten on request: the objects stay."),
            versions=tuple(each.live for each in versions),
        )
        meant = chosen_versions(change, version)
        _check_editable(declared, meant, name)
        change = replace(
            change, steps=tuple(Release(each.remote) for each in meant), versions=meant
        )
        plan = Plan(declared.owner, declared.project.provider.type, (change,))
        is_declared = len(meant) == len(versions) and any(
            each.name == name for each in declared.desired.models
        )
        yield Forgetting(invocation, declared, opened, plan, is_declared)


def _check_editable(declared: Declared, versions: Iterable[Live], name: str) -> None:
    if declared.capabilities.edits_training:
        return
    for each in versions:
        if each.state is LiveState.TRAINING:
            raise Refused(
                f"{each.remote} is in training, and its mark cannot be taken off before it is "
                "trained",
                hint=f"`tuneform wait {name}` first, or `tuneform cancel {name}`",
            )
