"""Whether an object may become a version of a model; every check refuses with the way out.

Nothing is written here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from posixpath import normpath

from tuneform.domain.capabilities import Capabilities
from tuneform.domain.desired import Desired
from tuneform.domain.live import Live, LiveState
from tuneform.domain.mark import Mark
from tuneform.domain.names import Owner
from tuneform.engine.diff import contradictions
from tuneform.engine.estate import Estate, Version
from tuneform.errors import Refused, UsageError
from tuneform.providers.base import Provider


def mark_for(live: Live, desired: Desired) -> Mark:
    """The mark that makes the object a version of the model, not yet serving."""
    return Mark(
        owner=str(desired.owner),
        model=desired.name,
        fingerprint=desired.fingerprint_short,
        data=desired.data_short,
        revision=desired.spec.revision,
        staged=True,
        deletion=desired.spec.deletion_policy,
        adopted=None if _is_native(live, desired) else live.id,
    )


def _is_native(live: Live, desired: Desired) -> bool:
    """Whether the object was created as this very version, so that its id needs no word.

    Where the provider assigns ids, it may remember what mark an object was created with.
    """
    if desired.remote is not None:
        return live.remote == desired.remote
    born = live.origin
    return born is not None and born.identity == (
        str(desired.owner),
        desired.name,
        desired.fingerprint_short,
    )


def check_editable(live: Live, capabilities: Capabilities) -> None:
    """Refuse what cannot be marked before it is trained."""
    if live.state is LiveState.TRAINING and not capabilities.edits_training:
        raise Refused(
            f"{live.remote} is in training, and {capabilities.provider} cannot mark it before it "
            "is trained",
            hint="run the import again when it is trained",
        )


def check_object(live: Live, owner: Owner, name: str) -> None:
    """Refuse what failed, was cancelled, or is somebody else's."""
    if live.state in (LiveState.FAILED, LiveState.UNKNOWN):
        raise Refused(
            f"the training of {live.remote} {live.state}: there is nothing to adopt",
            hint="declare the model and apply: a new version is trained",
        )
    mark = live.mark
    if mark is None:
        return
    if (mark.owner, mark.model) != (str(owner), name):
        raise Refused(
            f"{live.remote} bears the mark of owner={mark.owner} model={mark.model}",
            hint="`tuneform forget` there lets it go",
        )
    if mark.cancelled:
        raise Refused(
            f"the training of {live.remote} was cancelled: it never serves",
            hint="declare the model and apply: a new version is trained",
        )


def check_dataset(desired: Desired, dataset: str) -> None:
    """Refuse another file than the manifest names."""
    declared = desired.spec.dataset.path
    if normpath(dataset) != normpath(declared):
        raise UsageError(
            f"{desired.name!r} is declared with the dataset {declared}, not {dataset}",
            hint=f"say --dataset {declared}, or change the manifest first",
        )


def check_declared(live: Live, desired: Desired, others: Sequence[Version], estate: Estate) -> None:
    """Refuse what the next plan could only hold: a second of the same, or another version."""
    twin = next((e for e in others if e.mark.fingerprint == desired.fingerprint_short), None)
    if twin:
        raise Refused(
            f"{twin.remote} is the version that the manifest of {desired.name!r} wants already",
            hint=f"`tuneform show {desired.name}` shows it; adopt {live.remote} under another name",
        )
    if live.mark and live.mark.fingerprint not in ("", desired.fingerprint_short):
        raise Refused(
            f"{live.remote} bears the mark of another version of {desired.name!r}",
            hint="change the manifest to what it was when that version was trained",
        )
    version = Version(live, mark_for(live, desired))
    odd = contradictions(desired, version, estate.by_remote.get(live.source or ""))
    if odd:
        raise Refused(
            f"{live.remote} was not trained from the manifest of {desired.name!r}: "
            + "; ".join(odd),
            hint="change the manifest, or give --as a name that is not declared yet",
        )


def check_undeclared(name: str, others: Sequence[Version]) -> None:
    """Refuse to mix an object with versions of a model whose manifest is not here."""
    if others:
        raise Refused(
            f"{others[0].remote} is a version of {name!r} already, and no manifest declares it",
            hint="give --as another name, or declare that model first",
        )


def check_steps(provider: Provider, live: Live, examples: int) -> None:
    """Refuse a dataset of another size: all the service remembers of the data is the steps."""
    training = provider.training(live.remote)
    total = training.steps_total if training else None
    if total is None and live.state is LiveState.ACTIVE and live.curve:
        total = live.curve[-1].step
    settings = live.hyperparameters
    if total is None or not settings.epoch_count or not settings.batch_size:
        return
    steps = math.ceil(settings.epoch_count * examples / settings.batch_size)
    if steps != total:
        raise Refused(
            f"{live.remote} was trained in {total} steps, but {examples} examples in "
            f"{settings.epoch_count} epochs of batches of {settings.batch_size} make {steps}",
            hint="give the very dataset that it was trained from",
        )
