"""What of declared models a provider cannot honour: pure rules, and the provider's words as data.

The same rules serve a project at home, where what is told stops it, and a report on moving it to
another provider. Which provider that is, nothing here knows: capabilities say what it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from difflib import get_close_matches

from tuneform.domain.capabilities import Capabilities, LabelRules, SettingRule
from tuneform.domain.diagnostic import Diagnostic, Severity
from tuneform.domain.mark import Mark, Verdict
from tuneform.domain.names import Owner
from tuneform.domain.policy import Retirement
from tuneform.domain.settings import EXTRAS, fields_set
from tuneform.domain.spec import ModelSpec
from tuneform.engine.model_rules import retirement_of

_DIGEST = "a" * 10
"""As long as any short digest."""
_REST_OF_MARK_AT_MOST = 130
"""More than a mark has besides owner and model, so that short descriptions need no mark made."""


def misfits(
    owner: Owner, specs: Iterable[ModelSpec], roots: Mapping[str, str], capabilities: Capabilities
) -> Iterator[Diagnostic]:
    """What the manifests set that the provider has not, or not so.

    Args:
        owner: whose models; its name is part of marks.
        specs: as declared.
        roots: base at the root of each model's chain, by the model's name.
        capabilities: of the provider.
    """
    for spec in specs:
        yield from _unsupported(spec, capabilities)
        yield from _settings(spec, capabilities.setting_rules)
        yield from _display_name(spec, roots[spec.name], capabilities)
        yield from _description(owner, spec, roots[spec.name], capabilities)
        if capabilities.label_rules:
            yield from _labels(spec, capabilities.label_rules, capabilities.provider)


def not_offered(
    specs: Iterable[ModelSpec],
    capabilities: Capabilities,
    retirements: Sequence[Retirement],
    today: date,
) -> Iterator[Diagnostic]:
    """Bases that the provider does not tune, or may not: what is known without asking it.

    For a report: at home it is no mistake as long as nothing has to be trained, and a plan asks.

    Args:
        specs: as declared.
        capabilities: of the provider.
        retirements: of its bases; the first that fits a base counts.
        today: what has retired by then is gone.
    """
    offered = capabilities.offered
    left = [
        each for each in offered or () if not _has_ended(retirement_of(each, retirements), today)
    ]
    unasked: set[str] = set()
    for spec in specs:
        base = spec.base_model
        if base is None:
            continue
        end = retirement_of(base, retirements)
        if end is not None and _has_ended(end, today):
            detail = f"{base} has been gone from {capabilities.provider} since {end.on}."
            hint = f"move to {end.move_to or 'another base'}"
        elif offered is not None and base not in offered:
            detail = f"{capabilities.provider} is not known to offer {base} for tuning."
            near = get_close_matches(base, left, n=1, cutoff=0.8)
            hint = f"did you mean {near[0]}?" if near else _choices(left)
        else:
            if offered is None and base not in unasked:
                unasked.add(base)
                yield _at(spec, "spec.baseModel", _unasked(base, capabilities.provider))
            continue
        summary = "the service does not offer this base for tuning"
        told = Diagnostic(Severity.ERROR, "base-not-offered", summary, detail, hint=hint)
        yield _at(spec, "spec.baseModel", told)


def _unasked(base: str, provider: str) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "base-not-checked",
        "base not checked",
        f"Only {provider} itself tells which bases it tunes, so {base} was not checked.",
        hint=f"`tuneform plan` asks, in a project with provider {provider}",
    )


def _has_ended(end: Retirement | None, today: date) -> bool:
    return end is not None and end.on <= today


def _choices(offered: Sequence[str]) -> str:
    if not offered:
        return "it offers no base at all"
    return f"it is known to offer {', '.join(sorted(offered))}"


def _unsupported(spec: ModelSpec, capabilities: Capabilities) -> Iterator[Diagnostic]:
    instead = dict(capabilities.unsupported)
    for field in fields_set(spec):
        if field in instead:
            told = Diagnostic(
                Severity.ERROR,
                "field-not-supported",
                "the provider has no such setting",
                f"Provider {capabilities.provider} cannot honour {field}.",
                hint=instead[field],
            )
            yield _at(spec, field, told)


def _settings(spec: ModelSpec, rules: Iterable[SettingRule]) -> Iterator[Diagnostic]:
    values = dict(spec.extras)
    for rule in rules:
        if rule.name in values and not re.fullmatch(rule.pattern, str(values[rule.name])):
            summary = "the provider cannot take this setting"
            told = Diagnostic(
                Severity.ERROR, "setting-not-supported", summary, rule.detail, hint=rule.hint
            )
            yield _at(spec, EXTRAS[rule.name], told)


def _display_name(spec: ModelSpec, root: str, capabilities: Capabilities) -> Iterator[Diagnostic]:
    most = capabilities.base(root).limits.display_name_characters
    length = len(spec.fields.display_name or "")
    if length > most:
        told = Diagnostic(
            Severity.ERROR,
            "too-long",
            "text too long",
            f"The display name has {length:,} characters; {capabilities.provider} accepts {most}.",
            hint="shorten it, and say the rest in the description",
        )
        yield _at(spec, "spec.displayName", told)


def _description(
    owner: Owner, spec: ModelSpec, root: str, capabilities: Capabilities
) -> Iterator[Diagnostic]:
    """A warning where a description, with the mark where it stands in it, is longer than advised.

    The mark is taken as it will be while the version serves: with the verdict of the gate, where
    there is one. Words that it may get later (a pin, an adopted id) are not counted.
    """
    text = spec.fields.description or ""
    most = capabilities.base(root).limits.description_characters
    marked = not capabilities.stores_labels
    whole = len(str(owner)) + len(spec.name) + _REST_OF_MARK_AT_MOST if marked else 0
    if not text or len(text) + whole <= most:
        return
    length = len(text) + (1 + len(str(_mark(owner, spec))) if marked else 0)
    if length > most:
        detail = "With the mark that tuneform adds, the description" if marked else "It"
        told = Diagnostic(
            Severity.WARNING,
            "long-description",
            "long description",
            f"{detail} has {length:,} characters; more than {most:,} may be cut off or refused.",
            hint=f"shorten it by {length - most:,} characters",
        )
        yield _at(spec, "spec.description", told)


def _mark(owner: Owner, spec: ModelSpec) -> Mark:
    return Mark(
        owner=str(owner),
        model=spec.name,
        fingerprint=_DIGEST,
        data=_DIGEST,
        revision=spec.revision,
        serving=True,
        verdict=Verdict(passed=True, gate=_DIGEST) if spec.gate else None,
        deletion=spec.deletion_policy,
    )


def _labels(spec: ModelSpec, rules: LabelRules, provider: str) -> Iterator[Diagnostic]:
    if len(spec.labels) > rules.most:
        told = Diagnostic(
            Severity.ERROR,
            "too-many",
            "too many labels",
            f"The model has {len(spec.labels):,} labels; {provider} has room for {rules.most}.",
            hint="remove some",
        )
        yield _at(spec, "metadata.labels", told)
    for key, value in spec.labels:
        for what, text, (pattern, words) in (
            ("key", key, rules.key),
            ("value", value, rules.value),
        ):
            if not re.fullmatch(pattern, text):
                yield _label(
                    spec, key, f"The {what} {text!r} of a label {words} on {provider}.", _mend(text)
                )
        if key.startswith(rules.reserved):
            detail = f"Keys that begin with {rules.reserved!r} are those of the mark on {provider}."
            yield _label(spec, key, detail, "name it otherwise")


def _label(spec: ModelSpec, key: str, detail: str, hint: str) -> Diagnostic:
    plain = re.fullmatch(r"[A-Za-z0-9_-]+", key)
    field = "metadata.labels." + (key if plain else f'"{key}"')
    summary = "the provider cannot store this label"
    return _at(
        spec,
        field,
        Diagnostic(Severity.ERROR, "label-not-supported", summary, detail, hint=hint),
    )


def _mend(text: str) -> str:
    """The nearest text of lower-case letters, digits, dashes and underscores."""
    better = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:63]
    return f"such as {better!r}" if better and better != text else "write another one"


def _at(spec: ModelSpec, field: str, told: Diagnostic) -> Diagnostic:
    return replace(told, place=spec.place, subject=spec.subject, field=field)
