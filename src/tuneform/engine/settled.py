"""The short road for the usual case: one version is live, and nothing about it differs.

In a project of thousands nearly every model is in this case at every plan. What is settled is
exactly what the long road would keep; whatever is odd in any way takes the long road.
"""

from __future__ import annotations

from tuneform.domain.live import LiveState
from tuneform.domain.mark import Verdict
from tuneform.domain.plan import UP_TO_DATE, Action, Change
from tuneform.domain.spec import Hyperparameters
from tuneform.engine.diff import NO_EDITS, edits
from tuneform.engine.situation import Situation


def settled_change(situation: Situation) -> Change | None:
    """The change of a model about which nothing has to be decided; None where something may.

    Models that are tuned from others are never settled: what becomes of them depends on their
    parents.
    """
    desired, versions = situation.desired, situation.versions
    if desired is None or len(versions) != 1 or desired.spec.tuned_from:
        return None
    live, mark, spec = versions[0].live, versions[0].mark, desired.spec
    is_settled = (
        desired.remote in (None, live.remote)
        and live.state is LiveState.ACTIVE
        and live.deployed
        and mark.serving
        and mark.fingerprint == desired.fingerprint_short
        and mark.data == desired.data_short
        and mark.revision == spec.revision
        and mark.model == spec.name
        and mark.deletion is spec.deletion_policy
        and not (mark.staged or mark.cancelled or mark.pinned or mark.adopted or mark.unknown)
        and (desired.gate is None or mark.verdict == Verdict(True, desired.gate.short))
        and live.base == spec.base_model
        and live.source is None
        and _was_set(spec.hyperparameters, live.hyperparameters)
        and edits(desired, live) == NO_EDITS
    )
    if not is_settled:
        return None
    return Change(spec.name, Action.KEEP, UP_TO_DATE, remote=live.remote, versions=(live,))


def _was_set(want: Hyperparameters, has: Hyperparameters) -> bool:
    """Whether the effective settings are those of the manifest, to the last digit."""
    return (
        want.epoch_count in (None, has.epoch_count)
        and want.batch_size in (None, has.batch_size)
        and want.learning_rate in (None, has.learning_rate)
        and want.learning_rate_multiplier in (None, has.learning_rate_multiplier)
        and want.adapter_size in (None, has.adapter_size)
    )
