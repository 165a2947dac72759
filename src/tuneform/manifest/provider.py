"""What the keys of a provider have to do with its type, and the value that they become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tuneform.domain.diagnostic import Place
from tuneform.domain.spec import ProviderSpec
from tuneform.manifest.datasets import inside
from tuneform.manifest.problems import Problem
from tuneform.manifest.provider_shape import KEYS, NEEDED, Provider
from tuneform.manifest.words import Path, either


def relations(provider: dict[str, Any], at: Path) -> Iterator[Problem]:
    """Keys that its type does not have, and those that it lacks.

    Args:
        provider: as it was written; whatever else is wrong with it is told elsewhere.
        at: its own path in the document.
    """
    kind = str(provider.get("type"))
    if kind not in KEYS:
        return
    for key in provider:
        homes = [name for name, keys in KEYS.items() if key in keys]
        if homes and kind not in homes:
            yield Problem(
                (*at, key),
                "unknown-key",
                "unknown key",
                f"`{key}` belongs to a provider of type {either(homes)}; this one is `{kind}`.",
                "remove it, or change the type",
                at_key=True,
            )
    for key in NEEDED.get(kind, ()):
        if key not in provider:
            yield Problem(
                at,
                "missing-key",
                "missing key",
                f"A provider of type `{kind}` needs `{key}`.",
                f"add `{key}: {_EXAMPLES[key]}`, with your own",
                at_key=True,
                subject=(*at, key),
            )


_EXAMPLES: Final = {
    field.alias: field.examples[0] for field in Provider.model_fields.values() if field.examples
}


def provider_spec(provider: Provider, place: Place) -> ProviderSpec:
    """The declared provider, about which `relations` had nothing to say.

    Args:
        provider: checked, with variables put in.
        place: of its key.
    """
    return ProviderSpec(
        type=provider.type,
        endpoint=provider.endpoint,
        data=inside("", provider.data) if provider.data else None,
        dialect=provider.dialect or "gemini",
        project=provider.project,
        location=provider.location,
        dataset_bucket=provider.dataset_bucket,
        storage_endpoint=provider.storage_endpoint,
        endpoint_policy=provider.endpoint_policy or "perVersion",
        bases=tuple(provider.bases or ()),
        place=place,
    )
