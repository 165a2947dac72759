"""`rollback`: an earlier version serves again, until the manifest says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tuneform.app.applying import Ears, Wishes, carry_out
from tuneform.app.declare import Declared, declare
from tuneform.app.history import declared_at, known_repository
from tuneform.app.invocation import Invocation
from tuneform.app.wiring import Opened, open_to_write
from tuneform.domain.desired import Desired
from tuneform.domain.live import LiveSet
from tuneform.domain.plan import Plan
from tuneform.domain.report import Report
from tuneform.engine.rollback import make_rollback
from tuneform.errors import TuneformError

COMMITS_AT_MOST = 100
"""How far back the commit is looked for that wants the earlier version."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A commit at which a model was wanted as it is to be again.

    Attributes:
        commit: full id.
        files: manifests and datasets that made it so, ancestors of the model included; relative to
            the project.
    """

    commit: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rollback:
    """A rollback that can be carried out while the lock is held.

    Attributes:
        declared: what the manifests want.
        plan: pins the earlier version.
        wish: the commit whose manifests want that version; None where git does not tell.
    """

    invocation: Invocation
    declared: Declared
    opened: Opened
    plan: Plan
    wish: Wish | None

    def run(self, ears: Ears) -> Report:
        """Carry it out."""
        return carry_out(self.invocation, self.declared, self.opened, self.plan, Wishes(), ears)


@contextmanager
def roll_back(invocation: Invocation, name: str, to: str | None) -> Iterator[Rollback]:
    """Plan to serve an earlier version.

    Args:
        invocation: of the command.
        name: of a declared model.
        to: remote name, id or short fingerprint; None is the newest earlier one that is proven.
    """
    declared = declare(invocation)
    with open_to_write(
        declared.project, declared.owner, "rollback", invocation, trains=False
    ) as opened:
        plan = make_rollback(declared.desired, LiveSet(tuple(opened.provider.list())), name, to)
        change = plan.changes[0]
        version = next(each for each in change.versions if each.remote == change.remote)
        fingerprint = version.mark.fingerprint if version.mark else ""
        wish = _wish_for(invocation, name, fingerprint)
        yield Rollback(invocation, declared, opened, plan, wish)


def _wish_for(invocation: Invocation, name: str, fingerprint: str) -> Wish | None:
    """The newest commit at which the model's fingerprint was this one."""
    repository = known_repository(invocation)
    if repository is None:
        return None
    seen: set[str | None] = set()
    for commit in repository.commits_touching("", COMMITS_AT_MOST):
        tree = repository.tree_id(commit)
        if tree in seen:
            continue
        seen.add(tree)
        try:
            declared = declared_at(invocation, repository, commit)
        except TuneformError:
            continue  # a commit with mistakes wants nothing
        models = {model.name: model for model in declared.desired.models} if declared else {}
        if name in models and models[name].fingerprint_short == fingerprint:
            return Wish(commit, tuple(_files(models, name)))
    return None


def _files(models: Mapping[str, Desired], name: str | None) -> Iterator[str]:
    """What the fingerprint was made from: a model's own files, then those of its parents."""
    while name:
        spec = models[name].spec
        yield spec.place.file
        yield spec.dataset.path
        name = spec.tuned_from
