"""Writes vectors.json: digests worked out from the text of the contract, by none of our code.

Run it as a script. It has its own JSON encoder and its own base32, so that a change of a library,
of Python, or of the package cannot move both sides of the comparison at once.
"""

import hashlib
import sys
from pathlib import Path

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
FLASH = "models/gemini-1.5-flash-001-tuning"
PRACTICE = "models/practice-text-001"

NUMBERS = (
    ("1", "2"),
    ("3", "4"),
    ("-3", "-2"),
    ("twenty two", "twenty three"),
    ("two hundred", "two hundred one"),
    ("ninety nine", "one hundred"),
    ("8", "9"),
    ("-98", "-97"),
    ("1,000", "1,001"),
    ("10,100,000", "10,100,001"),
    ("thirteen", "fourteen"),
    ("eighty", "eighty one"),
    ("one", "two"),
    ("three", "four"),
    ("seven", "eight"),
)

EXAMPLES = (
    ("", "1", "2"),
    ("", "twenty two", "twenty three"),
    ("", "\u00e9", "e\u0301"),
    ("", "a\r\nb", " trailing "),
    ("", "\0", "\u2028"),
    ("", "\U0001f469\u200d\U0001f469\u200d\U0001f467", '\u65e5\u672c\u8a9e "q" \\'),
    ("", "", ""),
    ("", "\x01\x08\t\n\x0c\r\x1f", "\x7f\x80\ufeff"),
    ("", "</script>", "\u2029\uffff"),
    ("Next number: ", "1", "2"),
    ("Next\n", "\n1", "2"),
)


def encode(value: object) -> str:
    """Compact JSON as ECMAScript's JSON.stringify writes it; keys sorted, floats as given text."""
    if isinstance(value, Rate):
        return value.text
    if isinstance(value, int):
        return f"{value:d}"
    if isinstance(value, str):
        return f'"{"".join(map(escape, value))}"'
    if isinstance(value, dict):
        pairs = sorted(value.items())
        return "{" + ",".join(f"{encode(key)}:{encode(each)}" for key, each in pairs) + "}"
    assert isinstance(value, (list, tuple))
    return "[" + ",".join(encode(each) for each in value) + "]"


def escape(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    return f"\\u{ord(character):04x}" if character < " " else character


class Rate:
    """A float, spelled by hand, so that no float formatting takes part."""

    def __init__(self, text: str) -> None:
        self.text = text


def sha(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def short(digest: str) -> str:
    bits = "".join(f"{int(nibble, 16):04b}" for nibble in digest)
    return "".join(ALPHABET[int(bits[at : at + 5], 2)] for at in range(0, 50, 5))


def example_digest(preamble: str, text_input: str, output: str) -> str:
    return sha(encode([preamble + text_input, output]))


def dataset_digest(preamble: str, rows: tuple[tuple[str, str], ...]) -> str:
    digests = sorted(bytes.fromhex(example_digest(preamble, *row)) for row in rows)
    return sha(b"".join(digests))


def fingerprint(base: str, dataset: str, settings: dict[str, object], revision: int) -> str:
    inputs = {
        "base": base,
        "dataset": dataset,
        "hyperparameters": settings,
        "revision": revision,
        "v": 1,
    }
    return sha(encode(inputs))


def datasets() -> list[dict[str, object]]:
    listed: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
        ("the guide's 15 examples, any order", "", NUMBERS),
        ("a duplicate counts twice", "", (("1", "2"), ("1", "2"))),
        ("one row alone", "", (("1", "2"),)),
        ("a preamble is in every row", "Next number: ", NUMBERS),
        (
            "a preamble is plain concatenation",
            "",
            tuple((f"Next number: {a}", b) for a, b in NUMBERS),
        ),
        ("awkward characters", "", tuple((a, b) for _, a, b in EXAMPLES)),
    )
    return [
        {
            "name": name,
            "preamble": preamble,
            "examples": rows,
            "digest": dataset_digest(preamble, rows),
        }
        for name, preamble, rows in listed
    ]


def fingerprints() -> list[dict[str, object]]:
    guide = dataset_digest("", NUMBERS)
    preamble = dataset_digest("Next number: ", NUMBERS)
    full = {"epochCount": 5, "batchSize": 4, "learningRate": Rate("0.001")}
    root = fingerprint(FLASH, guide, full, 1)
    child = fingerprint(f"fingerprint:{root}", guide, {"epochCount": 1}, 1)
    grandchild = fingerprint(f"fingerprint:{child}", preamble, {}, 1)
    inputs: tuple[tuple[str, str, str, dict[str, object], int], ...] = (
        ("the guide's settings", FLASH, guide, full, 1),
        ("nothing set", FLASH, guide, {}, 1),
        ("a whole rate keeps its point", FLASH, guide, {"learningRateMultiplier": Rate("2.0")}, 1),
        ("a raised revision", FLASH, guide, {"epochCount": 5}, 2),
        ("a child of the first", f"fingerprint:{root}", guide, {"epochCount": 1}, 1),
        ("a grandchild: a chain of three", f"fingerprint:{child}", preamble, {}, 1),
        ("a fourth", f"fingerprint:{grandchild}", guide, {"batchSize": 64}, 3),
        ("1e-05 in its shortest form", FLASH, guide, {"learningRate": Rate("1e-05")}, 1),
        ("1e-4 is written out", FLASH, guide, {"learningRate": Rate("0.0001")}, 1),
        ("1e-3 is 0.001", FLASH, guide, {"learningRate": Rate("0.001")}, 1),
        ("all digits of a rate", FLASH, guide, {"learningRate": Rate("0.0010000000474974513")}, 1),
        ("1.0", FLASH, guide, {"learningRateMultiplier": Rate("1.0")}, 1),
        ("a large revision", FLASH, guide, {}, 999999999),
        ("another base", PRACTICE, guide, full, 1),
        ("the same data behind a preamble", FLASH, preamble, full, 1),
    )
    listed = []
    for name, base, dataset, settings, revision in inputs:
        digest = fingerprint(base, dataset, settings, revision)
        listed.append(
            {
                "name": name,
                "base": base,
                "dataset": dataset,
                "hyperparameters": settings,
                "revision": revision,
                "fingerprint": digest,
                "short": short(digest),
            }
        )
    return listed


def remote_ids(digests: list[str]) -> list[dict[str, object]]:
    longest = "m" * 28 + "9"
    named = (
        ("demo", "number-generator", 0),
        ("demo/prod", "number-generator", 0),
        ("demo", "n", 0),
        ("demo", "number-generator", 1),
        ("demo/demo", "number-generator", 0),
        ("d-0/e-1", longest, 5),
    )
    listed = []
    for owner, model, at in named:
        seed = f"tuneform/v1\0{owner}\0{digests[at]}"
        listed.append(
            {
                "owner": owner,
                "model": model,
                "fingerprint": digests[at],
                "id": f"{model}-{short(sha(seed))}",
            }
        )
    return listed


def vectors() -> dict[str, object]:
    prints = fingerprints()
    return {
        "about": "Vectors for identity, made by make_vectors.py beside this file; do not edit.",
        "examples": [
            {
                "preamble": each[0],
                "text_input": each[1],
                "output": each[2],
                "digest": example_digest(*each),
            }
            for each in EXAMPLES
        ],
        "datasets": datasets(),
        "fingerprints": prints,
        "remoteIds": remote_ids([str(each["fingerprint"]) for each in prints]),
    }


def pretty(value: object, indent: str = "") -> str:
    """One key or row a line, ASCII only, so that a change is easy to review."""
    deeper = indent + " "
    if isinstance(value, dict) and value:
        lines = [f"{deeper}{encode(key)}: {pretty(each, deeper)}" for key, each in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, (list, tuple)) and value and not isinstance(value[0], str):
        lines = [deeper + pretty(each, deeper) for each in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    return "".join(map(ascii_only, encode(value)))


def ascii_only(character: str) -> str:
    if character < "\x7f":
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def main() -> None:
    text = pretty(vectors()) + "\n"
    if sys.argv[1:] == ["-"]:
        sys.stdout.write(text)
        return
    Path(__file__).with_name("vectors.json").write_text(text, encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
