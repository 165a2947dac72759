"""JSON in and out: what is forgiven, what is refused, and how numbers and times are written."""

import json
import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.service import wire
from tuneform.service.errors import ApiError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(VALUES)
def test_trailing_commas_change_nothing(value):
    text = json.dumps(value, indent=1)
    lines = text.split("\n")
    closing = {"]", "}", "],", "},"}
    for i, line in enumerate(lines[1:], start=1):
        if line.strip() in closing and not lines[i - 1].endswith(("[", "{")):
            lines[i - 1] += ","
    assert wire.parse("\n".join(lines).encode()) == wire.parse(text.encode())


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"", {}),
        (b"  \n", {}),
        (b'{"a": [1, 2, ], }', {"a": [1, 2]}),
        (b'{"a": "1, ]", "b": "x\\",}",}', {"a": "1, ]", "b": 'x",}'}),
        (b'["\\\\",]', ["\\"]),
    ],
)
def test_forgiven(body, value):
    assert wire.parse(body) == value


@pytest.mark.parametrize(
    "body",
    [
        *(b"{,}", b"[,]", b"[1,,]", b'{"a":,}', b"[1 2]", b"{", b'"', b'{"a":1,', b"nul"),
        *(
            b"NaN",
            b"[Infinity]",
            b"-Infinity",
            b"1e999",
            b"9" * 5000,
            b"\xff\xfe",
            b'"\xed\xa0\x80"',
        ),
        *(b'"\\ud800"', b'["\\udc00\\ud800",]', b"[" * 100_000, b'{"a":' * 50_000, b"'a'", b"//"),
        b"[" * 5000 + b"1," + b"]" * 5000,
    ],
)
def test_refused(body):
    with pytest.raises(ApiError) as refusal:
        wire.parse(body)
    assert refusal.value.http == 400
    assert refusal.value.message.startswith("Invalid JSON payload received.")


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_single_is_written_so_that_it_reads_back(value):
    written = float(json.loads(json.dumps(wire.single(value))))
    assert struct.pack("<f", written) == struct.pack("<f", value) or value == 0


@given(st.decimals(min_value=-1000, max_value=1000, places=3, allow_nan=False))
def test_a_short_number_stays_as_it_was_typed(value):
    assert wire.single(float(value)) == float(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.001, "0.001"), (1.0, "1"), (0.0, "0"), (100 * 40 / 188, "21.276596"), (0.1 + 0.2, "0.3")],
)
def test_how_a_single_looks(value, text):
    assert json.dumps(wire.single(value)) == text


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [
        (0, "2026-01-02T03:04:05Z"),
        (120_000, "2026-01-02T03:04:05.120Z"),
        (123_456, "2026-01-02T03:04:05.123456Z"),
    ],
)
def test_timestamps_have_no_three_or_six_digits(microsecond, text):
    moment = datetime(2026, 1, 2, 3, 4, 5, microsecond, tzinfo=UTC)
    assert wire.timestamp(moment) == text
    assert wire.timestamp(moment.astimezone(timezone(timedelta(hours=5)))) == text


def test_enums_become_numbers_wherever_they_are():
    answer = {"response": {"state": "ACTIVE"}, "list": [{"role": "READER"}, {"role": "model"}]}
    assert wire.with_enum_numbers(answer) == {
        "response": {"state": 2},
        "list": [{"role": 3}, {"role": "model"}],
    }


def test_an_array_does_not_end_with_a_newline_because_the_old_sdk_reads_it_as_another():
    assert wire.encode([{}], pretty=True) == b"[\n  {}\n]"
    assert wire.encode({"a": 1}, pretty=True) == b'{\n  "a": 1\n}\n'
    assert wire.encode({"a": 1}, pretty=False) == b'{"a":1}'
