"""Text to values: what is refused, where, and that both parsers agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.diagnostic import Diagnostic
from tuneform.manifest.compose import (
    DEPTH_AT_MOST,
    DOCUMENTS_AT_MOST,
    NODES_AT_MOST,
    NativeComposer,
    PythonComposer,
    ShallowComposer,
    documents,
    is_shallow,
)
from tuneform.manifest.source import Source, decode
from tuneform.manifest.syntax import Broken
from tuneform.manifest.values import Reader, check_aliases, find

COMPOSERS = pytest.mark.parametrize("composer", [NativeComposer, PythonComposer])


def read(text, composer=None):
    """Values and mistakes of all documents, mistakes as `LINE:COLUMN CODE`, from 1."""
    source = decode("m.yaml", text if isinstance(text, bytes) else text.encode())
    assert isinstance(source, Source), source
    values, mistakes = [], []
    for root in documents(source, composer):
        if isinstance(root, Broken):
            mistakes.append(f"{root.line + 1}:{root.column + 1} {root.code}")
            continue
        endless = check_aliases(root) if source.may_alias else None
        reader = Reader()
        if endless is None:
            values.append(reader.value(root))
        for each in (*([endless] if endless else ()), *reader.misuses):
            mark = each.node.start_mark
            mistakes.append(f"{mark.line + 1}:{mark.column + 1} {each.code}")
    return values, mistakes


@COMPOSERS
@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("# nothing\n", []),
        ("---\n---\n---\n", []),
        ("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        (
            "a: no\nb: 'no'\nc: \"5\"\nd: 5\ne:\n",
            [{"a": "no", "b": "no", "c": "5", "d": 5, "e": None}],
        ),
        ("a: [1, x, {b: ~}]\n", [{"a": [1, "x", {"b": None}]}]),
        ("a: !!str 5\nb: !!float 1\nc: !!int 7\n", [{"a": "5", "b": 1.0, "c": 7}]),
        (
            "a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n",
            [{"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}],
        ),
        ("b: {<<: [{p: 1}, {p: 2, q: 2}]}\n", [{"b": {"p": 1, "q": 2}}]),
        ("b: {q: 3, '<<': {q: 1}}\n", [{"b": {"q": 3, "<<": {"q": 1}}}]),
        ("a: |\n  one\n  two\nb: >-\n  one\n  two\n", [{"a": "one\ntwo\n", "b": "one two"}]),
        ("a: 1\r\nb: 2\r\n", [{"a": 1, "b": 2}]),
        ("a: 1\rb: 2\r", [{"a": 1, "b": 2}]),
        ("\ufeffa: 1\n", [{"a": 1}]),
        ('{"a": "x\\u00e9", "b": [true, null]}', [{"a": "xé", "b": [True, None]}]),
        ("%YAML 1.2\n---\na: 1\n", [{"a": 1}]),
        ("a: 1\n...\n", [{"a": 1}]),
        ("a: '😀'\n", [{"a": "😀"}]),
    ],
)
def test_values(text, values, composer):
    assert read(text, composer) == (values, [])


@COMPOSERS
@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("a: 1\nb: 2\na: 3\n", ["3:1 duplicate-key"]),
        ("a: {x: 1, x: 2, x: 3}\n", ["1:11 duplicate-key", "1:17 duplicate-key"]),
        ("5: x\n", ["1:1 key-not-text"]),
        ("true: x\n~: y\n", ["1:1 key-not-text", "2:1 key-not-text"]),
        ("? [a]\n: x\n", ["1:3 key-not-text"]),
        ("{a: b}: x\n", ["1:1 key-not-text"]),
        ("a: !custom x\n", ["1:4 yaml-tag"]),
        ("a: !!python/object/apply:os.system [ls]\n", ["1:4 yaml-tag"]),
        ("a: !!binary aGk=\n", ["1:4 yaml-tag"]),
        ("a: !!int x\n", ["1:4 yaml-tag"]),
        ("a: !!set {x}\n", ["1:4 yaml-tag"]),
        ("a: {<<: 5}\n", ["1:9 bad-merge"]),
        ("a: &a [*a]\n", ["1:4 alias-expansion"]),
        ("a: &a {<<: *a}\n", ["1:4 alias-expansion"]),
        ("a: [1\n", ["1:4 syntax"]),
        ("a: {b: 1\nc: 2\n", ["2:2 syntax"]),
        ("a: 'x\n", ["1:4 syntax"]),
        ("a: 1\n b: 2\n", ["2:3 syntax"]),
        ("a: b: c\n", ["1:5 syntax"]),
        ("a:\n\tb: 1\n", ["2:1 syntax"]),
        ("a: @x\n", ["1:4 syntax"]),
        ("a: `x`\n", ["1:4 syntax"]),
        ("a: *nowhere\n", ["1:4 syntax"]),
        ("- a\nb: 1\n", ["2:1 syntax"]),
        ("a: \x07\n", ["1:4 control-character"]),
        ("a: x\nb: \0\n", ["2:4 control-character"]),
        ("a: 1\n---\nb: [\n---\nc: 3\nc: 4\n", ["4:1 syntax", "6:1 duplicate-key"]),
        ('a: "\n---\nb: 2\nb: 3\n', ["1:4 syntax", "4:1 duplicate-key"]),
    ],
)
def test_mistakes_at_their_places(text, mistakes, composer):
    assert read(text, composer)[1] == mistakes


@pytest.mark.parametrize(
    ("data", "place", "code"),
    [
        (b"\xff\xfea\x00:\x00", "m.yaml:1:1", "not-utf8"),
        (b"\xfe\xff\x00a", "m.yaml:1:1", "not-utf8"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "m.yaml:1:1", "not-utf8"),
        ("é: 1\r\nb: ".encode() + b"\xe9\n", "m.yaml:2:4", "not-utf8"),
        ("a: 'x\u2028y'\n".encode(), "m.yaml:1:6", "ambiguous-line-end"),
        ("a: 1\nb: 'x\x85y'\n".encode(), "m.yaml:2:6", "ambiguous-line-end"),
    ],
)
def test_files_that_are_no_text(data, place, code):
    found = decode("m.yaml", data)
    assert isinstance(found, Diagnostic)
    assert (str(found.place), found.code) == (place, code)


def test_a_tab_is_named():
    (broken,) = documents(Source("m.yaml", "a:\n\tb: 1\n"))
    assert isinstance(broken, Broken)
    assert "tab" in broken.detail


def test_a_variable_in_braces_gets_the_hint_to_quote_it():
    (broken,) = documents(Source("m.yaml", "a: {b: ${var.x}}\n"))
    assert isinstance(broken, Broken)
    assert "double quotes" in broken.hint


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "? " * 50_000,
        "a: " + "[" * (DEPTH_AT_MOST + 1) + "]" * (DEPTH_AT_MOST + 1),
        "\n".join(" " * depth + "a:" for depth in range(DEPTH_AT_MOST + 10)),
        "a: [" + "1, " * NODES_AT_MOST + "1]",
        "---\n" * 3 + "x\n---\n" * (DOCUMENTS_AT_MOST + 10),
        "\n".join(f"%TAG !a{number}! tag:x,2000:" for number in range(5000)) + "\n--- x\n",
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "\n".join(
            f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]"
            for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "a0: &a0 [x]\n" + "\n".join(f"a{each}: &a{each} [*a{each - 1}]" for each in range(1, 2000)),
    ],
    ids=lambda text: text[:20],
)
def test_whatever_has_no_end_is_refused(text):
    values, mistakes = read(text)
    assert mistakes
    assert len(values) <= DOCUMENTS_AT_MOST
    assert {each.split()[1] for each in mistakes} <= {"too-large", "alias-expansion", "syntax"}


def test_values_at_the_bounds_are_read():
    deep = "[" * (DEPTH_AT_MOST - 1) + "]" * (DEPTH_AT_MOST - 1)
    assert read(f"a: {deep}")[1] == []
    assert read("a: [" + "1, " * (NODES_AT_MOST - 10) + "1]")[1] == []


_YAML = st.text(st.sampled_from("ab:-[]{},&*!|>'\"#%@`?~ \t\n\n  $\\<=.0é\r"), max_size=80)


@given(_YAML)
def test_no_text_raises(text):
    read(text)
    read(text, PythonComposer)


@given(st.lists(_YAML, max_size=4).map("\n---\n".join))
def test_the_shortcut_reads_what_the_careful_composer_reads(text):
    assert is_shallow(text)
    assert read(text, ShallowComposer) == read(text, NativeComposer)


_KEYS = st.text("abc", min_size=1, max_size=3)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab c", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(_KEYS, _PLAIN, max_size=4))
def test_json_is_yaml_and_every_path_is_found(value):
    import json

    text = json.dumps(value)
    assert read(text) == ([value], [])
    (root,) = documents(Source("m.json", text))
    assert not isinstance(root, Broken)

    def walk(part, path):
        assert find(root, path) is not None
        children = (
            part.items()
            if isinstance(part, dict)
            else enumerate(part)
            if isinstance(part, list)
            else ()
        )
        for key, each in children:
            walk(each, (*path, key))

    walk(value, ())
    assert find(root, ("no", "such")) is None
