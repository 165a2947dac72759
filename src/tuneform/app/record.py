"""Asks the ledger: what was done, what versions are made from, and who is writing now."""

from __future__ import annotations

from contextlib import closing

from tuneform.app.declare import Declared, declare_at_least_owner
from tuneform.app.inspecting import unknown_model
from tuneform.app.invocation import Invocation
from tuneform.app.wiring import lock_state, record_of
from tuneform.domain.record import LockState, PastRun, PastVersion


def history(
    invocation: Invocation, name: str | None, limit: int | None
) -> tuple[Declared, tuple[PastRun, ...]]:
    """Runs of the owner, newest first.

    Args:
        invocation: of the command.
        name: only what was done about this model.
        limit: most to return; None is all.

    Raises:
        UsageError: neither the ledger nor a manifest knows the named model.
    """
    declared = declare_at_least_owner(invocation)
    with closing(record_of(declared.project, invocation)) as record:
        runs = record.runs(declared.owner, name, limit)
    if name is not None and not runs:
        _check_declared(declared, name)
    return declared, runs


def lineage(invocation: Invocation, name: str) -> tuple[Declared, tuple[PastVersion, ...]]:
    """What is known of each version of a model, oldest first.

    Raises:
        UsageError: neither the ledger nor a manifest knows the model.
    """
    declared = declare_at_least_owner(invocation)
    with closing(record_of(declared.project, invocation)) as record:
        versions = record.lineage(declared.owner, name)
    if not versions:
        _check_declared(declared, name)
    return declared, versions


def lock(invocation: Invocation) -> tuple[Declared, LockState]:
    """Whether a run is writing for the owner, and which."""
    declared = declare_at_least_owner(invocation)
    return declared, lock_state(declared.project, declared.owner, invocation)


def _check_declared(declared: Declared, name: str) -> None:
    models = {model.name: model for model in declared.desired.models}
    if name not in models:
        raise unknown_model(name, models)
