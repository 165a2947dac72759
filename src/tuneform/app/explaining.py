"""What became of the examples since the live version was trained. It explains and never decides.

The earlier examples come from git, where an old version of the file still has the digest that the
live object bears; else from the digests that the ledger kept when that version was started. Where
neither knows, the plan just says that the dataset changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tuneform.app.declare import Declared
from tuneform.app.history import known_repository
from tuneform.app.invocation import Invocation
from tuneform.app.wiring import record_of
from tuneform.dataset.compare import differences, differences_keyed
from tuneform.dataset.examples import data_digest_of, each_example
from tuneform.domain.capabilities import Limits
from tuneform.domain.data_change import DataChange
from tuneform.domain.desired import Desired
from tuneform.domain.names import short
from tuneform.domain.plan import Change, Plan
from tuneform.domain.spec import DatasetRef
from tuneform.errors import InvalidProject, LocalError
from tuneform.git import Repository

EXPLAINED_AT_MOST = 50
"""Models: looking for old files takes some tens of milliseconds each."""

COMMITS_AT_MOST = 50
"""Versions of one file that are looked at, newest first."""


def explain_data(invocation: Invocation, declared: Declared, plan: Plan, samples: int) -> Plan:
    """Tell what changed in the data of models that are trained again for it.

    Args:
        invocation: of the command.
        declared: what the manifests want.
        plan: as decided.
        samples: of the examples that differ, at most, for each model.
    """
    befores = [(each.model, before) for each in plan.changes if (before := _before(each))]
    if not befores:
        return plan
    models = {model.name: model for model in declared.desired.models}
    repository = known_repository(invocation)
    explained = {
        name: _explain(invocation, declared, repository, models[name], before, samples)
        for name, before in befores[:EXPLAINED_AT_MOST]
    }
    changes = tuple(replace(change, data=explained.get(change.model)) for change in plan.changes)
    return replace(plan, changes=changes)


def _before(change: Change) -> str | None:
    """Short digest of the dataset that the live version was trained with."""
    found = (each.before for each in change.deltas if each.field == "spec.dataset")
    before = next(found, None)
    return before if isinstance(before, str) else None


def _explain(
    invocation: Invocation,
    declared: Declared,
    repository: Repository | None,
    model: Desired,
    before: str,
    samples: int,
) -> DataChange | None:
    ref = model.spec.dataset
    limits = declared.limits[ref]
    try:
        found = repository and _from_git(repository, invocation.root, ref, limits, before, samples)
        return found or _from_ledger(invocation, declared, ref, limits, before, samples)
    except (InvalidProject, LocalError):
        return None


def _from_git(
    repository: Repository, root: Path, ref: DatasetRef, limits: Limits, before: str, samples: int
) -> DataChange | None:
    commits = repository.commits_touching(ref.path, COMMITS_AT_MOST)
    with TemporaryDirectory(prefix="tuneform-") as folder:
        old = Path(folder)
        place = old / ref.path
        place.parent.mkdir(parents=True)
        for commit, content in repository.blobs(commits, ref.path):
            place.write_bytes(content)
            readings = (each for each in _readings(ref) if _has_digest(old, each, limits, before))
            earlier = next(readings, None)
            if earlier is not None:
                return differences(
                    partial(each_example, old, earlier, limits),
                    partial(each_example, root, ref, limits),
                    samples=samples,
                    source="git",
                    commit=commit,
                )
    return None


def _readings(ref: DatasetRef) -> Iterable[DatasetRef]:
    """How the old file may have been read: as today, or before a preamble or a holdout came."""
    yield ref
    if ref.preamble:
        yield replace(ref, preamble="")
    if ref.holdout:
        yield replace(ref, holdout=0.0)


def _has_digest(root: Path, ref: DatasetRef, limits: Limits, wanted: str) -> bool:
    try:
        return short(data_digest_of(root, ref, limits)) == wanted
    except InvalidProject:
        return False


def _from_ledger(
    invocation: Invocation,
    declared: Declared,
    ref: DatasetRef,
    limits: Limits,
    before: str,
    samples: int,
) -> DataChange | None:
    with closing(record_of(declared.project, invocation)) as record:
        rows, secret = record.rows(declared.owner, before), record.secret()
        if rows is None or secret is None:
            return None
        return differences_keyed(
            rows,
            lambda: each_example(invocation.root, ref, limits),
            secret=secret,
            samples=samples,
        )
