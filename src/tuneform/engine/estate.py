"""Whose is what: live objects sorted into versions of our models, and what is not explained.

An object is ours only if its mark names our owner and its id is the derived one, or `adopted=`
names it (contract, section 3). A mark holds the fingerprint in its short form, from which an id
cannot be derived again. So an id is checked exactly where the full fingerprint is known, that is
for what the manifests want, and by its shape elsewhere; a copy beside its original is then a
duplicate, which is held. Where the provider assigns ids, the mark alone decides.

The record of a training that ended without a model is no version. It is kept apart: nothing can be
done with it, and it tells only that these inputs were tried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tuneform.domain.desired import Desired, DesiredSet
from tuneform.domain.live import Live, LiveSet, LiveState
from tuneform.domain.mark import Mark
from tuneform.domain.names import looks_derived, remote_id

_EPOCH = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Version:
    """A live object of ours, with the mark that every such object has."""

    live: Live
    mark: Mark

    @property
    def remote(self) -> str:
        """Full resource name."""
        return self.live.remote

    @property
    def proven(self) -> bool:
        """ACTIVE, not cancelled, last verdict not failed."""
        mark = self.mark
        return (
            self.live.state is LiveState.ACTIVE
            and not mark.cancelled
            and (mark.verdict is None or mark.verdict.passed)
        )


@dataclass(frozen=True, slots=True)
class Estate:
    """What one owner has.

    Attributes:
        versions: by the model that their marks name, newest first.
        spent: by model, newest first: what is left of trainings that ended without a model, or
            are being stopped by a service that says so.
        estranged: objects that were created for this owner and whose marks say so no longer, by the
            model and the short fingerprint that they were created with. Only where that is
            remembered.
        unexplained: objects that bear our owner's mark and are not ours.
        by_remote: every listed object, foreign ones included.
        chosen_ids, edits_training: as in `DesiredSet`.
    """

    versions: Mapping[str, tuple[Version, ...]] = field(default_factory=dict)
    spent: Mapping[str, tuple[Version, ...]] = field(default_factory=dict)
    estranged: Mapping[tuple[str, str], Live] = field(default_factory=dict)
    unexplained: tuple[Live, ...] = ()
    by_remote: Mapping[str, Live] = field(default_factory=dict)
    chosen_ids: bool = True
    edits_training: bool = True

    def of(self, names: Iterable[str]) -> tuple[Version, ...]:
        """Versions under any of these names, newest first."""
        return _under(self.versions, names)

    def spent_of(self, names: Iterable[str]) -> tuple[Version, ...]:
        """What was spent under any of these names, newest first."""
        return _under(self.spent, names) if self.spent else ()

    def estranged_of(self, names: Iterable[str], fingerprint: str) -> Live | None:
        """An object of that fingerprint that was created under one of these names."""
        if not self.estranged:
            return None
        found = (self.estranged.get((name, fingerprint)) for name in names)
        return next(filter(None, found), None)


def _under(by_name: Mapping[str, tuple[Version, ...]], names: Iterable[str]) -> tuple[Version, ...]:
    groups = [by_name[name] for name in dict.fromkeys(names) if name in by_name]
    if len(groups) == 1:
        return groups[0]
    return _sorted(each for group in groups for each in group)


def _sorted(found: Iterable[Version]) -> tuple[Version, ...]:
    return tuple(sorted(found, key=newest_first, reverse=True))


def sort_out(desired: DesiredSet, live: LiveSet) -> Estate:
    """Tell what is ours."""
    owner = str(desired.owner)
    derived = _derived_names(desired) if desired.chosen_ids else None
    ours: defaultdict[str, list[Version]] = defaultdict(list)
    spent: defaultdict[str, list[Version]] = defaultdict(list)
    estranged: dict[tuple[str, str], Live] = {}
    unexplained = []
    stops_itself = not desired.edits_training
    for each in live.objects:
        mark = each.mark
        origin = each.origin
        if origin is not None and origin.owner == owner and each.is_estranged and not each.spent:
            estranged[origin.model, origin.fingerprint] = each
        if mark is None or mark.owner != owner:
            continue
        if each.spent or (stops_itself and is_stopping(each)):
            spent[mark.model].append(Version(each, mark))
        elif _is_ours(each, mark, derived):
            ours[mark.model].append(Version(each, mark))
        else:
            unexplained.append(each)
    return Estate(
        versions={name: _sorted(found) for name, found in sorted(ours.items())},
        spent={name: _sorted(found) for name, found in spent.items()},
        estranged=estranged,
        unexplained=tuple(unexplained),
        by_remote={each.remote: each for each in live.objects},
        chosen_ids=desired.chosen_ids,
        edits_training=desired.edits_training,
    )


def is_stopping(live: Live) -> bool:
    """Whether its training was cancelled, and has not ended yet.

    Where the service itself says so, it is as good as spent: it may take a while, and nothing more
    can be done about it. Should it end well after all, it is a version again.
    """
    mark = live.mark
    return live.state is LiveState.TRAINING and mark is not None and mark.cancelled


def serving_version(versions: Iterable[Version], wanted: str | None) -> Version | None:
    """The version that applications are to call now (contract, section 5).

    Args:
        versions: of one model, newest first.
        wanted: short fingerprint that wins where two carry the word. What answers comes before what
            does not: that was taken from applications already, or by somebody else.
    """
    promoted = [version for version in versions if version.live.promoted]
    if not promoted[1:]:
        return promoted[0] if promoted else None
    candidates = [version for version in promoted if version.live.deployed] or promoted
    preferred = [version for version in candidates if version.mark.fingerprint == wanted]
    return (preferred or candidates)[0]


def without_living_children(
    victims: Mapping[str, Iterable[Version]], estate: Estate
) -> frozenset[str]:
    """Remote names that may be deleted: an old parent goes only when no live child names it."""
    going = {each.remote for versions in victims.values() for each in versions}
    children: defaultdict[str, list[str]] = defaultdict(list)
    source: dict[str, str] = {}
    for versions in estate.versions.values():
        for each in versions:
            if each.live.source:
                children[each.live.source].append(each.remote)
                source[each.remote] = each.live.source
    staying = [each for each in going if any(child not in going for child in children[each])]
    while staying:
        remote = staying.pop()
        if remote in going:
            going.discard(remote)
            if source.get(remote) in going:
                staying.append(source[remote])
    return frozenset(going)


def newest_first(version: Version) -> tuple[datetime, str]:
    """What versions are sorted by, backwards: of two, the greater is the newer one."""
    return (version.live.created or _EPOCH, version.remote)


def _derived_names(desired: DesiredSet) -> dict[tuple[str, str], str]:
    """Exact remote names where the full fingerprint is known, former names included."""
    names = {}
    for model in desired.models:
        for name in model.spec.formerly:
            names[name, model.fingerprint_short] = _derived_name(desired, model, name)
        names[model.name, model.fingerprint_short] = model.remote or ""
    return names


def _derived_name(desired: DesiredSet, model: Desired, name: str) -> str:
    prefix = (model.remote or "").rpartition("/")[0]
    return f"{prefix}/{remote_id(str(desired.owner), name, model.fingerprint)}"


def _is_ours(live: Live, mark: Mark, derived: Mapping[tuple[str, str], str] | None) -> bool:
    if mark.adopted is not None:
        return mark.adopted in (live.id, live.remote)
    if derived is None:
        return True
    exact = derived.get((mark.model, mark.fingerprint))
    return live.remote == exact if exact else looks_derived(live.remote, mark.model)
