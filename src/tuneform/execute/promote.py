"""Make applications call a version: set the word on it, verify that, clear it on the others.

At every moment at least one version bears the word; while two do, the desired one counts, if it
answers.
"""

from __future__ import annotations

from tuneform.domain.live import Live, LiveState
from tuneform.domain.plan import Promote, ReasonCode
from tuneform.domain.report import Status
from tuneform.domain.spec import Fields
from tuneform.execute.ending import AGAIN, PLAN, Ending
from tuneform.execute.look import look, write
from tuneform.execute.result import Errand, Performed, Result, Tools


def promote(tools: Tools, errand: Errand, step: Promote, now: Live) -> Result:
    """Promote an object that was just looked at.

    Raises:
        Stale: an object is not what was seen; the word may stand on two of them then.
    """
    refusal = unfit(now, errand.fingerprint)
    if refusal is not None:
        return refusal
    assert now.mark is not None, "an object without a mark is unfit"
    served = now.mark.promoted(step.pinned)
    # A version that nothing answers for is written again: that lets it be deployed.
    is_done = now.mark == served and now.deployed
    new = now if is_done else write(tools.provider, errand.changes, now, Fields(), served)
    if not new.deployed:
        return _undeployed(new)
    seen = [new]
    for remote in step.clears:
        old = look(tools.provider, errand.seen[remote])
        if old is None or old.mark is None:
            continue  # what is gone serves no longer
        retired = old.mark.retired()
        if old.mark != retired:
            old = write(tools.provider, errand.changes, old, Fields(), retired)
        seen.append(old)
    return Performed(tuple(seen), loss=now.curve[-1].loss if now.curve else None)


def _undeployed(live: Live) -> Ending:
    return Ending(
        Status.FAILED,
        ReasonCode.NOT_SERVING,
        f"{live.remote} was promoted, but is not deployed: nothing answers for it",
        f"What served before was left as it is. {AGAIN}",
    )


def unfit(live: Live, fingerprint: str | None) -> Ending | None:
    """Why this object must not serve; None where it may.

    Args:
        live: as just observed.
        fingerprint: short fingerprint that it must bear; None where any will do.
    """
    mark = live.mark
    if mark is None or (fingerprint is not None and mark.fingerprint != fingerprint):
        return Ending(
            Status.STALE, "stale", f"{live.remote} is not the version that was planned", PLAN
        )
    if mark.cancelled:
        return Ending(
            Status.HELD,
            ReasonCode.TRAINING_CANCELLED,
            f"the training of {live.remote} was cancelled; such a version never serves",
            "Raise `spec.revision` to train again.",
        )
    match live.state:
        case LiveState.ACTIVE:
            return None
        case LiveState.FAILED:
            return Ending(
                Status.HELD,
                ReasonCode.TRAINING_FAILED,
                f"the training of {live.remote} has failed",
                "Change the data, or raise `spec.revision`.",
            )
        case LiveState.TRAINING | LiveState.UNKNOWN:
            return Ending(
                Status.HELD,
                ReasonCode.STATE_UNKNOWN,
                f"{live.remote} is not trained yet, so it cannot serve",
                PLAN,
            )
