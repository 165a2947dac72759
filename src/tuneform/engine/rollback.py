"""Serve an earlier version again: which one, and the one step that pins it."""

from __future__ import annotations

from tuneform.domain.desired import DesiredSet
from tuneform.domain.live import LiveSet
from tuneform.domain.plan import Action, Change, Plan, Promote, Reason, ReasonCode
from tuneform.engine.estate import Version, sort_out
from tuneform.engine.situation import Situation, situation_of
from tuneform.errors import Refused, UsageError


def make_rollback(desired: DesiredSet, live: LiveSet, name: str, to: str | None) -> Plan:
    """Pin an earlier kept version of a model against the desired one.

    Args:
        desired: what the manifests want.
        live: everything that the provider lists.
        name: of a declared model.
        to: remote name, id or short fingerprint of the version; None is the newest proven one
            that does not serve.

    Returns:
        A plan of one change; without steps where that version is pinned already.

    Raises:
        UsageError: no manifest declares the model, or there is no such version.
        Refused: no version can take over.
    """
    model = next((each for each in desired.models if each.name == name), None)
    if model is None:
        raise UsageError(
            f"no manifest declares {name!r}", hint="`tuneform status` lists the models"
        )
    estate = sort_out(desired, live)
    situation = situation_of(model, estate)
    version = _chosen(situation, to)
    others = [each for each in situation.versions if each is not version]
    step = Promote(
        version.remote,
        tuple(each.remote for each in others if each.mark.serving or each.mark.pinned),
        pinned=model.fingerprint_short,
    )
    is_done = (
        situation.serving is version
        and version.live.deployed
        and version.mark.pinned == model.fingerprint_short
        and not step.clears
    )
    change = Change(
        name,
        Action.KEEP if is_done else Action.PROMOTE,
        Reason(
            ReasonCode.ROLLED_BACK,
            f"{version.remote} serves instead of the desired version, until the manifest changes.",
        ),
        remote=version.remote,
        steps=() if is_done else (step,),
        notes=_notes(situation),
        versions=situation.shown,
    )
    return Plan(desired.owner, desired.provider, (change,), live_models=len(estate.versions))


def _notes(situation: Situation) -> tuple[str, ...]:
    """A pin holds against one desired version: that of this checkout, which may be a branch."""
    if situation.serving is situation.wanted or _is_pinned(situation):
        return ()
    lapses = "Where another commit is applied next, that takes the pin off."
    return (f"The version that the manifest here wants does not serve. {lapses}",)


def _chosen(situation: Situation, to: str | None) -> Version:
    candidates = [each for each in situation.superseded if each.proven and not each.mark.unknown]
    if to is None:
        pinned = situation.serving if _is_pinned(situation) else None
        earlier = [each for each in candidates if each is not situation.serving]
        if pinned:
            return pinned
        _check_wanted_serves(situation)
        if earlier:
            return earlier[0]
        raise Refused(
            f"there is no earlier proven version of {situation.name!r} to go back to",
            hint="lifecycle.keepVersions says how many are kept; a revert of the manifest trains "
            "the earlier version again",
        )
    version = next((each for each in situation.versions if _is_named(each, to)), None)
    if version is None:
        known = ", ".join(each.live.id for each in candidates) or "none"
        raise UsageError(
            f"{situation.name!r} has no version {to!r}", hint=f"earlier proven versions: {known}"
        )
    if version is situation.wanted:
        raise Refused(
            f"{version.remote} is the desired version",
            hint="`tuneform apply` lets it serve; where another one is pinned against it, change "
            "the manifest or pin this one's successor",
        )
    if version not in candidates:
        raise Refused(
            f"{version.remote} is not proven: it did not finish well, failed its gate, or is only "
            "staged for a branch",
            hint="choose another version; `tuneform show` lists them",
        )
    return version


def _check_wanted_serves(situation: Situation) -> None:
    """Refuse to guess where the manifest wants a version that could serve, and another one does.

    Most likely the checkout is behind, and wants the very version that is meant.
    """
    wanted = situation.wanted
    if wanted and wanted.proven and wanted is not situation.serving:
        raise Refused(
            f"the manifest here wants {wanted.remote}, which does not serve now: there is nothing "
            "to go back from",
            hint="where this checkout is behind, bring it up to date first; else `tuneform apply` "
            "lets that version serve; --to names any other one",
        )


def _is_pinned(situation: Situation) -> bool:
    serving, desired = situation.serving, situation.desired
    return bool(serving and desired and serving.mark.pinned == desired.fingerprint_short)


def _is_named(version: Version, to: str) -> bool:
    return to in (version.remote, version.live.id, version.mark.fingerprint)
