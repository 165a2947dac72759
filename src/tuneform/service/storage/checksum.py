"""The two checksums of an object, taken piece by piece: MD5, and CRC32C (RFC 3720, Castagnoli).

No library that we have knows CRC32C. Byte by byte in Python it would take minutes for a gigabyte,
so thousands of lanes of a block are computed side by side in numpy, and joined afterwards: a CRC
without its final inversion is linear.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78
_ONES = 0xFFFFFFFF

_WIDTH = 256
"""Bytes in a lane."""

_BLOCK = 1 << 20
_FEW = 4096
"""Bytes up to which the plain way is the quicker one."""


class Checksums:
    """Both checksums of all bytes so far."""

    def __init__(self) -> None:
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._state = _ONES

    def update(self, data: bytes) -> None:
        """Take in further bytes."""
        self.size += len(data)
        self._md5.update(data)
        for start in range(0, len(data), _BLOCK):
            self._state = _advanced(self._state, data[start : start + _BLOCK])

    @property
    def md5(self) -> str:
        """Base64, as `md5Hash`."""
        return base64.b64encode(self._md5.digest()).decode()

    @property
    def crc32c(self) -> str:
        """Base64 of the four bytes, highest first, as `crc32c`."""
        return base64.b64encode((self._state ^ _ONES).to_bytes(4, "big")).decode()


def _advanced(state: int, data: bytes) -> int:
    """The state after a block of at most `_BLOCK` bytes."""
    if len(data) <= _FEW:
        table = _table()
        for byte in data:
            state = table[(state ^ byte) & 0xFF] ^ (state >> 8)
        return state
    return _shifted(state, len(data)) ^ _block(data)


@cache
def _table() -> tuple[int, ...]:
    rows = []
    for row in range(256):
        for _ in range(8):
            row = (row >> 1) ^ (_POLYNOMIAL if row & 1 else 0)  # noqa: PLW2901 (bit by bit)
        rows.append(row)
    return tuple(rows)


# --- what zeros do to a state: a linear map, as 32 columns -------------------------------------


def _times(matrix: Sequence[int], vector: int) -> int:
    total = 0
    for column in matrix:
        if vector & 1:
            total ^= column
        vector >>= 1
    return total


@cache
def _zeros(power: int) -> tuple[int, ...]:
    """The map of 2**power zero bytes."""
    if power == 0:
        table = _table()
        return tuple(table[bit & 0xFF] ^ (bit >> 8) for bit in (1 << n for n in range(32)))
    half = _zeros(power - 1)
    return tuple(_times(half, column) for column in half)


def _shifted(state: int, count: int) -> int:
    """The state after so many zero bytes."""
    for power in range(count.bit_length()):
        if count >> power & 1:
            state = _times(_zeros(power), state)
    return state


# --- many lanes at a time ----------------------------------------------------------------------


def _block(data: bytes) -> int:
    """The state that this block leaves behind when it starts from zero."""
    import numpy as np  # noqa: PLC0415 (it loads when needed)

    lanes = 1 << (-(-len(data) // _WIDTH) - 1).bit_length()
    block = np.zeros(lanes * _WIDTH, dtype=np.uint8)
    block[-len(data) :] = np.frombuffer(data, dtype=np.uint8)  # zeros in front change nothing
    columns = np.ascontiguousarray(block.view("<u2").reshape(lanes, _WIDTH // 2).T)
    table = _pairs()
    states = np.zeros(lanes, dtype=np.uint32)
    for column in columns:
        states = table.take(states.astype(np.uint16) ^ column) ^ (states >> 16)
    power = _WIDTH.bit_length() - 1
    while len(states) > 1:
        states = _mapped(power, states[0::2]) ^ states[1::2]
        power += 1
    return int(states[0])


@cache
def _pairs() -> "NDArray[np.uint32]":
    """The table for two bytes at a time."""
    import numpy as np  # noqa: PLC0415 (it loads when needed)

    table = np.array(_table(), dtype=np.uint32)
    both = np.arange(1 << 16, dtype=np.uint32)
    once = table[both & 0xFF] ^ (both >> 8)
    twice: NDArray[np.uint32] = table[once & 0xFF] ^ (once >> 8)
    return twice


@cache
def _lookups(power: int) -> "tuple[NDArray[np.uint32], ...]":
    """The map of 2**power zero bytes, looked up for each byte of a state."""
    import numpy as np  # noqa: PLC0415 (it loads when needed)

    matrix = _zeros(power)
    return tuple(
        np.array([_times(matrix, byte << shift) for byte in range(256)], dtype=np.uint32)
        for shift in (0, 8, 16, 24)
    )


def _mapped(power: int, states: "NDArray[np.uint32]") -> "NDArray[np.uint32]":
    first, second, third, fourth = _lookups(power)
    low = first[states & 0xFF] ^ second[states >> 8 & 0xFF]
    mapped: NDArray[np.uint32] = low ^ third[states >> 16 & 0xFF] ^ fourth[states >> 24]
    return mapped
