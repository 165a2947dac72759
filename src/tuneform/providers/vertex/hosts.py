"""Which of Google's hosts serves a location."""

from __future__ import annotations

from typing import Final

from tuneform.providers.vertex.names import Home

STORAGE_HOST: Final = "storage.googleapis.com"

_MULTI_REGIONS: Final = frozenset({"us", "eu"})


def host_of(home: Home) -> str:
    """The host of the API for a location, which was checked: it becomes part of the name."""
    if home.location == "global":
        return "aiplatform.googleapis.com"
    if home.location in _MULTI_REGIONS:
        return f"aiplatform.{home.location}.rep.googleapis.com"
    return f"{home.location}-aiplatform.googleapis.com"
