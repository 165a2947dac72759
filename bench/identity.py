"""What the contract says about digests, ids and marks, said again without the product.

The floor compares with it, and the loopback list is made from it: were it wrong, or the product,
then `tuneform plan` would not answer that nothing changes, and `run.py` prints no time for that.
It does not read files, and knows one base model and no chains.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_escape = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def example_digest(text_input: str, output: str) -> bytes:
    return hashlib.sha256(_escape([text_input, output]).encode()).digest()


def dataset_digest(digests: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def fingerprint(base: str, dataset: str, hyperparameters: dict[str, Any], revision: int = 1) -> str:
    inputs = {
        "base": base,
        "dataset": dataset,
        "hyperparameters": dict(sorted(hyperparameters.items())),
        "revision": revision,
        "v": 1,
    }
    return hashlib.sha256(_escape(inputs).encode()).hexdigest()


def short(digest: str) -> str:
    return base64.b32encode(bytes.fromhex(digest)).decode().lower()[:10]


def remote_name(owner: str, model: str, digest: str) -> str:
    seed = f"tuneform/v1\0{owner}\0{digest}".encode()
    return f"tunedModels/{model}-{short(hashlib.sha256(seed).hexdigest())}"


def mark(owner: str, model: str, digest: str, dataset: str) -> str:
    """The mark of a serving version."""
    return (
        f"tuneform/v1 owner={owner} model={model} fingerprint={short(digest)}"
        f" data={short(dataset)} rev=1 serving"
    )
