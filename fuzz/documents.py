"""Fuzzes what reads documents of strangers, with atheris: coverage leads it to new inputs.

    pip install atheris
    python fuzz/documents.py -max_total_time=300 [FOLDER WITH SEEDS]

All of `targets.TARGETS` are tried, or one: `TUNEFORM_FUZZ=try_plan python fuzz/documents.py …`.
atheris is optional and no dependency of the project; `tests/security`, `tests/manifest` and
`tests/planfile` hold the same properties with hypothesis, without coverage as a guide.
"""

import os
import sys
from typing import Any


def main() -> None:
    """Hand over to atheris. Only what is ours is watched: to watch all takes minutes to begin."""
    import atheris  # noqa: PLC0415 - optional

    fuzzer: Any = atheris
    with fuzzer.instrument_imports(include=["tuneform"]):
        import targets  # noqa: PLC0415 - watched as it is loaded

    chosen = os.environ.get("TUNEFORM_FUZZ")
    fuzzer.Setup(sys.argv, getattr(targets, chosen) if chosen else targets.one_input)
    fuzzer.Fuzz()


if __name__ == "__main__":
    main()
