"""Which staged versions nobody wants any longer, and the steps that remove them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from tuneform.domain.desired import DesiredSet
from tuneform.domain.live import LiveSet, LiveState
from tuneform.domain.plan import Action, Cancel, Change, Delete, Plan, Reason, ReasonCode
from tuneform.engine.estate import Version, sort_out, without_living_children


def make_prune_plan(
    desired: DesiredSet,
    live: LiveSet,
    wanted: Collection[tuple[str, str]],
    now: datetime,
    older_than: timedelta,
) -> Plan:
    """Delete staged versions that are old enough and that no ref wants.

    Args:
        desired: what the working tree wants; its versions stay.
        live: everything that the provider lists.
        wanted: pairs of model name and short fingerprint that some ref wants.
        now: the time.
        older_than: a younger one stays, whoever wants it.
    """
    estate = sort_out(desired, live)
    mine = {(model.name, model.fingerprint_short) for model in desired.models}
    unwanted = {
        name: [
            each
            for each in versions
            if each.mark.staged
            and not each.mark.unknown
            and (name, each.mark.fingerprint) not in mine
            and (name, each.mark.fingerprint) not in wanted
            and _is_old(each, now, older_than)
        ]
        for name, versions in estate.versions.items()
    }
    going = without_living_children(unwanted, estate)
    changes = tuple(
        _change(name, versions, going, now) for name, versions in unwanted.items() if versions
    )
    return Plan(desired.owner, desired.provider, changes, live_models=len(estate.versions))


def _change(name: str, unwanted: list[Version], going: Collection[str], now: datetime) -> Change:
    victims = [each for each in unwanted if each.remote in going]
    days = max(_age(each, now).days for each in unwanted)
    if not victims:
        return Change(
            name,
            Action.HOLD,
            Reason(ReasonCode.IN_USE, "A live model was tuned from the staged version."),
            versions=tuple(each.live for each in unwanted),
        )
    running = [each for each in victims if each.live.state is LiveState.TRAINING]
    return Change(
        name,
        Action.DELETE,
        Reason(
            ReasonCode.STAGED_UNWANTED,
            f"Staged, {_old(days)}, and no local ref wants it.",
        ),
        steps=(
            *(Cancel(each.remote) for each in running),
            *(Delete(each.remote) for each in victims),
        ),
        versions=tuple(each.live for each in unwanted),
    )


def _old(days: int) -> str:
    if days == 0:
        return "less than a day old"
    return f"up to {days} day{'' if days == 1 else 's'} old"


def _age(version: Version, now: datetime) -> timedelta:
    created = version.live.created
    return timedelta(0) if created is None else now - created


def _is_old(version: Version, now: datetime, older_than: timedelta) -> bool:
    """One of unknown age is young: it stays."""
    return version.live.created is not None and _age(version, now) >= older_than
