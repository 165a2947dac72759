"""A plan file is never trusted."""

import contextlib
import copy
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.builders import declare, name_of, plan, spec, version
from tests.engine.test_laws import law

from tuneform.domain.plan import Plan
from tuneform.errors import LocalError, Stale, UsageError
from tuneform.planfile import read_document, seal
from tuneform.render.plan_json import plan_json

from .documents import GATE, as_file, read_back, resealed, saved_document

WANT = spec(gate=GATE)
LIVE = [version(spec(data="old")), version(spec(data="older"), words="", day=0)]
DECIDED = plan(WANT, live=LIVE)
DOCUMENT = saved_document(DECIDED, declare(WANT))
PLAIN = json.loads(json.dumps(DOCUMENT))


def test_the_document_is_what_json_gives_back():
    assert PLAIN == DOCUMENT
    assert read_back(DOCUMENT).checksum == DOCUMENT["checksum"]


def test_layout_and_order_of_keys_are_nothing():
    compact = json.dumps(dict(reversed(DOCUMENT.items()))).encode()
    assert read_document(b"\xef\xbb\xbf" + compact) == read_back(DOCUMENT)


def edited():
    document = copy.deepcopy(PLAIN)
    document["changes"][0]["action"] = "keep"
    return document


def test_an_edit_by_hand_is_refused():
    with pytest.raises(Stale, match=r"was edited: its checksum is [0-9a-f]{64}, its") as got:
        read_back(edited())
    assert got.value.exit_code == 7
    assert DOCUMENT["checksum"] in got.value.message


@pytest.mark.parametrize("checksum", [None, 1, "no", "0" * 64, "A" * 64])
def test_a_checksum_that_is_not_its_own_is_refused(checksum):
    document = {**PLAIN, "checksum": checksum}
    with pytest.raises((Stale, LocalError), match="checksum"):
        read_back(document)


def test_the_approved_checksum_counts():
    own = DOCUMENT["checksum"]
    assert read_back(DOCUMENT, own) == read_back(DOCUMENT, own.upper())
    forged = resealed(edited())
    assert read_back(forged)
    with pytest.raises(Stale, match="not the plan that was approved"):
        read_back(forged, own)
    for odd in ("", own[:10], own + "0", "z" * 64, own + "\n"):
        with pytest.raises(UsageError, match="64 hex digits"):
            read_back(DOCUMENT, odd)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON: .* line 1, column 2"),
        (b"\xff", "is no JSON"),
        (b"[]", "is no plan"),
        (b"null", "is no plan"),
        (b'{"summary": {}}', "is no plan"),
        (b'{"format_version": "1.0"}', "is no plan: it has no changes"),
        (b'{"format_version": "1.0", "models": []}', "is no plan: it has no changes"),
        (b'{"format_version": "2.0"}', r"2\.0 is newer than this release knows \(1\.0\)"),
        (b'{"format_version": "1.1"}', r"1\.1 is newer"),
        (b'{"format_version": "0.9"}', "it is not 1.0"),
        (b'{"format_version": 2.0}', "it is not 1.0"),
        (b'{"format_version": "9999999"}', "it is not 1.0"),
        (b'{"format_version": "1.0", "format_version": "1.0"}', "a key stands twice"),
        (b'{"format_version": NaN}', "NaN is no number"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "is no JSON"),
        (b'{"format_version": "1.0", "changes": [], "checksum": "\\ud800"}', "edited"),
        (b'{"format_version": "1.0", "changes": ["\\ud800"], "checksum": "a"}', "edited"),
    ],
)
def test_what_is_no_plan_is_told_so(text, said):
    with pytest.raises((LocalError, Stale), match=said):
        read_document(text)


def test_a_printed_plan_is_no_saved_one():
    with pytest.raises(LocalError, match="was printed, not saved") as got:
        read_document(as_file(plan_json(DECIDED)))
    assert got.value.hint == "`tuneform plan --out FILE` saves one"


def put(path, value):
    """The document with one value replaced, sealed again as a forger would."""
    document = copy.deepcopy(PLAIN)
    *way, last = path
    target = document
    for key in way:
        target = target[key]
    target[last] = value
    return resealed(document)


STRANGER = "tunedModels/somebody-else"
OTHERS = "tuneform/v1 owner=rival model=support fingerprint=aaaaaaaaaa data=aaaaaaaaaa rev=1"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["owner"], "no owner", "owner: expected `str` matching"),
        (["owner"], "demo/prod\n", "owner: expected `str` matching"),
        (["staging"], 1, "staging: expected `bool`, got `int`"),
        (["extra"], 1, "unknown field `extra`"),
        (["changes", 0, "steps", 0, "do"], "explode", r"changes\[0\]\.steps\[0\]\.do: invalid"),
        (["changes", 0, "steps", 0, "remote"], "a b", r"changes\[0\]\.steps\[0\]\.remote: exp"),
        (["changes", 0, "steps", 1, "extra"], "", r"changes\[0\]\.steps\[1\]: .*unknown field"),
        (["changes", 0, "reason", "code"], "why", r"changes\[0\]\.reason\.code: invalid"),
        (["changes", 0, "steps", 0, "mark"], "tuneform/v1 ", r"steps\[0\]\.mark: it is no mark"),
        (
            ["changes", 0, "steps", 0, "mark"],
            OTHERS.replace("owner=rival model=support", "model=support owner=demo/prod"),
            r"steps\[0\]\.mark: it is no mark",
        ),
        (["changes", 0, "steps", 0, "mark"], OTHERS, r"steps\[0\]\.mark: it names owner rival"),
        (
            ["changes", 0, "steps", 0, "mark"],
            DOCUMENT["changes"][0]["steps"][0]["mark"].replace("model=support", "model=other"),
            r"steps\[0\]\.mark: it names model other, not support",
        ),
        (["changes", 0, "versions", 0, "mark"], OTHERS, r"versions\[0\]\.mark: it names owner"),
        (["changes", 0, "steps", -1, "remote"], STRANGER, r"steps\[4\]: there is no tunedModels/s"),
        (["changes", 0, "steps", -2, "clears"], [STRANGER], r"steps\[3\]: there is no"),
        (["changes", 0, "steps", 2, "against"], STRANGER, r"steps\[2\]: there is no"),
        (["made_from"], {}, "made_from: object missing required field"),
        (["made_from", "models"], {"A b": {}}, "made_from"),
        (["changes"], [PLAIN["changes"][0]] * 2, "changes: there are two changes of support"),
        (["summary"], {"explode": 1}, "summary"),
        (["total_cost", "likely"], "1e9", r"total_cost\.likely"),
        (
            ["changes", 0, "versions", 0, "created"],
            "2026-01-01T00:00:00",
            r"versions\[0\]\.created",
        ),
    ],
)
def test_a_forged_document_is_refused_by_its_place(path, value, said):
    with pytest.raises(LocalError, match=said) as got:
        read_back(put(path, value))
    assert got.value.exit_code == 1


def test_nothing_is_done_to_what_was_deleted():
    steps = PLAIN["changes"][0]["steps"]
    with pytest.raises(LocalError, match=r"steps\[5\]: there is no"):
        read_back(put(["changes", 0, "steps"], [*steps, steps[-1]]))


def test_a_secret_in_a_name_is_told_when_the_plan_is_saved():
    origin = read_back(DOCUMENT).made_from
    document = copy.deepcopy(plan_json(DECIDED))
    change = document["changes"][0]
    change["versions"][0]["mark"] = change["versions"][0]["mark"].replace("support", "(sensitive)")
    with pytest.raises(LocalError, match=r"cannot be saved .*: changes\[0\]\.versions\[0\]\.mark"):
        seal(document, origin)
    change["remote"] = "(sensitive) of it"
    with pytest.raises(LocalError, match=r"cannot be saved .*: changes\[0\]\.remote"):
        seal(document, origin)


def test_a_plan_of_nothing_can_be_saved():
    empty = saved_document(Plan(DECIDED.owner, "embedded"), declare())
    assert read_back(empty).plan == Plan(DECIDED.owner, "embedded")


LEAVES = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "demo", "start", name_of(WANT), [], {}, [{}], {"do": "start"}]
)


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*path, key))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from places(each, (*path, at))


PLACES = [path for path in places(PLAIN) if path and path != ("checksum",)]


@law
@given(st.sampled_from(PLACES), LEAVES)
def test_whatever_is_forged_is_read_or_refused(path, value):
    with contextlib.suppress(LocalError):
        read_back(put(path, value))


@law
@given(st.binary() | st.text(string.printable).map(str.encode))
def test_any_bytes_are_refused(text):
    with pytest.raises(LocalError):
        read_document(text)


@law
@given(st.integers(0, len(as_file(DOCUMENT)) - 1), st.integers(0, 255))
def test_any_flipped_byte_is_noticed(at, byte):
    text = bytearray(as_file(DOCUMENT))
    text[at] = byte
    try:
        same = json.loads(text) == PLAIN
    except ValueError:
        same = False
    if not same:
        with pytest.raises((LocalError, Stale)):
            read_document(bytes(text))
