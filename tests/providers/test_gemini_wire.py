"""Numbers of single precision, and what is read leniently."""

import math
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.providers.gemini import wire


@pytest.mark.parametrize(
    ("value", "shortest"),
    [
        (0.699999988079071, 0.7),
        (0.949999988079071, 0.95),
        (0.7, 0.7),
        (1, 1.0),
        (0.0, 0.0),
        (1e-05, 1e-05),
        (0.0010000000474974513, 0.001),
        (0.0009937719441950321, 0.000993772),  # seven digits read back as well
        (16777217.0, 16777216.0),
        (1e300, 1e300),
        (-0.0123456789, -0.012345679),
    ],
)
def test_the_shortest_decimal(value, shortest):
    assert wire.single(value) == shortest


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_it_reads_back_as_the_same_number(value):
    assert struct.unpack("<f", struct.pack("<f", wire.single(value))) == (value,)
    assert wire.single(wire.single(value)) == wire.single(value)


@given(st.decimals(min_value="0.000001", max_value=100, places=6).map(float))
def test_what_a_person_writes_comes_back(value):
    if len(f"{value:g}") <= 7 and float(f"{value:.6g}") == value:
        assert wire.single(struct.unpack("<f", struct.pack("<f", value))[0]) == value


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "odd"])
def test_a_loss_that_diverged_is_not_finite(word):
    assert not math.isfinite(wire.loss(word))
    assert wire.loss(word) is wire.loss(word)


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-01-02T03:04:05Z", 0),
        ("2026-01-02T03:04:05.120Z", 120_000),
        ("2026-01-02T03:04:05.123456Z", 123_456),
        ("2026-01-02T03:04:05.123456000Z", 123_456),
        ("2026-01-02T03:04:05.123456789Z", 123_457),
    ],
)
def test_times_of_any_precision(text, microsecond):
    model = msgspec.convert({"name": "x", "createTime": text}, wire.TunedModel)

    assert model.create_time.microsecond == microsecond
    assert model.create_time.utcoffset().total_seconds() == 0


def test_unknown_fields_and_nulls_are_no_matter():
    body = (
        b'{"name": "x", "description": null, "state": null, "new": {"a": [1]}, "tuningTask": null}'
    )

    assert msgspec.json.decode(body, type=wire.TunedModel) == wire.TunedModel("x")
