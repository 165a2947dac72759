"""Descriptions, marks and objects: there and back, whatever they hold."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.live import Live, LiveState, LossPoint
from tuneform.domain.mark import PREFIX, VERSION, DeletionPolicy, Mark, Verdict, parse_mark
from tuneform.domain.names import NAME, SHORT
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.providers.gemini import codec, wire
from tuneform.providers.gemini.codec import join_description, split_description

names = st.from_regex(NAME, fullmatch=True)
shorts = st.from_regex(SHORT, fullmatch=True)
marks = st.builds(
    Mark,
    owner=st.one_of(names, st.builds("{}/{}".format, names, names)),
    model=names,
    fingerprint=shorts,
    data=shorts,
    revision=st.integers(1, 999_999_999),
    serving=st.booleans(),
    staged=st.booleans(),
    pinned=st.none() | shorts,
    verdict=st.none() | st.builds(Verdict, st.booleans(), shorts),
    deletion=st.sampled_from(DeletionPolicy),
    cancelled=st.booleans(),
    adopted=st.none() | names,
)
hostile = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(["\n", "\r\n", "\r", " ", "\t", "\x0b", "\x85", "\u2028", "\0", "\u202e"]),
        st.sampled_from([PREFIX, VERSION, f"{VERSION} owner=a model=b", f"{VERSION} serving"]),
        marks.map(str),
    ),
    max_size=6,
).map("".join)


@given(hostile, marks)
def test_text_and_mark_come_back_to_the_letter(text, mark):
    assert split_description(join_description(text, mark)) == (text, mark)


@given(hostile, marks, st.sampled_from(["", "\n", "\n\n", " \n\t", "\r\n"]))
def test_blank_lines_after_the_mark_are_no_matter(text, mark, blanks):
    assert split_description(join_description(text, mark) + blanks) == (text, mark)


@given(hostile)
def test_taking_the_mark_off_uncovers_no_other(text):
    assert split_description(join_description(text, None))[1] is None


@given(marks, marks)
def test_not_even_of_a_pile_of_marks(lower, upper):
    pile = f"Answers.\n{lower}\n{upper}\n{lower}\n{upper}"

    assert join_description(pile, None) == "Answers."


@given(hostile)
def test_text_without_a_mark_stays_to_the_letter(text):
    description, mark = split_description(text)
    if mark is None:
        assert description == text
    else:
        assert text.startswith(description)


@given(marks)
def test_the_short_way_reads_what_the_long_way_reads(mark):
    assert split_description(str(mark)) == ("", parse_mark(str(mark)))


@given(st.lists(st.sampled_from([*VERSION, " ", "=", "owner=", "model=a", "rev=1", "\n"])))
def test_near_marks_are_judged_by_the_domain_alone(words):
    line = "".join(words)
    assert split_description(f"{PREFIX} {line}")[1] == parse_mark(
        f"{PREFIX} {line}".rstrip().rpartition("\n")[2]
    )


LINE = f"{VERSION} owner=demo model=support fingerprint=abcdefghij data=klmnopqrst rev=3"
MARK = Mark("demo", "support", "abcdefghij", "klmnopqrst", 3)


@pytest.mark.parametrize(
    ("text", "description", "mark"),
    [
        ("", "", None),
        ("Answers.", "Answers.", None),
        (LINE, "", MARK),
        (f"Answers.\n{LINE}", "Answers.", MARK),
        (f"Answers.\n\n{LINE}\n \n", "Answers.\n", MARK),
        (f"  {LINE}  ", "", MARK),
        (f"Answers. {LINE}", f"Answers. {LINE}", None),
        (f"{LINE}\nedited below", f"{LINE}\nedited below", None),
        (f"x\n{VERSION} serving", f"x\n{VERSION} serving", None),
        (f"{LINE}\n{LINE} serving", LINE, replace(MARK, serving=True)),
    ],
)
def test_only_a_last_line_that_is_a_mark_is_taken_off(text, description, mark):
    assert split_description(text) == (description, mark)


def test_unknown_words_are_kept():
    _, mark = split_description(f"x\n{LINE} later=word")

    assert mark.unknown == ("later=word",)
    assert join_description("x", mark) == f"x\n{LINE} later=word"


FULL = {
    "name": "tunedModels/support-abcdefghij",
    "displayName": "Support",
    "description": f"Answers.\n{LINE}",
    "baseModel": "models/gemini-1.5-flash-001-tuning",
    "temperature": 0.699999988,
    "topP": 0.949999988,
    "topK": 64,
    "state": "ACTIVE",
    "createTime": "2026-01-02T03:04:05.123456Z",
    "updateTime": "2026-01-02T04:04:05.123456Z",
    "tuningTask": {
        "hyperparameters": {"epochCount": 5, "batchSize": 4, "learningRate": 0.00100000005},
        "snapshots": [
            {"step": 2, "epoch": 1, "meanLoss": 0.1, "computeTime": "2026-01-02T03:04:05Z"},
            {"step": 1, "meanLoss": 3.3365562},
            {"step": 3, "epoch": 1, "meanLoss": "NaN"},
        ],
    },
    "readerProjectNumbers": ["123456789012"],
}


def read(value: object) -> Live:
    return codec.read_model(msgspec.json.decode(json.dumps(value), type=wire.TunedModel))


def test_an_object_in_full():
    live = read(FULL)

    assert live.curve[:2] == (LossPoint(1, 0, 3.3365562), LossPoint(2, 1, 0.1))
    assert math.isnan(live.curve[2].loss)
    assert live == Live(
        remote="tunedModels/support-abcdefghij",
        state=LiveState.ACTIVE,
        mark=MARK,
        display_name="Support",
        description="Answers.",
        base="models/gemini-1.5-flash-001-tuning",
        hyperparameters=Hyperparameters(5, 4, 0.001),
        temperature=0.7,
        top_p=0.95,
        top_k=64,
        created=datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC),
        curve=live.curve,
    )
    assert live == read(FULL)  # not even a loss that is not a number tells two looks apart


def test_an_object_with_nothing_but_a_name():
    assert read({"name": "tunedModels/x"}) == Live("tunedModels/x", LiveState.UNKNOWN)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("CREATING", LiveState.TRAINING),
        ("ACTIVE", LiveState.ACTIVE),
        ("FAILED", LiveState.FAILED),
        (1, LiveState.TRAINING),
        (2, LiveState.ACTIVE),
        (3, LiveState.FAILED),
        (0, LiveState.UNKNOWN),
        (17, LiveState.UNKNOWN),
        ("STATE_UNSPECIFIED", LiveState.UNKNOWN),
        ("PAUSED", LiveState.UNKNOWN),
        (None, LiveState.UNKNOWN),
    ],
)
def test_states(state, expected):
    assert read({"name": "tunedModels/x", "state": state}).state is expected


def test_the_base_of_a_model_tuned_on_a_tuned_model():
    source = {"tunedModel": "tunedModels/parent", "baseModel": "models/text-bison-001"}
    live = read({"name": "tunedModels/x", "tunedModelSource": source})

    assert (live.source, live.base) == ("tunedModels/parent", "models/text-bison-001")


def test_a_time_without_a_zone_is_utc():
    live = read({"name": "tunedModels/x", "createTime": "2026-01-02T03:04:05"})

    assert live.created == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_create_sends_only_what_is_set(say):
    body = json.loads(codec.write_creation(say.creation()))

    assert body == {
        "displayName": "Support",
        "description": f"Answers.\n{say.mark()}",
        "baseModel": "models/gemini-1.5-flash-001-tuning",
        "temperature": 0.7,
        "tuningTask": {
            "hyperparameters": {"epochCount": 5, "learningRate": 0.001},
            "trainingData": {
                "examples": {
                    "examples": [
                        {"textInput": "1", "output": "2"},
                        {"textInput": "zwölf", "output": "dreizehn 🎈"},
                    ]
                }
            },
        },
    }


def test_a_create_on_top_of_a_tuned_model(say):
    body = json.loads(codec.write_creation(say.creation(base=None, source="tunedModels/parent")))

    assert body["tunedModelSource"] == {"tunedModel": "tunedModels/parent"}
    assert "baseModel" not in body


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), max_size=5))
def test_examples_are_sent_as_they_are(examples):
    body = msgspec.json.encode(
        wire.Examples([wire.Example(text, output) for text, output in examples])
    )

    sent = json.loads(body)["examples"]
    assert [(each["textInput"], each["output"]) for each in sent] == examples


LIVE = Live(
    "tunedModels/x",
    LiveState.ACTIVE,
    mark=MARK,
    display_name="Support",
    description="Answers.",
    temperature=0.7,
    top_p=0.95,
    top_k=64,
)
SERVING = MARK.promoted()


@pytest.mark.parametrize(
    ("fields", "mark", "sent"),
    [
        (Fields(), MARK, {}),
        (Fields("Support", "Answers.", 0.7, 0.95, 64), MARK, {}),
        (Fields(temperature=0.699999988079071), MARK, {}),
        (Fields(display_name="Helper"), MARK, {"displayName": "Helper"}),
        (Fields(), SERVING, {"description": f"Answers.\n{SERVING}"}),
        (Fields(description="New."), MARK, {"description": f"New.\n{MARK}"}),
        (Fields(description=""), MARK, {"description": str(MARK)}),
        (Fields(), None, {"description": "Answers."}),
        (Fields(description=""), None, {"description": ""}),
        (
            Fields(temperature=0.1, top_p=0.5, top_k=1),
            MARK,
            {"temperature": 0.1, "topP": 0.5, "topK": 1},
        ),
        (
            Fields(display_name="Helper", description="New."),
            SERVING,
            {"displayName": "Helper", "description": f"New.\n{SERVING}"},
        ),
    ],
)
def test_an_edit_sends_only_what_changes(fields, mark, sent):
    edit = codec.write_edit(LIVE, fields, mark)

    assert json.loads(msgspec.json.encode(edit)) == sent
    assert set(codec.edited(edit)) == set(sent)
