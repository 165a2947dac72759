"""`prune --staged`: removes versions that were trained for branches which are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from shlex import quote

from tuneform.app.applying import Ears, Wishes, carry_out
from tuneform.app.declare import Declared, declare
from tuneform.app.history import declared_at, mistakes, repository_of
from tuneform.app.invocation import Invocation
from tuneform.app.wiring import Opened, open_to_write
from tuneform.domain.diagnostic import Severity
from tuneform.domain.live import LiveSet
from tuneform.domain.plan import Plan
from tuneform.domain.report import Report
from tuneform.engine.prune import make_prune_plan
from tuneform.errors import InvalidProject, Refused
from tuneform.git import Ref
from tuneform.manifest.discover import PROJECT_FILE


@dataclass(frozen=True, slots=True)
class Pruning:
    """Deletions that can be carried out while the lock is held.

    Attributes:
        declared: what the manifests want.
        plan: the deletions.
        refs: count of refs that were asked what they want.
    """

    invocation: Invocation
    declared: Declared
    opened: Opened
    plan: Plan
    refs: int

    def run(self, ears: Ears) -> Report:
        """Carry it out."""
        return carry_out(self.invocation, self.declared, self.opened, self.plan, Wishes(), ears)


@contextmanager
def prune_staged(
    invocation: Invocation, older_than: timedelta, ignored: Collection[str]
) -> Iterator[Pruning]:
    """Plan to delete staged versions that no local ref wants.

    Args:
        invocation: of the command.
        older_than: younger ones stay.
        ignored: names of refs that are not asked, such as a branch whose project has mistakes; in
            full or as one types them.

    Raises:
        Refused: a ref's project cannot be read, so nobody knows what it wants.
    """
    declared = declare(invocation)
    wanted, refs = _wanted(invocation, ignored)
    with open_to_write(
        declared.project, declared.owner, "prune", invocation, trains=False
    ) as opened:
        live = LiveSet(tuple(opened.provider.list()))
        now = invocation.clock.now()
        plan = make_prune_plan(declared.desired, live, wanted, now, older_than)
        yield Pruning(invocation, declared, opened, plan, refs)


def _wanted(
    invocation: Invocation, ignored: Collection[str]
) -> tuple[frozenset[tuple[str, str]], int]:
    """Models and short fingerprints that local refs want, and how many refs there are."""
    repository = repository_of(invocation)
    if repository.is_shallow():
        raise Refused(
            "this clone is shallow: branches that it lacks may want what would be deleted",
            hint="`git fetch --unshallow`, or `fetch-depth: 0` in a pipeline",
        )
    refs = [ref for ref in repository.refs() if not {ref.name, ref.short} & {*ignored}]
    trees: dict[str | None, frozenset[tuple[str, str]]] = {}
    for ref in refs:
        tree = repository.tree_id(ref.sha)
        if tree in trees:
            continue
        try:
            declared = declared_at(invocation, repository, ref.sha)
        except InvalidProject as error:
            raise _unreadable(ref, error) from error
        models = declared.desired.models if declared else ()
        trees[tree] = frozenset((model.name, model.fingerprint_short) for model in models)
    return frozenset().union(*trees.values()), len(refs)


def _unreadable(ref: Ref, error: InvalidProject) -> Refused:
    first = next(each for each in mistakes(error) if each.severity is Severity.ERROR)
    return Refused(
        f"the project of {ref.name} has mistakes ({first.place or PROJECT_FILE}: {first.summary}), "
        "so nobody can tell what it wants; nothing was deleted",
        hint=f"mend or delete that ref, or add --ignore-ref {quote(ref.short)}",
    )
