"""The rules of the policy about declared models: what of a model breaks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Final

from tuneform.domain.desired import Desired
from tuneform.domain.diagnostic import Severity
from tuneform.domain.policy import Bounds, Policy, Retirement
from tuneform.domain.settings import setting_field
from tuneform.engine.finding import Finding, counted

NOTICE_DAYS: Final = 90
"""How long before its end a base is told of where the policy sets no `retirementDays`."""


def retirement_of(base: str, known: Sequence[Retirement]) -> Retirement | None:
    """The end of a base, if it is known; the first that fits counts."""
    return next((each for each in known if fnmatchcase(base, each.base)), None)


def model_findings(
    policy: Policy, model: Desired, end: Retirement | None, today: date
) -> Iterator[Finding]:
    """What of a model breaks the policy, by rule.

    Args:
        policy: the rules.
        model: as declared.
        end: of its base, if it is known.
        today: days are counted from it.
    """
    yield from _base(policy, model)
    yield from _labels(policy, model)
    yield from _examples(policy, model)
    yield from _hyperparameters(policy, model)
    yield from _retirement(policy, model, end, today)


def _base(policy: Policy, model: Desired) -> Iterator[Finding]:
    allowed = policy.allowed_bases
    if allowed and not any(fnmatchcase(model.root, each) for each in allowed):
        yield Finding(
            "allowedBases",
            "base is not allowed",
            f"The base is {model.root}, and the policy allows {', '.join(allowed)}.",
            _base_field(model),
            "use a base that is allowed, or add this one to policy.allowedBases",
        )


def _labels(policy: Policy, model: Desired) -> Iterator[Finding]:
    present = {key for key, _ in model.spec.labels}
    missing = [key for key in policy.required_labels if key not in present]
    if missing:
        yield Finding(
            "requiredLabels",
            "required label is missing",
            f"The policy requires labels that this model lacks: {', '.join(missing)}.",
            "metadata.labels",
            f"add under metadata.labels: {', '.join(f'{key}: …' for key in missing)}",
        )


def _examples(policy: Policy, model: Desired) -> Iterator[Finding]:
    count, bounds = model.training.examples, policy.examples or Bounds()
    if bound := _broken(bounds, count):
        few = bounds.least is not None and count < bounds.least
        yield Finding(
            "examples",
            "too few examples" if few else "too many examples",
            f"The dataset trains with {counted(count, 'example')}, and the policy wants {bound}.",
            "spec.dataset",
            f"{'add' if few else 'take away'} examples, or change policy.examples",
        )


def _hyperparameters(policy: Policy, model: Desired) -> Iterator[Finding]:
    asked = model.spec.hyperparameters.as_api()
    for name, bounds in policy.hyperparameters:
        value = asked.get(name)
        if value is not None and (bound := _broken(bounds, value)):
            yield Finding(
                "hyperparameters",
                "hyperparameter is out of bounds",
                f"{name} is {_number(value)}, and the policy wants {bound}.",
                setting_field(name),
                f"change it, or change policy.hyperparameters.{name}",
            )


def _retirement(
    policy: Policy, model: Desired, end: Retirement | None, today: date
) -> Iterator[Finding]:
    days = NOTICE_DAYS if policy.retirement_days is None else policy.retirement_days
    if end is None or (left := (end.on - today).days) > max(0, days):
        return
    gone = left <= 0
    when = f"has been gone since {end.on}" if gone else f"retires on {end.on}"
    then = "No" if gone else f"In {counted(left, 'day')} it is gone: from then on no"
    yield Finding(
        "retirementDays",
        "base is retired" if gone else "base retires soon",
        f"{model.root} {when}. {then} version can be trained on it, and versions that were "
        "trained on it may not answer.",
        _base_field(model),
        f"move to {end.move_to or 'another base'}",
        Severity.WARNING if policy.retirement_days is None else None,
    )


def _base_field(model: Desired) -> str:
    return "spec.tunedFrom" if model.spec.tuned_from else "spec.baseModel"


def _broken(bounds: Bounds, value: float) -> str:
    """The bound that a value breaks, in words; empty where it breaks none."""
    if bounds.least is not None and value < bounds.least:
        return f"at least {_number(bounds.least)}"
    if bounds.most is not None and value > bounds.most:
        return f"at most {_number(bounds.most)}"
    return ""


def _number(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() else repr(value)
