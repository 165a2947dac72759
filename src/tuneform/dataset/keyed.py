"""Examples as codes that can be kept where their text may not.

A code is made with a secret, as the bare digest of a short row can be found by trying. Who has the
secret can try as well; who has the codes alone learns how long rows are and which texts are equal.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from tuneform.dataset.balance import KEY_BYTES
from tuneform.domain.data_change import KeyedRow


def keyed_rows(examples: Iterable[tuple[str, str]], secret: bytes) -> list[KeyedRow]:
    """The codes of examples, in their order, duplicates kept.

    Args:
        examples: inputs and outputs, as they are sent.
        secret: of the ledger; another one gives other codes.
    """
    return [
        KeyedRow(code(text_input, secret), code(output, secret), len(text_input) + len(output))
        for text_input, output in examples
    ]


def code(text: str, secret: bytes) -> bytes:
    """HMAC-SHA256 of the UTF-8 bytes of a text, its first 16 bytes."""
    return hmac.digest(secret, text.encode(), "sha256")[:KEY_BYTES]
