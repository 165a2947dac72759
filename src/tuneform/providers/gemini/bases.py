"""What is known about base models, as data. What the service offers today is asked, not known.

Limits are those of the tuning guide for 1.5 Flash; no other figures are published for the older
bases, so they share them. Default epochs and batch size matter for the advance count of steps only.
"""

from __future__ import annotations

from tuneform.domain.capabilities import Base, Capabilities, Defaults

COLLECTION = "tunedModels/"

_FLASH = "models/gemini-1.5-flash-001-tuning"
_PRO = "models/gemini-1.0-pro-001"
_PALM = Base("models/text-bison-001", defaults=Defaults(epoch_count=10, batch_size=16))
_OTHER = (Base(_PRO), _PALM, Base("*"))

# Tuning on top of a tuned model worked for PaLM; for tunes of 1.5 Flash the service answers 400
# (google-gemini/deprecated-generative-ai-python#611). The practice service permits it.
_BASES: dict[str, tuple[Base, ...]] = {
    "gemini": (Base(_FLASH, retunable=False), *_OTHER),
    "embedded": (Base(_FLASH), *_OTHER),
}


_VERTEX = "only provider vertex has it: remove it"
_UNSUPPORTED = (
    ("spec.vertex.adapterSize", _VERTEX),
    ("spec.vertex.validation", "only provider vertex has it: hold examples out with spec.gate"),
    ("spec.vertex.exportLastCheckpointOnly", _VERTEX),
    ("spec.vertex.encryptionKey", _VERTEX),
    ("spec.vertex.serviceAccount", _VERTEX),
)


def capabilities(provider: str) -> Capabilities:
    """What `gemini`, or the `embedded` practice service, can do.

    Raises:
        KeyError: no provider of this name speaks this API.
    """
    return Capabilities(
        provider=provider,
        collection=COLLECTION,
        bases=_BASES[provider],
        unsupported=_UNSUPPORTED,
    )
