"""One request as the rules see it, and an answer that comes in pieces.

By the time a `Call` exists, the caller is known and the body and the query have been checked
against their message types. Nothing here knows of HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tuneform.service.fields import EVERYTHING, Selection

Answer = dict[str, Any]
"""A message in proto3 JSON."""


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, by whom."""

    version: str
    """`v1beta` or `v1`: some texts name it."""
    caller: str
    """The e-mail address of the account that asks."""
    ids: Mapping[str, str] = field(default_factory=dict)
    """The variable parts of the path."""
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    """Proto names; absent and null fields are left out."""
    wanted: Selection = EVERYTHING
    """The part of the answer that will be sent; a handler may leave out the rest."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer in pieces, in the order in which they are sent."""

    pieces: tuple[Answer, ...]
