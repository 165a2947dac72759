"""What is known about base models, as data. Nothing of the service tells which it tunes.

As of 22 November 2026 (sections 3 and 10 of the reference on tuning jobs): the names are those that
Google's pages list for supervised tuning. The pages were incomplete copies: `provider.bases` in
tuneform.yaml adds what a team knows better. Limits are documented for Gemini 2.5 Flash only:
131,072 tokens of input and output together, 1 GB, one million examples. The others share them.
The service counts tokens and we count characters: `example_tokens` tells what is surely above.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tuneform.domain.capabilities import (
    Base,
    Capabilities,
    Defaults,
    LabelRules,
    Limits,
    SettingRule,
)
from tuneform.domain.cost import CHARACTERS_A_TOKEN
from tuneform.providers.vertex.jsonl import MOST_BYTES, ROW_BYTES

AS_OF: Final = "2026-11-22"

OFFERED: Final = (
    "models/gemini-2.5-flash",
    "models/gemini-2.5-flash-lite",
    "models/gemini-2.5-pro",
    "models/gemini-3.1-flash-lite",
    "models/gemini-3.5-flash",
    "models/gemini-3.5-flash-lite",
    "models/gemini-3.8-flash",
)
"""Those of the 2.5 family may be retired already: said of 20 October 2026 by secondary sources."""

_TOKENS: Final = 131_072
_CHARACTERS: Final = _TOKENS * CHARACTERS_A_TOKEN * 4
"""A single field that is longer than this is a slip, whatever its tokens; these are told of."""

LIMITS: Final = Limits(
    input_characters=_CHARACTERS,
    output_characters=_CHARACTERS,
    dataset_bytes=MOST_BYTES,
    sent_bytes=MOST_BYTES,
    sent_bytes_each=ROW_BYTES,
    examples_least=16,
    examples_advised=(100, 1_000_000),
    examples_most=1_000_000,
    validation_examples_most=5_000,
    example_tokens=_TOKENS,
    display_name_characters=128,
    # The mark is in labels, and no limit of descriptions is documented.
    description_characters=4_096,
)

DEFAULTS: Final = Defaults(epoch_count=3)
"""The service chooses by the size of the dataset, and does not say how. For counts in advance, the
batches are those of the tunedModels API."""

LABEL_RULES: Final = LabelRules(
    key=(
        r"[a-z][a-z0-9_-]{0,62}",
        "is not one of 1 to 63 lower-case letters, digits, dashes and underscores, first a letter,",
    ),
    value=(
        r"[a-z0-9_-]{0,63}",
        "is not one of at most 63 lower-case letters, digits, dashes and underscores,",
    ),
    most=50,
    reserved="tuneform",
)
"""Of the 64 labels that an object can have, the mark takes up to 13. International letters are
allowed by the service, and not by us: what exactly counts as one is unverified."""

_SAMPLING: Final = "leave it out: applications send sampling settings with each prompt"

UNSUPPORTED: Final = (
    ("spec.temperature", _SAMPLING),
    ("spec.topP", _SAMPLING),
    ("spec.topK", _SAMPLING),
    ("spec.hyperparameters.batchSize", "the service chooses the batch size: leave it out"),
    ("spec.hyperparameters.learningRate", "use spec.hyperparameters.learningRateMultiplier"),
)


_NOT_JUDGED: Final = frozenset({"global", "us", "eu"})
"""Locations of which nobody says in which places their keys may be."""


def _setting_rules(location: str | None) -> tuple[SettingRule, ...]:
    """A key must be in the region of its job (section 2 of the reference)."""
    if location is None or location in _NOT_JUDGED:
        return ()
    key = SettingRule(
        "kmsKeyName",
        rf"projects/[^/]+/locations/{re.escape(location)}/.*",
        f"The key is in another location than the jobs of this project, which run in {location}: "
        "the service takes keys of the same region only.",
        f"use a key in {location}, or change provider.location",
    )
    return (key,)


def capabilities(
    provider: str, further: Iterable[str] = (), location: str | None = None
) -> Capabilities:
    """What tuning jobs can do.

    Args:
        provider: `vertex`, or `embedded` for the practice service, which speaks the same.
        further: full resource names of bases that the service is known to tune.
        location: where jobs run; None where that is not known, or does not matter.
    """
    names = dict.fromkeys((*OFFERED, *further))
    return Capabilities(
        provider=provider,
        collection=None,
        bases=tuple(Base(name, LIMITS, DEFAULTS) for name in (*names, "*")),
        unsupported=UNSUPPORTED,
        stores_labels=True,
        label_rules=LABEL_RULES,
        setting_rules=_setting_rules(location),
        offered=tuple(names),
        edits_training=False,
    )
