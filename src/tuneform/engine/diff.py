"""What differs between one desired model and one live version, field by field.

Values that the service returns in single precision are equal to the doubles they came from.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from itertools import combinations
from typing import Any, TypeAlias

from tuneform.domain.desired import Desired
from tuneform.domain.live import Live
from tuneform.domain.names import short
from tuneform.domain.plan import FieldDelta
from tuneform.domain.settings import EXTRAS, VALIDATION, setting_field
from tuneform.domain.spec import Fields
from tuneform.engine.estate import Version
from tuneform.engine.fingerprint import fingerprint

Labels: TypeAlias = tuple[tuple[str, str], ...]


def same_number(one: float, other: float) -> bool:
    """Whether two numbers are equal, or would be in single precision."""
    return one == other or _single(one) == _single(other)


def edits(desired: Desired, live: Live) -> Fields:
    """The editable fields that the manifest manages and that differ."""
    want = desired.spec.fields
    return Fields(
        display_name=want.display_name if want.display_name != live.display_name else None,
        description=want.description if want.description != live.description else None,
        temperature=_edited(want.temperature, live.temperature),
        top_p=_edited(want.top_p, live.top_p),
        top_k=want.top_k if want.top_k is not None and want.top_k != live.top_k else None,
        labels=_edited_labels(want.labels, live.labels) if want.labels else None,
    )


def _edited_labels(want: Labels, has: Labels) -> Labels | None:
    """Of the declared labels those that differ; what is not declared is not managed."""
    present = dict(has)
    return tuple(pair for pair in want if present.get(pair[0]) != pair[1]) or None


NO_EDITS = Fields()


def field_deltas(desired: Desired, version: Version) -> tuple[FieldDelta, ...]:
    """Editable fields and words of the mark that differ, explained."""
    live, spec = version.live, desired.spec
    changed = edits(desired, live)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name, attribute in _EDITABLE.items():
        if (wanted := getattr(changed, attribute)) is not None:
            before[name], after[name] = getattr(live, attribute), wanted
    if version.mark.deletion is not spec.deletion_policy:
        before["lifecycle"] = {"deletionPolicy": str(version.mark.deletion)}
        after["lifecycle"] = {"deletionPolicy": str(spec.deletion_policy)}
    return (*_label_deltas(changed, live), *_explain(before, after, "in-place"))


def _label_deltas(changed: Fields, live: Live) -> tuple[FieldDelta, ...]:
    present = dict(live.labels)
    return tuple(
        FieldDelta(f"metadata.labels.{key}", present.get(key), value, "in-place")
        for key, value in changed.labels or ()
    )


def input_deltas(desired: Desired, version: Version, source: str | None) -> tuple[FieldDelta, ...]:
    """Training inputs that differ, as far as the live version tells.

    Args:
        desired: what the manifest wants.
        version: what it is compared with.
        source: remote name of the parent's desired version, for a model tuned on top of another;
            None where it has none yet.
    """
    live, mark, spec = version.live, version.mark, desired.spec
    settings = desired.spec.hyperparameters.as_api()
    effective = live.hyperparameters.as_api()
    before: dict[str, Any] = {
        "dataset": mark.data,
        "revision": mark.revision,
        "hyperparameters": {key: effective.get(key) for key in settings},
    }
    after: dict[str, Any] = {
        "dataset": desired.data_short,
        "revision": spec.revision,
        "hyperparameters": settings,
    }
    if live.source or spec.tuned_from:
        to_come = f"{spec.tuned_from} (its next version)" if spec.tuned_from else None
        before["tunedFrom"], after["tunedFrom"] = live.source, source or to_come
    if not live.source or spec.base_model:
        before["baseModel"] = None if live.source else live.base
        after["baseModel"] = spec.base_model
    _settle_rates(before["hyperparameters"], settings)
    return _explain(before, after, "retrain")


def later_deltas(desired: Desired, live: Live) -> tuple[FieldDelta, ...]:
    """Settings that train nothing and differ from those that a version was created with.

    Nothing is done for them: they hold from the next version on.
    """
    if live.extras is None:
        return ()
    measured = desired.validation.digest if desired.validation else None
    if live.extras == desired.spec.extras and live.validation == measured:
        return ()
    before, after = dict(live.extras), dict(desired.spec.extras)
    pairs = [(field, before.get(name), after.get(name)) for name, field in EXTRAS.items()]
    pairs.append((VALIDATION, _named(live.validation), _named(measured)))
    # What is false is what is left out.
    return tuple(
        FieldDelta(field, has, want, "next-version")
        for field, has, want in pairs
        if (has or None) != (want or None)
    )


def _named(data: str | None) -> str | None:
    """A digest as people see it; whatever else says where data is, as it is."""
    return short(data) if data and re.fullmatch("[0-9a-f]{64}", data) else data


def contradictions(desired: Desired, version: Version, parent_remote: Live | None) -> list[str]:
    """Readable inputs that cannot be those of the fingerprint that the mark claims.

    Args:
        desired: the model whose fingerprint the mark bears.
        version: the live object.
        parent_remote: the live object that it was tuned from, where that is listed.
    """
    live, mark, spec = version.live, version.mark, desired.spec
    found = []
    if mark.data != desired.data_short:
        found.append(f"its mark says data={mark.data}, the dataset has {desired.data_short}")
    if mark.revision != spec.revision:
        found.append(f"its mark says rev={mark.revision}, the manifest has {spec.revision}")
    if spec.base_model and live.source:
        found.append(f"it was tuned from {live.source}, the manifest wants {spec.base_model}")
    elif spec.base_model and live.base and live.base != spec.base_model:
        found.append(f"its base is {live.base}, the manifest wants {spec.base_model}")
    elif spec.tuned_from and not live.source and live.base:
        found.append(f"it was tuned from {live.base} itself, not from {spec.tuned_from}")
    elif spec.tuned_from and _is_other_version(parent_remote, desired):
        found.append(f"it was tuned from {live.source}, which is another version of the parent")
    effective = live.hyperparameters.as_api()
    for key, wanted in spec.hyperparameters.as_api().items():
        if (has := effective.get(key)) is not None and not same_number(has, wanted):
            found.append(f"its {key} is {has}, the manifest wants {wanted}")
    return found


def default_cause(desired: Desired, version: Version) -> tuple[tuple[FieldDelta, ...], str]:
    """Whether only spelling a setting out, or leaving it out, causes the training.

    Returns:
        The settings concerned and a sentence about them; nothing and an empty one where
        something else is the cause.
    """
    settings = desired.spec.hyperparameters.as_api()
    effective = {
        key: _shortest(value) for key, value in version.live.hyperparameters.as_api().items()
    }
    spelled = [key for key, value in settings.items() if same_number(effective.get(key, -1), value)]
    for keys in _subsets(spelled):
        rest = {key: value for key, value in settings.items() if key not in keys}
        if _is_trained_with(rest, desired, version):
            return (
                tuple(_setting_delta(key, None, settings[key]) for key in keys),
                (
                    f"{' and '.join(keys)} only spells out what the service chose by itself: "
                    f"leaving {'it' if len(keys) == 1 else 'them'} out would not train again."
                ),
            )
    omitted = [key for key in effective if key not in settings]
    for keys in _subsets(omitted):
        if _is_trained_with(settings | {key: effective[key] for key in keys}, desired, version):
            values = " and ".join(f"{key}: {effective[key]}" for key in keys)
            return (
                tuple(_setting_delta(key, effective[key], None) for key in keys),
                f"The live version was trained with {values}: writing that would not train again.",
            )
    return (), ""


def _setting_delta(key: str, before: float | None, after: float | None) -> FieldDelta:
    return FieldDelta(setting_field(key), before, after, "retrain")


_EDITABLE = {
    "displayName": "display_name",
    "description": "description",
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
}


def _single(number: float) -> bytes:
    try:
        return struct.pack("<f", number)
    except OverflowError:
        return struct.pack("<d", number)


def _shortest(number: float) -> float:
    """The decimal of fewest digits that is the same in single precision; counts as they are."""
    if isinstance(number, int):
        return number
    written = (float(f"{number:.{digits}g}") for digits in range(1, 9))
    return next((each for each in written if same_number(each, number)), number)


def _edited(want: float | None, has: float | None) -> float | None:
    if want is None or (has is not None and same_number(want, has)):
        return None
    return want


def _settle_rates(before: dict[str, Any], after: Mapping[str, int | float]) -> None:
    """Take a rate that differs only by its precision for the one that was declared."""
    for key, wanted in after.items():
        if before[key] is not None and same_number(before[key], wanted):
            before[key] = wanted


def _explain(before: dict[str, Any], after: dict[str, Any], effect: Any) -> tuple[FieldDelta, ...]:
    if before == after:
        return ()
    from deepdiff import DeepDiff  # noqa: PLC0415  # heavy, and needed only where something differs

    tree = DeepDiff(before, after, view="tree", ignore_type_in_groups=[(int, float)])
    deltas = [
        FieldDelta(
            field=_field(*(str(key) for key in item.path(output_format="list"))),
            before=_shown(item.t1),
            after=_shown(item.t2),
            effect=effect,
        )
        for items in tree.values()
        for item in items
    ]
    return tuple(sorted(deltas, key=lambda delta: delta.field))


def _field(*path: str) -> str:
    """As the manifest names it."""
    head, *rest = path
    is_setting = head == "hyperparameters" and rest
    return setting_field(rest[0]) if is_setting else ".".join(("spec", *path))


def _shown(value: Any) -> Any:
    """Absence as None; deepdiff has a value of its own for it."""
    return value if isinstance(value, (str, int, float)) else None


def _is_other_version(source: Live | None, desired: Desired) -> bool:
    """Whether a listed source is marked with another fingerprint than the parent's."""
    if source is None or source.mark is None:
        return False
    parent_fingerprint = desired.base.removeprefix("fingerprint:")
    return source.mark.model == desired.spec.tuned_from and source.mark.fingerprint != short(
        parent_fingerprint
    )


def _is_trained_with(
    settings: Mapping[str, int | float], desired: Desired, version: Version
) -> bool:
    digest = fingerprint(desired.base, desired.data.digest, dict(settings), desired.spec.revision)
    return short(digest) == version.mark.fingerprint


def _subsets(keys: list[str]) -> list[tuple[str, ...]]:
    """Non-empty subsets, smaller ones first; there are at most five settings."""
    return [subset for size in range(1, len(keys) + 1) for subset in combinations(keys, size)]
