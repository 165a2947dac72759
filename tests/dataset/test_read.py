"""What is in a file is read the same way in every format; what is wrong is told with its place."""

import csv
import io
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tuneform.dataset.digest import dataset_digest, digests_of
from tuneform.dataset.files import Files
from tuneform.dataset.read import parse, read
from tuneform.dataset.rows import Fault, Row
from tuneform.dataset.source import blocks
from tuneform.domain.spec import DatasetRef

FORMATS = ("jsonl", "json", "csv", "tsv")


def found(content, format_, pieces=None, **options):
    """Rows and faults of a content."""
    ref = DatasetRef("x", format_, **options)
    rows, faults = [], []
    for each in parse(pieces if pieces is not None else [content] if content else [], ref):
        if isinstance(each, Fault):
            faults.append(each)
        else:
            rows += each.rows()
    return rows, faults


def rows(content, format_, **options):
    read_rows, faults = found(content, format_, **options)
    assert faults == []
    return read_rows


def told(content, format_, **options):
    """The faults of a content in short: line, column, code."""
    return [
        (line, column, code) for line, column, code, *_ in found(content, format_, **options)[1]
    ]


TWO = [Row(1, "a", "b"), Row(2, "c", "d")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"text_input":"a","output":"b"}\n{"text_input":"c","output":"d"}\n', TWO),
        (b'{"text_input":"a","output":"b"}\n{"text_input":"c","output":"d"}', TWO),
        (b'{"text_input":"a","output":"b"}\r\n{"text_input":"c","output":"d"}\r\n', TWO),
        (b'{"output":"b","text_input":"a"}\n { "text_input" : "c" , "output" : "d" } \n', TWO),
        (b'{"text_input":"a","output":"b"}\n\n \t\r\n{"text_input":"c","output":"d"}\n\n',
         [Row(1, "a", "b"), Row(4, "c", "d")]),
        (b'{"text_input":"a","output":"b","id":1,"x":[{"output":2}],"y":null}\n',
         [Row(1, "a", "b")]),
        (b'{"id":1,"id":2,"text_input":"output","output":"text_input"}\n',
         [Row(1, "output", "text_input")]),
        (b'{"text\\u005finput":"a","\\u006futput":"b"}\n', [Row(1, "a", "b")]),
        (rb'{"text_input":"\u00e9\ud83d\ude00\/","output":"\n\"\u0000"}' + b"\n",
         [Row(1, "\u00e9\U0001f600/", '\n"\0')]),
        ('{"text_input":"\u00e9\u2028\U0001f600","output":"\x7f"}\n'.encode(),
         [Row(1, "\u00e9\u2028\U0001f600", "\x7f")]),
        (b'{"text_input":"","output":" "}\n', [Row(1, "", " ")]),
        (b"", []),
        (b"\n\n", []),
    ],
)  # fmt: skip
def test_jsonl(content, expected):
    assert rows(content, "jsonl") == expected
    # A blank line in a block makes it be read with care, which must give the same.
    assert rows(b"\n" + content, "jsonl") == [
        Row(each.line + 1, each.text_input, each.output) for each in expected
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'[{"text_input":"a","output":"b"},\n{"text_input":"c","output":"d"}]', TWO),
        (b' [ {"text_input":"a","output":"b"}\n , {"output":"d","text_input":"c"} ] \n',
         [Row(1, "a", "b"), Row(2, "c", "d")]),
        (b'[\n {\n  "text_input": "a",\n  "output": "b"\n }\n]\n', [Row(2, "a", "b")]),
        (b"[]", []),
        (b" [ \n ] ", []),
        (b"", []),
        (b" \n", []),
    ],
)  # fmt: skip
def test_json(content, expected):
    assert rows(content, "json") == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"text_input,output\na,b\nc,d\n", [Row(2, "a", "b"), Row(3, "c", "d")]),
        (b"text_input,output\r\na,b\r\nc,d", [Row(2, "a", "b"), Row(3, "c", "d")]),
        (b"id,output,text_input\n1,b,a\n", [Row(2, "a", "b")]),
        (b'text_input,output\n"a\r\nb","c\nd"\ne,f\n',
         [Row(2, "a\r\nb", "c\nd"), Row(5, "e", "f")]),
        (b'text_input,output\n"say ""yes"", then","x,y"\n', [Row(2, 'say "yes", then', "x,y")]),
        (b'"text_input","output"\n a , b \n', [Row(2, " a ", " b ")]),
        (b"\n  \ntext_input,output\n\na,b\n \n", [Row(5, "a", "b")]),
        (b"text_input,output\n,\n", [Row(2, "", "")]),
        ("text_input,output\na\u2028b\x0b,\u00e9\x85\n".encode(),
         [Row(2, "a\u2028b\x0b", "\u00e9\x85")]),
        (b"text_input,output\n", []),
        (b"", []),
    ],
)  # fmt: skip
def test_csv(content, expected):
    assert rows(content, "csv") == expected


def test_tsv():
    content = b'text_input\toutput\na,b\t"c\td"\n'
    assert rows(content, "tsv") == [Row(2, "a,b", "c\td")]


def test_fields_have_any_name():
    names = {"input_field": 'my "question"', "output_field": "größe"}
    line = json.dumps({names["input_field"]: "a", names["output_field"]: "b"})
    for content in (line, line.replace("\\u00f6", "ö")):
        assert rows(content.encode(), "jsonl", **names) == [Row(1, "a", "b")]
        assert rows(f"[{content}]".encode(), "json", **names) == [Row(1, "a", "b")]
    table = '"my ""question""",größe\na,b\n'.encode()
    assert rows(table, "csv", **names) == [Row(2, "a", "b")]


GOOD = b'{"text_input":"a","output":"b"}\n'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"text_input":"a"}', [(1, 0, "field-missing")]),
        (b"{}", [(1, 0, "field-missing"), (1, 0, "field-missing")]),
        (b'{"text_input":1,"output":null}', [(1, 2, "field-not-text"), (1, 17, "field-not-text")]),
        (b'{"text_input":"a","output":[]}', [(1, 19, "field-not-text")]),
        (b'{"text_input":"a","output":{"a":1}}', [(1, 19, "field-not-text")]),
        (b'{"text_input":"a","output":true}', [(1, 19, "field-not-text")]),
        (b'{"text_input":"a","output":"b","output":"b"}', [(1, 32, "field-duplicate")]),
        (b'{"text_input":"a","output":"b","outpu\\u0074":"b"}', [(1, 32, "field-duplicate")]),
        (b'{"output":1,"text_input":"a","output":"b"}',
         [(1, 2, "field-not-text"), (1, 30, "field-duplicate")]),
        (b"[]", [(1, 1, "row-invalid")]),
        (b'  "text_input"', [(1, 3, "row-invalid")]),
        (b"nul", [(1, 1, "row-invalid")]),
        (b'{"text_input":"a","output":"b"', [(1, 31, "row-invalid")]),
        (b'{"text_input":"a","output":"b}', [(1, 28, "row-invalid")]),
        (b'{"text_input":"a","output":"b"},', [(1, 32, "row-invalid")]),
        (b'{"text_input":"a","output":"b"}{"text_input":"a","output":"b"}',
         [(1, 32, "row-invalid")]),
        (b'{"text_input":"a","output":NaN}', [(1, 0, "row-invalid")]),
        (b'{"text_input":"a","output":"b","x":Infinity}', [(1, 0, "row-invalid")]),
        (b'{"text_input":"a","output":"b","x":01}', [(1, 37, "row-invalid")]),
        (b'{"text_input":"a","output":"b\tc"}', [(1, 30, "row-invalid")]),
        (b'{"text_input":"a\xff","output":"b"}', [(1, 17, "row-invalid")]),
        ('{"text_input":"é'.encode() + b'\xe9","output":"b"}', [(1, 17, "row-invalid")]),
        (b'{"text_input":"a","output":"b","x":"\xed\xa0\x80"}', [(1, 37, "row-invalid")]),
        (rb'{"text_input":"a","output":"\ud800"}', [(1, 19, "row-invalid")]),
        (rb'{"text_input":"\udc00\ud800","output":"b"}', [(1, 2, "row-invalid")]),
        (b'{"text_input":"a","output":"b","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
         [(1, 0, "row-invalid")]),
        (b'{"text_input":"a","output":' + b"9" * 50_000 + b"}", [(1, 19, "field-not-text")]),
        (b"\xef\xbb\xbf" + GOOD[:-1], [(1, 1, "row-invalid")]),
        (b"\0", [(1, 1, "row-invalid")]),
        (b"\x0c", [(1, 1, "row-invalid")]),
        (b'{"text_input":"a","output":"b"}\r{"text_input":"a","output":"b"}',
         [(1, 33, "row-invalid")]),
    ],
    ids=lambda each: repr(each)[:50],
)  # fmt: skip
def test_faults_of_jsonl(line, expected):
    """A broken line spoils no other, wherever it stands."""
    assert told(line, "jsonl") == expected
    read_rows, faults = found(GOOD + line + b"\n" + GOOD, "jsonl")
    assert [(line - 1, column, code) for line, column, code, *_ in faults] == expected
    assert read_rows == [Row(1, "a", "b"), Row(3, "a", "b")]


def test_an_object_over_several_lines_is_no_jsonl():
    assert told(b'{\n"text_input":"a",\n"output":"b"}\n', "jsonl") == [
        (1, 2, "row-invalid"),
        (2, 13, "row-invalid"),
        (3, 9, "row-invalid"),
    ]


@pytest.mark.parametrize(
    ("content", "expected", "count"),
    [
        (b'{"text_input":"a","output":"b"}', [(1, 1, "dataset-invalid")], 0),
        (b'"x"', [(1, 1, "dataset-invalid")], 0),
        (b'[{"text_input":"a","output":"b"}', [(1, 33, "dataset-invalid")], 1),
        (b'[{"text_input":"a","output":"b"},', [(1, 34, "row-invalid")], 1),
        (b'[{"text_input":"a","output":"b"},]', [(1, 34, "row-invalid")], 1),
        (b'[{"text_input":"a","output":"b"} {}]', [(1, 34, "dataset-invalid")], 1),
        (b'[{"text_input":"a","output":"b"}] []', [(1, 35, "dataset-invalid")], 1),
        (b"[\n1,\n{}\n]", [(2, 1, "row-invalid"), (3, 0, "field-missing"),
                             (3, 0, "field-missing")], 0),
        (b'[\n{"text_input":"a",\n "output":1}, {"text_input":"c","output":"d"}]',
         [(3, 2, "field-not-text")], 1),
        (b'[{"text_input":"\xff","output":"b"},{"text_input":"c","output":"d"}]',
         [(1, 17, "row-invalid")], 1),
        (b"[" * 50_000, [(1, 0, "row-invalid")], 0),
        (b"[1.5.5]", [(1, 2, "row-invalid"), (1, 5, "dataset-invalid")], 0),
        (b"[-]", [(1, 2, "row-invalid")], 0),
        (b"[\xff]", [(1, 2, "row-invalid")], 0),
        (b"[NaN]", [(1, 0, "row-invalid")], 0),
        (b"[", [(1, 2, "row-invalid")], 0),
    ],
    ids=lambda each: repr(each)[:50],
)  # fmt: skip
def test_faults_of_json(content, expected, count):
    read_rows, faults = found(content, "json")
    assert [each[:3] for each in faults] == expected
    assert len(read_rows) == count


@pytest.mark.parametrize(
    ("content", "expected", "count"),
    [
        (b"a,b\nc,d\n", [(1, 0, "field-missing")], 0),
        (b"text_input;output\na;b\n", [(1, 0, "field-missing")], 0),
        (b"text_input,output,output\na,b,c\n", [(1, 0, "field-duplicate")], 0),
        (b"text_input,output\na\nb,c,d\ne,f\n", [(2, 0, "row-invalid"), (3, 0, "row-invalid")], 1),
        (b'text_input,output\na,b\n"c,d\ne,f\n', [(3, 0, "row-invalid")], 1),
        (b'text_input,output\n"a"x,b\nc,d\n', [(2, 0, "row-invalid")], 1),
        (b"text_input,output\na\rb,c\nd,e\n", [(2, 0, "row-invalid")], 1),
        (b"text_input,output\na,b\0\nc,d\n", [(2, 4, "row-invalid")], 1),
        (b"text_input,output\na\xff,b\nc,d\n", [(2, 2, "row-invalid")], 1),
        (b'text_input,output\n"a\n\xff\n",b\nc,d\n', [(3, 1, "row-invalid")], 1),
        (b"text_input,output\xff\na,b\n", [(1, 18, "row-invalid"), (2, 0, "field-missing")], 0),
        (b"text_input,output\n" + b"x" * 200_000 + b",a\nb,c\n", [(2, 0, "row-invalid")], 0),
    ],
    ids=lambda each: repr(each)[:50],
)  # fmt: skip
def test_faults_of_csv(content, expected, count):
    read_rows, faults = found(content, "csv")
    assert [each[:3] for each in faults] == expected
    assert len(read_rows) == count


@pytest.mark.parametrize(
    ("content", "format_", "hint"),
    [
        (b'{"text_input":"a","outputs":"b"}', "jsonl", "did you mean outputs?"),
        (b'{"text_input":"a","zzz":"b"}', "jsonl", ""),
        (b"text-input,output\n", "csv", 'did you mean "text-input"?'),
        (b"a,b\n", "csv", "the first row names the columns, with commas between them"),
        (b"a\tb\n", "tsv", "the first row names the columns, with tabs between them"),
        (b'{"a": 1}', "json", 'with one object on each line, the format is "jsonl"'),
    ],
)
def test_hints(content, format_, hint):
    assert found(content, format_)[1][0].hint == hint


# Laws

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
EXAMPLES = st.lists(st.tuples(TEXT, TEXT), max_size=12)


def digest(content, format_, preamble=""):
    digests = []
    for each in parse([content] if content else [], DatasetRef("x", format_, preamble=preamble)):
        assert not isinstance(each, Fault), each
        digests += digests_of(each.canonical)
    return dataset_digest(digests)


def jsonl(examples, end="\n", swap=False, **how):
    objects = [dict([("text_input", a), ("output", b)][:: -1 if swap else 1]) for a, b in examples]
    return "".join(json.dumps(each, **how) + end for each in objects).encode()


def table(examples, delimiter, end, **how):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, **how)
    writer.writerow(["text_input", "output"])
    writer.writerows(examples)
    return text.getvalue().encode()


@given(EXAMPLES, st.randoms(use_true_random=False), st.data())
def test_the_way_of_writing_changes_no_digest(examples, rng, data):
    expected = digest(jsonl(examples), "jsonl")
    shuffled = list(examples)
    rng.shuffle(shuffled)
    how = {
        "end": data.draw(st.sampled_from(["\n", "\r\n", " \n", "\n\n"])),
        "swap": data.draw(st.booleans()),
        "ensure_ascii": data.draw(st.booleans()),
        "separators": data.draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")])),
    }
    assert digest(jsonl(shuffled, **how), "jsonl") == expected
    objects = [{"output": b, "text_input": a, "id": 1} for a, b in shuffled]
    indent = data.draw(st.sampled_from([None, 0, 2]))
    assert digest(json.dumps(objects, indent=indent).encode(), "json") == expected


@given(st.lists(st.tuples(PLAIN, PLAIN), max_size=12), st.data())
def test_tables_give_the_same_digest(examples, data):
    expected = digest(jsonl(examples), "jsonl")
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    assert digest(table(examples, ",", end, quoting=csv.QUOTE_ALL), "csv") == expected
    assert digest(table(examples, "\t", end, quoting=csv.QUOTE_ALL), "tsv") == expected
    assert digest(table(examples, ",", "\r\n"), "csv") == expected


@given(EXAMPLES, PLAIN)
def test_a_preamble_is_put_in_front(examples, preamble):
    written = [(preamble + a, b) for a, b in examples]
    assert digest(jsonl(examples), "jsonl", preamble) == digest(jsonl(written), "jsonl")


CLUMSY = st.sampled_from(
    [b'"text_input"', b'"output"', b'"outpu\\u0074"', b":", b",", b"{", b"}", b"[", b"]", b'"a"',
     b'"', b"\\", b'\\"', b"\\u005f", b"\\ud83d\\ude00", b"\\ud83d", b"\xff", b"\xc3\xa9", b"1",
     b"-", b".5", b"null", b" ", b"\n", b"\r", b"\t", b"\0", b"text_input", b"output", b"a", b"NaN",
     b'{"text_input":"a","output":"b"}', b'{"text_input":"a","output":"b","output":"c"}\n',
     b"\xef\xbb\xbf", b'{"x":[{"output":1}],"text_input":"a","output":"b"}\n']
)  # fmt: skip
CONTENT = st.lists(CLUMSY | st.binary(max_size=3), max_size=30).map(b"".join) | st.builds(
    lambda content, at, junk: content[:at] + junk + content[at + 1 :],
    EXAMPLES.map(jsonl),
    st.integers(0, 300),
    CLUMSY | st.binary(max_size=2),
)


@given(CONTENT)
def test_reading_with_care_gives_the_same(content):
    unusual = b"\n" + content  # for its blank line
    fast_rows, fast_faults = found(content, "jsonl")
    slow_rows, slow_faults = found(unusual, "jsonl")
    assert [(line - 1, *rest) for line, *rest in slow_rows] == fast_rows
    assert [(line - 1, *rest) for line, *rest in slow_faults] == fast_faults


@given(CONTENT, st.sampled_from(FORMATS))
def test_no_content_is_an_exception(content, format_):
    for prefix in (b"", b"[", b"text_input,output\n", b"text_input\toutput\n"):
        read_rows, faults = found(prefix + content, format_)
        for row in read_rows:
            assert row.line > 0
            (row.text_input + row.output).encode()
        assert [each[0] for each in faults] == sorted(each[0] for each in faults)


@given(CONTENT, st.sampled_from(FORMATS), st.data())
def test_where_blocks_end_changes_nothing(content, format_, data):
    content = data.draw(st.sampled_from([b"", b"[", b"text_input,output\n"])) + content
    lines = content.splitlines(keepends=True) if format_ == "json" else cut(content)
    assert found(content, format_, lines) == found(content, format_)
    if format_ == "json":  # which needs no whole lines
        ones = [content[at : at + 1] for at in range(len(content))]
        assert found(content, format_, ones) == found(content, format_)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[1.5,-2e-3,true]", [(1, 2), (1, 6), (1, 12)]),
        (b"[]\xc3", [(1, 3)]),
        (b'[{"text_input":"a","output":"b"}]\xe2\x82', [(1, 34)]),
    ],
)
def test_json_that_arrives_byte_by_byte(content, expected):
    for pieces in ([content], [content[at : at + 1] for at in range(len(content))]):
        assert [each[:2] for each in found(content, "json", pieces)[1]] == expected


def test_only_the_first_byte_order_mark_is_left_out(project):
    project.write("x", b"\xef\xbb\xbf" + GOOD + b"\xef\xbb\xbf" + GOOD)
    for size in (len(GOOD) + 3, 1_000):
        pieces = list(blocks(Files(project.root), "x", 1_000, block_bytes=size))
        assert b"".join(pieces) == GOOD + b"\xef\xbb\xbf" + GOOD
        read_rows, faults = found(b"", "jsonl", pieces)
        assert read_rows == [Row(1, "a", "b")]
        assert [each[:3] for each in faults] == [(2, 1, "row-invalid")]


def cut(content):
    *lines, last = content.split(b"\n")
    return [line + b"\n" for line in lines] + ([last] if last else [])


@given(CONTENT, st.integers(1, 40), st.sampled_from(FORMATS), st.booleans())
def test_how_much_is_read_at_once_changes_nothing(tmp_path_factory, content, size, format_, bom):
    assume(bom or not content.startswith((b"\xff\xfe", b"\xfe\xff")))  # UTF-16 is refused
    root = tmp_path_factory.mktemp("project")
    (root / "x").write_bytes(b"\xef\xbb\xbf" * bom + content)
    pieces = list(blocks(Files(root), "x", 10_000, block_bytes=size + 2))
    if not content.startswith(b"\xef\xbb\xbf"):
        assert b"".join(pieces) == content
    assert all(each.endswith(b"\n") for each in pieces[:-1])
    assert found(content, format_, pieces) == found(b"".join(pieces), format_)


def test_files_are_closed(project):
    project.write("x.jsonl", GOOD * 100_000)
    reading = read(Files(project.root), DatasetRef("x.jsonl", "jsonl"), 10_000_000)
    next(reading)
    reading.close()
