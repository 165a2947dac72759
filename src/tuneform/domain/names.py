"""Owners, model names, and the short forms of digests that fit into marks and remote ids."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import product

NAME = re.compile(r"[a-z]([a-z0-9-]{0,27}[a-z0-9])?")
"""Project, environment and model names (contract, section 3): at most 29 characters, so that a
model name, a dash and a short digest fit into the 40 characters of a tunedModelId."""

NAME_RULE = (
    "a name has at most 29 characters: lower-case letters, digits and dashes, "
    "first a letter, last a letter or digit"
)

SHORT = re.compile(r"[a-z2-7]{10}")

_PAIRS = tuple(map("".join, product("abcdefghijklmnopqrstuvwxyz234567", repeat=2)))
"""Ten bits each: several times quicker than `base64` for so short a text."""


def is_name(text: str) -> bool:
    """Whether the text may name a project, an environment or a model."""
    return NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """Whose objects these are: a project, or one environment of it."""

    project: str
    environment: str | None = None

    def __str__(self) -> str:
        return f"{self.project}/{self.environment}" if self.environment else self.project


def short(digest: str) -> str:
    """The first 10 characters of a hex digest's lower-case base32 (50 bits)."""
    bits = int(digest[:13], 16) >> 2
    return "".join([_PAIRS[bits >> shift & 1023] for shift in (40, 30, 20, 10, 0)])


def remote_id(owner: str, model: str, fingerprint: str) -> str:
    """The id that a version gets where the client may choose it (contract, section 3).

    Args:
        owner: `PROJECT` or `PROJECT/ENV`.
        model: the model's name.
        fingerprint: 64 hex digits.

    Returns:
        `MODEL-` and ten characters: the same for the same training, whoever starts it for this
        owner, and another one for every other owner, as ids may be global to the service.
    """
    seed = f"tuneform/v1\0{owner}\0{fingerprint}".encode()
    return f"{model}-{short(hashlib.sha256(seed).hexdigest())}"


def looks_derived(remote: str, model: str) -> bool:
    """Whether a remote name has the shape that `remote_id` gives for this model."""
    head, dash, tail = remote.rpartition("/")[2].rpartition("-")
    return bool(dash) and head == model and SHORT.fullmatch(tail) is not None
