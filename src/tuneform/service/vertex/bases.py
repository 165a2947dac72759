"""The base models that can be tuned here.

Named after the pages that list what can be tuned (November 2026). The base of the tunedModels
dialect can be tuned here as well, so that a project rehearses both with the same manifests.
Which adapter sizes each takes is documented for Gemini 2.5 Flash alone; the others take the same.
"""

from tuneform.service.errors import invalid

_SIZES = frozenset(f"ADAPTER_SIZE_{size}" for size in ("ONE", "TWO", "FOUR", "EIGHT", "SIXTEEN"))

TUNABLE = (
    "gemini-3.8-flash",
    "gemini-3.5-flash",
    "gemini-3.5-flash-lite",
    "gemini-3.1-flash-lite",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-1.5-flash-001-tuning",
)


def check_base(base: str) -> None:
    """Whether a base can be tuned.

    Raises:
        ApiError: 400, it cannot.
    """
    if base in TUNABLE:
        return
    if "/" in base and "@" not in base and not base.startswith(("models/", "publishers/google/")):
        raise invalid(f"Invalid open source publisher model resource name: {base[:200]}")
    raise invalid(f"Base model {base[:200]} is not supported for tuning.")


def check_adapter_size(size: str) -> None:
    """Whether a base takes an adapter of that size.

    Raises:
        ApiError: 400 in the known words (googleapis/python-genai#908).
    """
    if size not in _SIZES:
        raise invalid("The adapter size is not supported for this base model.")
