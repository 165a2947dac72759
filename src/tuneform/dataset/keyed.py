"""Examples as codes that can be kept where their text may not.

A code is made with a secret, as the bare digest of a short row can be found by trying. Who has the
secret can try as well; who has the codes alone learns how long rows are and which texts are equal.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from struct import Struct

from tuneform.dataset.balance import KEY_BYTES
from tuneform.domain.data_change import KeyedRow

_ROW = Struct(f">{KEY_BYTES}s{KEY_BYTES}sQ")


class KeyedRows:
    """The codes of many examples, 40 bytes each, taken in one by one.

    Args:
        secret: as for `keyed_rows`.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._rows = bytearray()

    def add(self, text_input: str, output: str) -> None:
        """Take in an example, as it is sent."""
        characters = len(text_input) + len(output)
        codes = code(text_input, self._secret), code(output, self._secret)
        self._rows += _ROW.pack(*codes, characters)

    def __iter__(self) -> Iterator[KeyedRow]:
        """The rows, in their order."""
        return map(KeyedRow._make, _ROW.iter_unpack(self._rows))


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
