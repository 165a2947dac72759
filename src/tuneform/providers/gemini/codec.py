"""Between the JSON of the API and the values of the domain, and where the mark is kept.

The mark is the last non-blank line of the description, as the API has no labels. Users see and edit
the text before it. Nothing here sends anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from tuneform.domain.live import Live, LiveState, LossPoint
from tuneform.domain.mark import PREFIX, VERSION, Mark, parse_mark
from tuneform.domain.names import NAME, SHORT
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.providers.base import Creation
from tuneform.providers.gemini import wire
from tuneform.providers.gemini.wire import single

T = TypeVar("T")

_STATES: dict[str | int | None, LiveState] = {
    "CREATING": LiveState.TRAINING,
    "ACTIVE": LiveState.ACTIVE,
    "FAILED": LiveState.FAILED,
    1: LiveState.TRAINING,
    2: LiveState.ACTIVE,
    3: LiveState.FAILED,
}


def split_description(text: str) -> tuple[str, Mark | None]:
    """Take the mark off a description as the service has it.

    Only a last non-blank line that is a mark goes; any other text stays as it is, to the letter.
    """
    if PREFIX not in text:
        return text, None
    description, _, line = text.rstrip().rpartition("\n")
    mark = _plain_mark(line) or parse_mark(line)
    return (text, None) if mark is None else (description, mark)


_PLAIN = re.compile(
    rf"{VERSION} owner=({NAME.pattern}(?:/{NAME.pattern})?) model=({NAME.pattern}) "
    rf"fingerprint=({SHORT.pattern}) data=({SHORT.pattern}) rev=([1-9][0-9]{{0,8}})( serving)?",
)


def _plain_mark(line: str) -> Mark | None:
    """A mark as nearly every object of a long list bears it, at a third of `parse_mark`'s cost.

    None says only that the line is no such mark; `parse_mark` decides what it is.
    """
    match = _PLAIN.fullmatch(line)
    if match is None:
        return None
    owner, _, _, model, _, fingerprint, data, revision, serving = match.groups()
    return Mark(owner, model, fingerprint, data, int(revision), serving is not None)


def join_description(description: str, mark: Mark | None) -> str:
    """Put the mark under a description.

    `split_description` gives both back, whatever the description holds. Without a mark the text
    ends in none: should the description itself end in marks, they are taken off, so that taking
    one off never uncovers another.
    """
    if mark is not None:
        return f"{description}\n{mark}" if description else str(mark)
    text, found = split_description(description)
    while found is not None:
        text, found = split_description(text)
    return text


def read_model(model: wire.TunedModel) -> Live:
    """An object as the service has it, normalised."""
    description, mark = split_description(model.description or "")
    task, source = model.tuning_task, model.tuned_model_source
    snapshots = task.snapshots if task else None
    return Live(
        remote=model.name,
        state=_STATES.get(model.state, LiveState.UNKNOWN),
        mark=mark,
        display_name=model.display_name or "",
        description=description,
        base=model.base_model or (source.base_model if source else None) or None,
        source=(source.tuned_model or None) if source else None,
        hyperparameters=_hyperparameters(task.hyperparameters if task else None),
        temperature=_single(model.temperature),
        top_p=_single(model.top_p),
        top_k=model.top_k,
        created=_aware(model.create_time),
        curve=read_curve(snapshots) if snapshots else (),
    )


@lru_cache(maxsize=1024)
def _hyperparameters(read: wire.Hyperparameters | None) -> Hyperparameters:
    """Frozen on both sides, and few differ: a list of thousands shares them."""
    if read is None:
        return Hyperparameters()
    return Hyperparameters(
        read.epoch_count,
        read.batch_size,
        _single(read.learning_rate),
        _single(read.learning_rate_multiplier),
    )


@lru_cache(maxsize=1024)
def _single(value: float | None) -> float | None:
    return None if value is None else single(value)


def _aware(created: datetime | None) -> datetime | None:
    """The API writes UTC with a Z; a time without a zone must not break a comparison."""
    return created.replace(tzinfo=UTC) if created and created.tzinfo is None else created


def read_curve(snapshots: Iterable[wire.Snapshot]) -> tuple[LossPoint, ...]:
    """The loss by step, in the order of steps."""
    points = [LossPoint(s.step or 0, s.epoch or 0, wire.loss(s.mean_loss)) for s in snapshots]
    return tuple(sorted(points, key=lambda point: point.step))


def write_creation(creation: Creation) -> bytes:
    """The body of a create.

    Raises:
        UnicodeEncodeError: a text holds a lone surrogate.
    """
    fields = creation.fields
    examples = [wire.Example(text, output) for text, output in creation.examples]
    return msgspec.json.encode(
        wire.NewModel(
            tuning_task=wire.NewTask(
                hyperparameters=creation.hyperparameters.as_api(),
                training_data=wire.Dataset(wire.Examples(examples)),
            ),
            description=join_description(fields.description or "", creation.mark),
            display_name=_set(fields.display_name),
            base_model=_set(creation.base),
            tuned_model_source=wire.NewSource(creation.source) if creation.source else UNSET,
            temperature=_set(fields.temperature),
            top_p=_set(fields.top_p),
            top_k=_set(fields.top_k),
        )
    )


def started(creation: Creation, remote: str) -> Live:
    """The object that a create began, as far as what was sent tells."""
    fields = creation.fields
    return Live(
        remote=remote,
        state=LiveState.TRAINING,
        mark=creation.mark,
        display_name=fields.display_name or "",
        description=fields.description or "",
        base=creation.base,
        source=creation.source,
        hyperparameters=creation.hyperparameters,
        temperature=_single(fields.temperature),
        top_p=_single(fields.top_p),
        top_k=fields.top_k,
    )


def write_edit(live: Live, fields: Fields, mark: Mark | None) -> wire.Edit:
    """What a patch changes on an object; every field is UNSET where nothing does.

    Text and mark are one field of the service: either one's change sends both.
    """
    text = live.description if fields.description is None else fields.description
    joined = join_description(text, mark)
    return wire.Edit(
        display_name=_changed(fields.display_name, live.display_name),
        description=_changed(joined, join_description(live.description, live.mark)),
        temperature=_changed(fields.temperature, live.temperature),
        top_p=_changed(fields.top_p, live.top_p),
        top_k=_changed(fields.top_k, live.top_k),
    )


def edited(edit: wire.Edit) -> tuple[str, ...]:
    """The paths of an update mask: what an edit sets, under API names."""
    names = zip(edit.__struct_fields__, edit.__struct_encode_fields__, strict=True)
    return tuple(api for name, api in names if getattr(edit, name) is not UNSET)


def _set(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def _changed(new: T | None, old: T | None) -> T | UnsetType:
    """UNSET where the field is to stay, or has the value already in single precision."""
    same = new == old or (isinstance(new, float) and single(new) == old)
    return UNSET if new is None or same else new
