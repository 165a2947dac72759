"""What the keys of `policy` and `prices` have to do with each other, and the values they become."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeGuard

from tuneform.domain.cost import Price, PriceList
from tuneform.domain.policy import Bounds, Policy
from tuneform.manifest import policy_shape
from tuneform.manifest.placing import Page
from tuneform.manifest.policy_shape import CountBounds, Prices, RateBounds, SettingBounds
from tuneform.manifest.problems import Problem
from tuneform.manifest.words import Path, dotted, quoted

_NAMES: Final = {
    name: field.alias or name for name, field in policy_shape.Policy.model_fields.items()
}
"""Keys of a policy, as they are written, by their names in Python."""
_WARN: Final = "warn"
_SOURCE: Final = "tuneform.yaml"


def relations(policy: dict[str, Any], at: Path) -> Iterator[Problem]:
    """What is wrong between the keys of a policy.

    Args:
        policy: as it was written; whatever else is wrong with it is told elsewhere.
        at: its own path in the document.
    """
    yield from _limits(policy.get("examples"), (*at, "examples"))
    settings = policy.get("hyperparameters")
    if isinstance(settings, dict):
        yield from _settings(settings, (*at, "hyperparameters"))
    warned = policy.get(_WARN)
    for index, rule in enumerate(warned if isinstance(warned, list) else ()):
        known = isinstance(rule, str) and rule in _NAMES.values() and rule != _WARN
        if known and rule not in policy:
            yield _not_set((*at, _WARN, index), rule, at)


def policy_of(written: policy_shape.Policy, page: Page, at: Path) -> Policy:
    """The declared rules, about which `relations` had nothing to say.

    Args:
        written: checked, with variables put in.
        page: of tuneform.yaml.
        at: the path of the policy that counts.
    """
    cost, settings = written.max_cost, written.hyperparameters or SettingBounds()
    limits = (
        (field.alias or name, _bounds(getattr(settings, name)))
        for name, field in SettingBounds.model_fields.items()
    )
    return Policy(
        allowed_bases=tuple(written.allowed_bases or ()),
        required_labels=tuple(written.required_labels or ()),
        examples=_bounds(written.examples),
        hyperparameters=tuple((name, bounds) for name, bounds in limits if bounds is not None),
        max_deletes=written.max_deletes,
        max_trainings=written.max_trainings,
        max_cost=None if cost is None else Decimal(str(cost)),
        retirement_days=written.retirement_days,
        warns=frozenset(written.warn or ()),
        places=tuple(
            (rule, page.place((*at, rule), at_key=True))
            for name, rule in _NAMES.items()
            if rule != _WARN and getattr(written, name) is not None
        ),
    )


def price_list(written: Prices) -> PriceList:
    """The declared prices."""
    return PriceList(
        as_of=date.fromisoformat(written.as_of),
        currency=written.currency,
        prices=tuple(
            Price(base, Decimal(str(amount))) for base, amount in written.per_million_tokens.items()
        ),
        source=_SOURCE,
    )


def _bounds(written: CountBounds | RateBounds | None) -> Bounds | None:
    return None if written is None else Bounds(written.least, written.most)


def _settings(settings: dict[str, Any], path: Path) -> Iterator[Problem]:
    if not settings:
        detail = f"`{dotted(path)}` is empty, so it would bound nothing."
        hint = "add a setting such as `epochCount: {most: 20}`, or remove the key"
        yield Problem(path, "empty-mapping", "empty mapping", detail, hint, at_key=True)
    for field in SettingBounds.model_fields.values():
        if field.alias in settings:
            yield from _limits(settings[field.alias], (*path, field.alias))


def _limits(limits: Any, path: Path) -> Iterator[Problem]:
    if not isinstance(limits, dict):
        return
    if "least" not in limits and "most" not in limits:
        yield Problem(
            path,
            "missing-key",
            "missing key",
            f"`{dotted(path)}` needs `least`, `most` or both.",
            "add one of them",
            at_key=True,
            subject=(*path, "most"),
        )
    least, most = limits.get("least"), limits.get("most")
    if _is_number(least) and _is_number(most) and least > most:
        yield Problem(
            (*path, "most"),
            "conflicting-bounds",
            "conflicting bounds",
            f"At least {quoted(least)} and at most {quoted(most)}: nothing is both.",
            "correct one of the two",
            subject=path,
        )


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _not_set(path: Path, rule: str, at: Path) -> Problem:
    detail = f"{quoted(rule)} is to warn only, and `{dotted(at)}` has no such rule."
    return Problem(
        path, "rule-not-set", "rule is not set", detail, f"add `{rule}:`, or remove it here"
    )
