"""What is left over, and what became of it."""

import dataclasses
from datetime import UTC, datetime

from tuneform.domain.cleaning import CleaningReport, Discarded
from tuneform.domain.live import Leftover, LiveState
from tuneform.domain.names import Owner
from tuneform.domain.plan import Patch
from tuneform.domain.spec import Fields
from tuneform.render.cleaning import cleaning_json, cleaning_text, leftover_words
from tuneform.render.look import Look
from tuneform.render.output import ServedModel, output_text
from tuneform.render.plan_json import step_json
from tuneform.render.show import show_json, show_text
from tuneform.render.status import status_json, status_text, version_word
from tuneform.render.steps import step_words

from .values import live, mark, show_view, start, status_report

UPLOAD = Leftover(
    "gs://bucket/one.jsonl",
    "upload",
    "No version was trained from it.",
    datetime(2026, 1, 31, tzinfo=UTC),
)
UNDATED = Leftover("endpoints/7", "endpoint", "It holds no model.")


def report(*results: Discarded) -> CleaningReport:
    return CleaningReport(Owner("demo"), "somewhere", results)


def test_a_leftover_in_words():
    assert leftover_words(UPLOAD) == (
        "upload gs://bucket/one.jsonl (2026-01-31): No version was trained from it."
    )
    assert leftover_words(UNDATED) == "endpoint endpoints/7: It holds no model."


def test_the_closing_line_counts():
    gone, left = Discarded(UPLOAD), Discarded(UNDATED, "permission denied")
    assert cleaning_text(report(gone), Look()) == "Prune: 1 leftover deleted."
    assert cleaning_text(report(gone, left), Look()) == (
        "endpoints/7 is still there: permission denied\nPrune: 1 leftover deleted, 1 left."
    )
    assert [report().exit_code, report(gone, left).exit_code, report(left).exit_code] == [0, 8, 1]


def test_the_same_for_programs():
    assert cleaning_json(report(Discarded(UPLOAD), Discarded(UNDATED, "no"))) == {
        "format_version": "1.0",
        "owner": "demo",
        "provider": "somewhere",
        "leftovers": [
            {
                "remote": "gs://bucket/one.jsonl",
                "kind": "upload",
                "why": "No version was trained from it.",
                "created": "2026-01-31T00:00:00+00:00",
                "deleted": True,
                "error": None,
            },
            {
                "remote": "endpoints/7",
                "kind": "endpoint",
                "why": "It holds no model.",
                "created": None,
                "deleted": False,
                "error": "no",
            },
        ],
        "exit_code": 8,
    }


def test_status_lists_what_is_left_over():
    told = dataclasses.replace(status_report(), leftovers=(UNDATED,))
    assert (
        "Left over: nothing uses them any more. `tuneform prune --leftovers` deletes them.\n"
        "  endpoint endpoints/7: It holds no model.\n"
    ) in status_text(told, Look(120)) + "\n"
    assert [each["remote"] for each in status_json(told)["leftovers"]] == ["endpoints/7"]
    assert "leftovers" not in status_json(status_report())
    unread = dataclasses.replace(told, unread="What is left over cannot be told: no bucket.")
    assert "cannot be told" in status_text(unread, Look())


def test_status_tells_an_address_where_the_name_does_not_say_it():
    (model, *rest) = status_report().models
    elsewhere = dataclasses.replace(model, address="endpoints/9")
    told = dataclasses.replace(status_report(), models=(elsewhere, *rest))
    assert f"{model.model}: applications call endpoints/9." in status_text(told, Look(120))
    assert status_json(told)["models"][0]["address"] == "endpoints/9"
    assert "address" not in status_json(status_report())["models"][0]


def test_show_tells_where_a_version_answers_and_what_was_billed():
    view = show_view()
    (version,) = view.versions
    found = dataclasses.replace(
        version.live,
        endpoint="endpoints/9",
        tokens=12_345,
        labels=(("team", "growth"),),
        extras=(("exportLastCheckpointOnly", True), ("kmsKeyName", "keys/k")),
    )
    view = dataclasses.replace(view, versions=(dataclasses.replace(version, live=found),))
    text = show_text(view, Look(120))
    settings = "exportLastCheckpointOnly true, encryptionKey keys/k"
    for words in ("endpoints/9", "12,345 billed for its training", "team=growth", settings):
        assert words in text
    told = show_json(view)["versions"][0]
    assert (told["endpoint"], told["tokens"], told["labels"]) == (
        "endpoints/9",
        12_345,
        {"team": "growth"},
    )
    assert told["extras"] == {"exportLastCheckpointOnly": True, "encryptionKey": "keys/k"}
    idle = dataclasses.replace(found, endpoint=None, deployed=False)
    view = dataclasses.replace(view, versions=(dataclasses.replace(version, live=idle),))
    assert "nothing: it is not deployed" in show_text(view, Look(120))
    assert show_json(view)["versions"][0]["deployed"] is False
    assert version_word(view.versions[0], None) == "not deployed"


def test_the_record_of_a_training_without_a_model_says_so():
    tried = dataclasses.replace(live("m", state=LiveState.FAILED), spent=True)
    view = dataclasses.replace(
        show_view(), versions=(dataclasses.replace(show_view().versions[0], live=tried),)
    )
    assert show_json(view)["versions"][0]["spent"] is True


def test_labels_in_steps():
    edited = dataclasses.replace(
        start("m"), fields=Fields(display_name="M", labels=(("team", "growth"),))
    )
    assert step_json(edited)["fields"] == {"displayName": "M", "labels": {"team": "growth"}}
    assert "labels" not in step_json(start("m"))["fields"]
    patch = Patch("jobs/1", Fields(labels=(("team", "growth"),)), mark("m"))
    assert step_words(patch, "jobs/1") == ("edit", "label team")


def test_output_tells_what_applications_call():
    assert "endpoints/9" in output_text({"m": ServedModel("endpoints/9")}, Look())
