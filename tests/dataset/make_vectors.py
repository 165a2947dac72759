"""Writes vectors.json: digests recomputed from the contract by code that shares nothing with ours.

The examples come from the list below and from a small generator of its own, so that every run
writes the same file. The first part of the file, `given`, was made elsewhere and is only checked.

    python tests/dataset/make_vectors.py
"""

import hashlib
import json
from pathlib import Path

SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}

AWKWARD = [
    ("\b\t\n\v\f\r", "\x00\x01\x1e\x1f"),
    ("\x7f", "\x80\x9f\xa0\xad"),
    ("\u2028\u2029", "\ufeff"),
    ("\ufffe\uffff", "\U0010ffff"),
    ("\ue000", "\ud7ff"),
    ("/", "\\/"),
    ("<script>&'", "`${x}`"),
    ('"', '\\"'),
    ("\\u0041", "A"),
    ("\u212b", "\u00c5"),
    ("\ufb03", "ffi"),
    ("\u1e9b\u0323", "\u017f\u0323\u0307"),
    ("\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001d11e"),
    ("\u05e9\u05dc\u05d5\u05dd", "\u202eabc\u202c"),
    (" ", "\u3000"),
    ("a\nb", "a\r\nb"),
    ("1e-3", "0.001"),
    ("null", "true"),
    ("x" * 64, "y" * 65),
    ("\u00e9" * 1000, "\U0001f600" * 500),
]

DATASETS = {
    "all the awkward ones": AWKWARD,
    "the same backwards": AWKWARD[::-1],
    "one": AWKWARD[:1],
    "one, three times": AWKWARD[:1] * 3,
    "equal inputs, different outputs": [("q", "a"), ("q", "b"), ("q", "a")],
}


def quoted(text):
    """QuoteJSONString of ECMAScript, for strings without lone surrogates."""
    out = bytearray(b'"')
    for character in text:
        code = ord(character)
        if code in SHORT:
            out += SHORT[code].encode("ascii")
        elif code < 0x20:
            out += b"\\u00%02x" % code
        else:
            out += character.encode("utf-8")
    return bytes(out + b'"')


def example_digest(text_input, output):
    return hashlib.sha256(b"[" + quoted(text_input) + b"," + quoted(output) + b"]").digest()


def dataset_digest(examples):
    whole = hashlib.sha256()
    for digest in sorted(example_digest(*example) for example in examples):
        whole.update(digest)
    return whole.hexdigest()


def spread(count):
    """Examples from a linear congruential generator, characters from all of Unicode."""
    state = 20
    for _ in range(count):
        texts = []
        for _ in range(2):
            text = ""
            for _ in range(12):
                state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
                code = (state >> 33) % (0x110000, 0x3000, 0x100, 0x30)[(state >> 20) % 4]
                text += "" if 0xD800 <= code < 0xE000 else chr(code)
            texts.append(text)
        yield tuple(texts)


def main():
    place = Path(__file__).with_name("vectors.json")
    given = json.loads(place.read_text())["given"]
    datasets = {**DATASETS, "forty from all of Unicode": list(spread(40))}
    content = {
        "about": "Digests of section 3 of the contract. `given` was made elsewhere; "
        "`own` by make_vectors.py. Strings are JSON-escaped here, digests are over the strings.",
        "given": given,
        "own": {
            "examples": [
                {"text_input": a, "output": b, "digest": example_digest(a, b).hex()}
                for a, b in AWKWARD
            ],
            "preambles": [
                {
                    "preamble": "Next: ",
                    "examples": [["1", "2"], ["", "3"]],
                    "digest": dataset_digest([("Next: 1", "2"), ("Next: ", "3")]),
                }
            ],
            "datasets": [
                {"name": name, "examples": examples, "digest": dataset_digest(examples)}
                for name, examples in datasets.items()
            ],
        },
    }
    place.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
