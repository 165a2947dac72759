"""Digests are those of section 3 of the contract."""

import hashlib
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.dataset.digest import (
    Digests,
    canonical,
    dataset_digest,
    digests_of,
    example_digest,
)

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def vectors(kind):
    return [each for part in ("given", "own") for each in VECTORS[part].get(kind, [])]


def digest_of(examples):
    return dataset_digest(example_digest(*each) for each in examples)


@pytest.mark.parametrize("vector", vectors("examples"), ids=lambda each: each["digest"][:8])
def test_example_vectors(vector):
    assert example_digest(vector["text_input"], vector["output"]).hex() == vector["digest"]


@pytest.mark.parametrize("vector", vectors("datasets"), ids=lambda each: each["name"])
def test_dataset_vectors(vector):
    assert digest_of(vector["examples"]) == vector["digest"]


@pytest.mark.parametrize("vector", vectors("preambles"), ids=lambda each: each["preamble"])
def test_preamble_vectors(vector):
    inputs, outputs = zip(*vector["examples"], strict=True)
    texts = canonical(inputs, outputs, vector["preamble"])
    assert dataset_digest(digests_of(texts)) == vector["digest"]


def quote_json_string(text):
    """QuoteJSONString of ECMAScript, step by step."""
    names = {"\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r", '"': '"', "\\": "\\"}
    out = '"'
    for character in text:
        if character in names:
            out += "\\" + names[character]
        elif character < " ":
            out += f"\\u{ord(character):04x}"
        else:
            out += character
    return out + '"'


def test_every_character_is_escaped_as_by_json_stringify():
    every = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    assert canonical([every], [every[::-1]]) == [
        f"[{quote_json_string(every)},{quote_json_string(every[::-1])}]".encode()
    ]


@given(TEXT, TEXT)
def test_the_canonical_text_is_compact_json(text_input, output):
    expected = json.dumps([text_input, output], ensure_ascii=False, separators=(",", ":"))
    assert canonical([text_input], [output]) == [expected.encode()]
    quoted = f"[{quote_json_string(text_input)},{quote_json_string(output)}]"
    assert canonical([text_input], [output]) == [quoted.encode()]


@given(st.lists(st.tuples(TEXT, TEXT)), TEXT)
def test_one_by_one_is_as_together(examples, preamble):
    inputs, outputs = [each[0] for each in examples], [each[1] for each in examples]
    together = digests_of(canonical(inputs, outputs, preamble))
    assert together == [example_digest(preamble + a, b) for a, b in examples]


@pytest.mark.parametrize("pair", [("\ud800", "a"), ("a", "\udfff"), ("\udc80\ud800", "")])
def test_half_a_surrogate_pair_is_an_error(pair):
    with pytest.raises(UnicodeEncodeError):
        example_digest(*pair)


@given(st.lists(st.binary(min_size=32, max_size=32)), st.randoms(use_true_random=False))
def test_order_changes_nothing(digests, rng):
    shuffled = list(digests)
    rng.shuffle(shuffled)
    assert dataset_digest(shuffled) == dataset_digest(iter(digests))


def test_many_digests_are_sorted_like_few():
    digests = [example_digest(str(number), "") for number in range(3_000)] * 2
    in_one_heap = [b"\0" + each[1:] for each in digests]
    for many in (digests, in_one_heap):
        expected = hashlib.sha256(b"".join(sorted(many))).hexdigest()
        random.Random(1).shuffle(many)
        assert dataset_digest(many) == expected


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=40), st.integers(0, 40))
def test_digests_in_one_piece_are_those_that_were_put_in(digests, cut):
    kept = Digests()
    kept.add(digests[:cut])
    kept.add(digests[cut:])
    assert list(kept) == [kept[place] for place in range(len(kept))] == digests
    assert kept.dataset_digest() == dataset_digest(digests)


def test_so_many_that_they_are_sorted_in_pieces():
    digests = [hashlib.sha256(b"%d" % (number % 100_000)).digest() for number in range(100_001)]
    kept = Digests()
    kept.add(digests)
    assert kept.dataset_digest() == hashlib.sha256(b"".join(sorted(digests))).hexdigest()
