"""What is known about base models, as data. Nothing of the service tells which it tunes.

As of 22 November 2026 (sections 3 and 10 of the reference on tuning jobs): the names are those that
Google's pages list for supervised tuning. The pages were incomplete copies: `provider.bases` in
tuneform.yaml adds what a team knows better. Limits are documented for Gemini 2.5 Flash only:
131,072 tokens of input and output together, 1 GB, one million examples. The others share them.
The service counts tokens and we count characters; a token is taken for four of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tuneform.domain.capabilities import Base, Capabilities, Defaults, Limits

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

_CHARACTERS: Final = 131_072 * 4

LIMITS: Final = Limits(
    input_characters=_CHARACTERS,
    output_characters=_CHARACTERS,
    dataset_bytes=1_000_000_000,
    examples_least=16,
    examples_advised=(100, 1_000_000),
    display_name_characters=128,
    # The mark is in labels, and no limit of descriptions is documented.
    description_characters=4_096,
)

DEFAULTS: Final = Defaults(epoch_count=3, batch_size=16, large_batch_size=16)
"""The service chooses by the size of the dataset, and does not say how: for counts in advance."""

_SAMPLING: Final = "leave it out: applications send sampling settings with each prompt"

UNSUPPORTED: Final = (
    ("spec.temperature", _SAMPLING),
    ("spec.topP", _SAMPLING),
    ("spec.topK", _SAMPLING),
    ("spec.hyperparameters.batchSize", "the service chooses the batch size: leave it out"),
    ("spec.hyperparameters.learningRate", "use spec.hyperparameters.learningRateMultiplier"),
)


def capabilities(provider: str, further: Iterable[str] = ()) -> Capabilities:
    """What tuning jobs can do.

    Args:
        provider: `vertex`, or `embedded` for the practice service, which speaks the same.
        further: full resource names of bases that the service is known to tune.
    """
    names = dict.fromkeys((*OFFERED, *further))
    return Capabilities(
        provider=provider,
        collection=None,
        bases=tuple(Base(name, LIMITS, DEFAULTS) for name in (*names, "*")),
        unsupported=UNSUPPORTED,
        stores_labels=True,
        edits_training=False,
    )


def offered(further: Iterable[str] = ()) -> frozenset[str]:
    """Full resource names of the bases that can be tuned, as far as is known."""
    return frozenset((*OFFERED, *further))
