"""Every mistake of a file is told in one run, with its place, and without quoting an example."""

import json
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.dataset.check import Checked, check, check_all, strictest
from tuneform.dataset.digest import dataset_digest, example_digest
from tuneform.dataset.filecache import FileCache
from tuneform.dataset.files import Files
from tuneform.domain.capabilities import Limits
from tuneform.domain.diagnostic import Severity
from tuneform.domain.spec import DatasetFacts, DatasetRef

TWENTY = [(f"in {number}", f"out {number}") for number in range(20)]


def told(checked):
    """Diagnostics in short: place, code, detail."""
    return [(str(each.place), each.code, each.detail) for each in checked.diagnostics]


def codes(checked):
    return [each.code for each in checked.diagnostics]


def test_a_good_file(project):
    project.write_rows("data/train.jsonl", TWENTY)
    checked = project.check("data/train.jsonl", Limits(), preamble="> ")
    digest = dataset_digest(example_digest("> " + a, b) for a, b in TWENTY)
    characters = sum(len("> " + a + b) for a, b in TWENTY)
    assert checked == Checked(DatasetFacts(digest, 20, characters))


def test_characters_are_code_points(project):
    project.write_rows("x.jsonl", [("\U0001f600é", "e\u0301")])
    assert project.check("x.jsonl").facts.characters == 4


@pytest.mark.parametrize("format_", ["jsonl", "json", "csv", "tsv"])
def test_every_format_gives_the_same_facts(project, format_):
    table = "\n".join(["text_input,output", *(f"{a},{b}" for a, b in TWENTY)])
    objects = [{"text_input": a, "output": b} for a, b in TWENTY]
    project.write("x.csv", table)
    project.write("x.tsv", table.replace(",", "\t"))
    project.write("x.json", json.dumps(objects, indent=2))
    project.write_rows("x.jsonl", TWENTY)
    assert project.check(f"x.{format_}") == project.check("x.jsonl")


LIMITS = Limits(input_characters=10, output_characters=5, dataset_bytes=2_000, examples_least=0)


def test_all_mistakes_in_one_run_sorted_by_line(project):
    lines = [
        '{"text_input": "fine", "output": "fine"}',
        '{"text_input": "much too long", "output": "too long"}',
        '{"text_input": "", "output": ""}',
        '{"text_input": "a"}',
        "[]",
        '{"text_input": "twelve chars", "output": 1}',
        '{"text_input": "fine too", "output": "fine"}',
    ]
    project.write("train.jsonl", "\n".join(lines))
    checked = project.check("train.jsonl", LIMITS)
    assert checked.facts is None
    assert told(checked) == [
        ("train.jsonl:2", "field-too-long", "output has 8 characters, the limit is 5"),
        ("train.jsonl:2", "field-too-long", "text_input has 13 characters, the limit is 10"),
        ("train.jsonl:3", "field-empty", "output is empty"),
        ("train.jsonl:3", "field-empty", "text_input is empty"),
        ("train.jsonl:4", "field-missing", "the row has no field output"),
        ("train.jsonl:5:1", "row-invalid", "the row is a list, an object is needed"),
        ("train.jsonl:6:32", "field-not-text", "output is a number, a string is needed"),
    ]
    assert {each.severity for each in checked.diagnostics} == {Severity.ERROR}
    assert all(each.summary for each in checked.diagnostics)


def test_the_message_of_the_limit(project):
    project.write_rows("train.jsonl", [("a", "b" * 5_312)])
    assert told(project.check("train.jsonl")) == [
        ("train.jsonl:1", "field-too-long", "output has 5,312 characters, the limit is 5,000")
    ]


@pytest.mark.parametrize(
    ("text_input", "output", "wrong"),
    [
        ("x" * 10, "y" * 5, []),
        ("é" * 10, "\U0001f600" * 5, []),
        ("x" * 11, "y" * 5, ["field-too-long"]),
        ("x" * 10, "y" * 6, ["field-too-long"]),
        ("", "y", ["field-empty"]),
        ("x", "", ["field-empty"]),
    ],
)
@pytest.mark.parametrize("preamble", ["", "1234"])
def test_limits_are_exact_and_include_the_preamble(project, text_input, output, wrong, preamble):
    project.write_rows("x.jsonl", [("a", "b"), (text_input, output)])
    limits = replace(LIMITS, input_characters=10 + len(preamble))
    assert codes(project.check("x.jsonl", limits, preamble=preamble)) == wrong


def test_an_input_that_is_too_long_with_its_preamble(project):
    project.write_rows("x.jsonl", [("seven77", "b")])
    assert told(project.check("x.jsonl", LIMITS, preamble="Say: ")) == [
        (
            "x.jsonl:1",
            "field-too-long",
            "text_input has 12 characters, 5 of them the preamble, the limit is 10",
        )
    ]


def test_a_name_with_control_characters_stays_out_of_the_terminal(project):
    project.write("x.jsonl", "{}\n")
    checked = project.check("x.jsonl", input_field="a\x1b[31m", output_field="b" * 500)
    assert [each.detail for each in checked.diagnostics] == [
        'the row has no field "a\\x1b[31m"',
        f'the row has no field "{"b" * 60}…"',
    ]


@pytest.mark.parametrize("size", [2_000, 2_001])
def test_the_size_of_the_file_is_limited(project, size):
    project.write("x.jsonl", b'{"text_input":"a","output":"b"}'.ljust(size))
    checked = project.check("x.jsonl", LIMITS)
    if size == 2_000:
        assert checked.facts
    else:
        expected = "the file has 2,001 bytes, the limit is 2,000"
        assert told(checked) == [("x.jsonl", "dataset-too-large", expected)]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")  # noqa: PTH110
def test_a_file_with_more_in_it_than_it_says_is_too_large(project):
    project = replace(project, root=type(project.root)("/proc/self"))
    limits = Limits(dataset_bytes=10)
    assert codes(project.check("status", limits, format="jsonl")) == ["dataset-too-large"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.jsonl", ""),
        ("x.jsonl", "\n \r\n"),
        ("x.jsonl", b"\xef\xbb\xbf"),
        ("x.json", "[]"),
        ("x.json", ""),
        ("x.csv", "text_input,output\n"),
        ("x.csv", ""),
        ("x.tsv", b"\xef\xbb\xbftext_input\toutput\r\n"),
    ],
)
def test_no_example_at_all(project, name, content):
    project.write(name, content)
    assert told(project.check(name)) == [(name, "dataset-empty", "there is no example in the file")]


def test_a_byte_order_mark_is_left_out(project):
    row = b'{"text_input":"a","output":"b"}\n'
    project.write("x.jsonl", b"\xef\xbb\xbf" + row)
    project.write("plain.jsonl", row)
    project.write("x.csv", b"\xef\xbb\xbftext_input,output\na,b\n")
    assert project.check("x.jsonl").facts == project.check("plain.jsonl").facts
    assert project.check("x.csv").facts == project.check("plain.jsonl").facts


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_one_mistake(project, encoding):
    content = ("\ufeff" + "text_input,output\n" + "a,b\n" * 500).encode(encoding)
    project.write("x.csv", content)
    assert told(project.check("x.csv")) == [
        ("x.csv", "dataset-invalid", "the file is UTF-16, not UTF-8")
    ]


def a_folder(place):
    place.mkdir()


def a_pipe(place):
    os.mkfifo(place)


def a_link_outside(place):
    place.symlink_to("/dev/zero")


def a_dangling_link(place):
    place.symlink_to("nowhere")


def a_loop(place):
    place.symlink_to(place.name)


def nothing(place):
    pass


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (a_folder, "dataset-not-file"),
        (a_pipe, "dataset-not-file"),
        (a_link_outside, "dataset-outside"),
        (a_dangling_link, "dataset-missing"),
        (a_loop, "dataset-unreadable"),
        (nothing, "dataset-missing"),
    ],
)
def test_what_is_not_a_file(project, make, code):
    make(project.root / "x.jsonl")
    checked = project.check("x.jsonl")
    assert codes(checked) == [code]
    assert str(checked.diagnostics[0].place) == "x.jsonl"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../x.jsonl", "dataset-outside"),
        ("/etc/passwd", "dataset-outside"),
        ("a\0b", "dataset-outside"),
        ("\ud800", "dataset-outside"),
        ("file/x.jsonl", "dataset-missing"),
        ("x" * 300, "dataset-unreadable"),
        ("", "dataset-not-file"),
        (".", "dataset-not-file"),
    ],
)
def test_a_path_that_leads_nowhere(project, path, code):
    project.write("file", "")
    assert codes(project.check(path, format="jsonl")) == [code]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(project):
    project.write("x.jsonl", "").chmod(0)
    assert codes(project.check("x.jsonl")) == ["dataset-unreadable"]


def test_half_a_surrogate_pair_in_the_manifest(project):
    project.write_rows("x.jsonl", TWENTY)
    for options in ({"preamble": "\ud800"}, {"input_field": "\udc80"}):
        assert codes(project.check("x.jsonl", **options)) == ["dataset-invalid"]


def test_a_hundred_mistakes_are_shown_and_the_rest_counted(project):
    project.write("x.jsonl", '{"text_input":"a","output":"b"}\n' + "oops\n" * 1_334)
    checked = project.check("x.jsonl")
    assert len(checked.diagnostics) == 101
    assert told(checked)[-2][0] == "x.jsonl:101:1"
    expected = "1,234 more from this line on are not shown"
    assert told(checked)[-1] == ("x.jsonl:102:1", "more-mistakes", expected)


# Warnings


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, ["1 example, fewer than 20"]),
        (19, ["19 examples, fewer than 20"]),
        (20, []),
        (99, []),
    ],
)
def test_few_examples(project, count, expected):
    project.write_rows("x.jsonl", [(str(number), "b") for number in range(count)])
    checked = project.check("x.jsonl", Limits())
    assert checked.facts.examples == count
    assert [each.detail for each in checked.diagnostics] == expected
    for each in checked.diagnostics:
        assert each.severity is Severity.WARNING
        assert "as little as 20 examples" in each.hint
        assert "between 100 and 500" in each.hint


def test_another_base_is_not_measured_by_the_guide(project):
    project.write_rows("x.jsonl", [("a", "b")])
    limits = Limits(examples_least=2, examples_advised=(1_000, 2_000))
    checked = project.check("x.jsonl", limits)
    assert checked.diagnostics[0].hint == "between 1,000 and 2,000 examples are advised"


def test_duplicates_and_conflicts_are_told_once_each(project):
    examples = [("q", "a"), ("r", "a"), ("q", "a"), ("q", "b"), ("r", "a"), ("r", "a"), ("s", "a")]
    project.write_rows("x.jsonl", examples)
    checked = project.check("x.jsonl")
    assert checked.facts.examples == 7
    assert told(checked) == [
        ("x.jsonl:1", "conflicting-examples", "1 input with different outputs: lines 1 and 4"),
        (
            "x.jsonl:1",
            "duplicate-examples",
            "2 examples more than once, 3 rows too many: lines 1 and 3; lines 2, 5 and 6",
        ),
    ]
    assert {each.severity for each in checked.diagnostics} == {Severity.WARNING}


def test_many_repeats_are_counted(project):
    project.write_rows("x.jsonl", [(str(number % 7), str(number // 70)) for number in range(700)])
    assert [each.detail for each in project.check("x.jsonl").diagnostics] == [
        (
            "7 inputs with different outputs: lines 1, 71, 141, 211 and 6 more; "
            "lines 2, 72, 142, 212 and 6 more; lines 3, 73, 143, 213 and 6 more; "
            "lines 4, 74, 144, 214 and 6 more; lines 5, 75, 145, 215 and 6 more; and 2 more"
        ),
        (
            "70 examples more than once, 630 rows too many: lines 1, 8, 15, 22 and 6 more; "
            "lines 2, 9, 16, 23 and 6 more; lines 3, 10, 17, 24 and 6 more; "
            "lines 4, 11, 18, 25 and 6 more; lines 5, 12, 19, 26 and 6 more; and 65 more"
        ),
    ]


def test_the_lines_of_repeats_are_those_of_the_file(project):
    project.write("x.csv", 'text_input,output\n"a\nb",c\n\nd,e\n"a\nb",c\n')
    assert [each.detail for each in project.check("x.csv").diagnostics] == [
        "1 example more than once, 1 row too many: lines 2 and 6"
    ]
    rows = '{"text_input":"a","output":"b"}\n' * 5_000  # more than are read at once
    project.write("x.jsonl", rows.replace("a", "A", 1) + '{"text_input":"A","output":"b"}\n')
    found = project.check("x.jsonl").diagnostics[0].detail
    assert found.startswith("2 examples more than once, 4,999 rows too many: lines 1 and 5001;")


def test_equal_inputs_under_a_preamble_conflict(project):
    project.write_rows("x.jsonl", [("q", "a"), ("q", "b")])
    assert codes(project.check("x.jsonl", preamble="p")) == ["conflicting-examples"]


def test_fields_of_nothing_but_space(project):
    project.write_rows("x.jsonl", [(" \n", "a"), ("b", "c"), ("d", "\u3000"), ("\t", " ")])
    checked = project.check("x.jsonl", preamble="p")
    assert checked.facts
    assert told(checked) == [
        ("x.jsonl:1", "blank-fields", "3 rows with a field of nothing but space: lines 1, 3 and 4")
    ]


def test_repeats_are_told_beside_mistakes(project):
    project.write("x.jsonl", '{"text_input":"a","output":"b"}\n' * 2 + "oops\n")
    assert codes(project.check("x.jsonl", Limits())) == ["duplicate-examples", "row-invalid"]


SECRET = "Kq7vZx"
MUTATIONS = st.lists(
    st.sampled_from(['"', "\\", ",", "\n", "{", "}", "[", "\t", "\0", "\ud800", ":", "\r", "1"]),
    max_size=4,
)


@given(MUTATIONS, st.integers(0, 400), st.sampled_from(["jsonl", "json", "csv", "tsv"]), st.data())
def test_no_message_quotes_an_example(tmp_path_factory, junk, at, format_, data):
    rows = [(f"{SECRET} {number}", f"{SECRET}{number % 2}") for number in range(5)] * 2
    content = {
        "jsonl": "\n".join(json.dumps({"text_input": a, "output": b}) for a, b in rows),
        "json": json.dumps([{"text_input": a, "output": b} for a, b in rows]),
        "csv": "\n".join(["text_input,output", *(f'{a},"{b}"' for a, b in rows)]),
        "tsv": "\n".join(["text_input\toutput", *(f"{a}\t{b}" for a, b in rows)]),
    }[format_]
    keep = data.draw(st.integers(0, 20))
    content = content[:at] + "".join(junk) + content[at + keep :]
    root = tmp_path_factory.mktemp("project")
    (root / "x").write_bytes(content.encode("utf-8", "surrogatepass"))
    checked = check(Files(root), DatasetRef("x", format_), LIMITS)
    assert (checked.facts is None) == any(
        each.severity is Severity.ERROR for each in checked.diagnostics
    )
    assert SECRET not in str(checked.diagnostics)
    keys = [each.sort_key for each in checked.diagnostics]
    assert keys == sorted(keys)


# Many files, and the cache


@pytest.fixture
def cache(tmp_path, later):
    def load():
        place = tmp_path / ".cache" / "datasets.json"
        return FileCache(place, Checked, salt="1", clock=later)

    return load


def refs(project, *names):
    for name in names:
        project.write_rows(name, [*TWENTY, (name, name)])
    return [(DatasetRef(name, "jsonl"), Limits()) for name in names]


def test_all_are_checked_in_the_order_wanted(project):
    wanted = refs(project, "b.jsonl", "a.jsonl")
    wanted.append((DatasetRef("missing.jsonl", "jsonl"), Limits()))
    wanted.append(wanted[0])
    result = check_all(project.root, wanted)
    assert list(result) == [ref for ref, _ in wanted[:3]]
    assert [bool(each.facts) for each in result.values()] == [True, True, False]
    assert result[wanted[0][0]] == project.check("b.jsonl", Limits())


def test_a_shared_dataset_obeys_the_strictest_limits(project):
    ((ref, _),) = refs(project, "a.jsonl")
    narrow = Limits(output_characters=3)
    for wanted in ([(ref, Limits()), (ref, narrow)], [(ref, narrow), (ref, Limits())]):
        assert codes(check_all(project.root, wanted)[ref])[0] == "field-too-long"


@given(*[st.builds(Limits, *[st.integers(1, 9)] * 4)] * 2)
def test_the_strictest_limits_suit_both(one, other):
    both = strictest(one, other)
    assert both == strictest(other, one)
    assert strictest(both, one) == both
    assert both.input_characters <= one.input_characters
    assert both.examples_least >= one.examples_least


def forge(place):
    """Let a cache claim something about every file that it knows."""
    text = (place / ".cache" / "datasets.json").read_text()
    (place / ".cache" / "datasets.json").write_text(text.replace('"examples":21', '"examples":9'))


def test_an_unchanged_file_is_not_read_again(project, cache):
    wanted = refs(project, "a.jsonl")
    ref = wanted[0][0]
    first = cache()
    assert check_all(project.root, wanted, first)[ref].facts.examples == 21
    first.save()
    # What the cache says is believed, so the file was not read.
    forge(project.root)
    assert check_all(project.root, wanted, cache())[ref].facts.examples == 9
    project.write_rows("a.jsonl", TWENTY)
    assert check_all(project.root, wanted, cache())[ref].facts.examples == 20


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ({"preamble": "p"}, Limits()),
        ({"input_field": "output", "output_field": "text_input"}, Limits()),
        ({"format": "json"}, Limits()),
        ({}, Limits(examples_least=22)),
        ({}, Limits(output_characters=3)),
        ({}, Limits(dataset_bytes=4)),
    ],
)
def test_what_is_remembered_holds_for_one_way_of_reading(project, cache, options, limits):
    wanted = refs(project, "a.jsonl")
    first = cache()
    check_all(project.root, wanted, first)
    first.save()
    other = replace(wanted[0][0], **options)
    remembered = check_all(project.root, [(other, limits)], cache())
    assert remembered == check_all(project.root, [(other, limits)])


def test_warnings_are_remembered_and_errors_are_not(project, cache):
    project.write_rows("few.jsonl", [("a", "b"), ("a", "c")])
    project.write("wrong.jsonl", "oops")
    wanted = [(DatasetRef(name, "jsonl"), Limits()) for name in ("few.jsonl", "wrong.jsonl")]
    first = cache()
    expected = check_all(project.root, wanted, first)
    first.save()
    text = (project.root / ".cache" / "datasets.json").read_text()
    assert "wrong.jsonl" not in text
    assert "few.jsonl" in text
    assert check_all(project.root, wanted, cache()) == expected
    assert codes(expected[wanted[0][0]]) == ["few-examples", "conflicting-examples"]


def test_files_that_cannot_be_looked_at_need_no_cache(project, cache):
    wanted = [(DatasetRef(path, "jsonl"), Limits()) for path in ("../x", "missing", "")]
    assert check_all(project.root, wanted, cache()) == check_all(project.root, wanted)


def test_more_examples_than_the_service_takes(project):
    project.write_rows("x.jsonl", TWENTY)
    checked = project.check("x.jsonl", Limits(examples_most=19))
    assert told(checked) == [
        ("x.jsonl", "too-many-examples", "20 examples, the limit is 19"),
    ]
    assert checked.facts is None
    assert project.check("x.jsonl", Limits(examples_most=20)).diagnostics == ()


def test_the_part_that_is_meant_is_what_counts(project):
    project.write_rows("x.jsonl", TWENTY)
    files = Files(project.root)
    limits = Limits(examples_least=0, examples_most=19)
    for held_out in (False, True):
        ref = DatasetRef("x.jsonl", "jsonl", holdout=0.5, held_out=held_out)
        assert check(files, ref, limits).facts.examples < 20


TOKENS = Limits(examples_least=0, example_tokens=10)
"""50 characters at 5 a token."""


@pytest.mark.parametrize(
    ("rows", "preamble", "lines"),
    [
        ([("i" * 25, "o" * 25)], "", None),
        ([("i" * 26, "o" * 25)], "", "1 row surely above 10 tokens"),
        ([("i" * 25, "o" * 25)], ">", "1 row surely above 10 tokens"),
        ([("short", "x"), ("i" * 50, "o"), ("i", "o" * 50)], "", "2 rows surely above 10 tokens"),
        ([("é" * 25, "o" * 25)], "", None),
    ],
)
def test_tokens_that_are_surely_too_many(project, rows, preamble, lines):
    project.write_rows("x.jsonl", rows)
    checked = project.check("x.jsonl", TOKENS, preamble=preamble)
    assert checked.facts is not None
    if lines is None:
        assert checked.diagnostics == ()
    else:
        (found,) = checked.diagnostics
        assert (found.code, found.severity) == ("many-tokens", Severity.WARNING)
        assert found.detail.startswith(lines)


def test_the_strictest_of_limits_that_may_not_exist():
    one, other = Limits(examples_most=5), Limits(example_tokens=7, examples_most=6)
    both = strictest(one, other)
    assert (both.examples_most, both.example_tokens) == (5, 7)
    assert both == strictest(other, one)
    assert both.validation_examples_most is None


@pytest.mark.parametrize("preamble", ["", "Next: "])
def test_what_is_sent_may_be_larger_than_the_file(project, preamble):
    project.write_rows("x.jsonl", [("é", "1"), ('"', "2")])
    sent = len('"é""1"'.encode()) + len(r'"\"""2"') + 2 * (len(preamble) + 100)
    limits = Limits(examples_least=0, sent_bytes=sent, sent_bytes_each=100)
    assert project.check("x.jsonl", limits, preamble=preamble).diagnostics == ()
    checked = project.check("x.jsonl", replace(limits, sent_bytes=sent - 1), preamble=preamble)
    (found,) = checked.diagnostics
    assert (found.code, found.severity) == ("dataset-too-large", Severity.ERROR)
    assert found.detail == (
        f"{sent} bytes in the form in which the service takes the examples, the limit is {sent - 1}"
    )
    assert checked.facts is None
