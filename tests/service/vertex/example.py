"""Lines of datasets."""

from typing import Any


def line(text: str, output: str, **more: Any) -> dict[str, Any]:
    """One example."""
    user, model = (
        {"role": r, "parts": [{"text": t}]} for r, t in (("user", text), ("model", output))
    )
    return more | {"contents": [user, model]}
