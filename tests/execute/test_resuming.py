"""A saved plan on a provider that assigns ids: read from its file, killed, and carried on with."""

from dataclasses import replace

import pytest
from tests.engine.builders import declare, spec
from tests.execute.fake import LOST
from tests.execute.test_unnamed import SERVICE, Story
from tests.planfile.documents import read_back, saved_document

from tuneform.domain.report import Status
from tuneform.domain.spec import DatasetRef
from tuneform.engine.replay import replay
from tuneform.planfile import restore

PARENT = spec("parent", labels={"team": "growth"}, gate="held-out", keep=0)
CHILD = spec("child", "own", tuned_from="parent", keep=0)
VALID = replace(
    spec("measured"),
    validation=DatasetRef("datasets/valid.jsonl", "jsonl"),
    extras=(("exportLastCheckpointOnly", True), ("kmsKeyName", "keys/one")),
)
FAMILY = (PARENT, CHILD, VALID)


def saved(story, *specs):
    desired = declare(*specs, capabilities=SERVICE)
    return desired, read_back(saved_document(story.plan(*specs), desired))


def left(story, desired, document):
    replayed = replay(restore(document, desired), document.texts, desired, story.live())
    assert replayed.drifts == ()
    return replayed


def before():
    """What an earlier commit has left behind: versions to supersede, and a training to stop."""
    story = Story()
    story.apply_all(spec("parent", "old", labels={"team": "other"}, keep=0))
    story.apply_all(
        spec("parent", "old", labels={"team": "other"}, keep=0), spec("child", "older"), wait=False
    )
    story.events.clear()
    return story


@pytest.mark.parametrize("kill", range(0, 40, 2))
def test_a_plan_that_was_cut_short_goes_on_from_where_it_stopped(kill):
    story = before()
    desired, document = saved(story, *FAMILY)
    story.stops_after = kill
    story.run(left(story, desired, document).plan)
    story.stops_after = None
    story.clock.sleep(kill)
    report = story.run(left(story, desired, document).plan)
    assert {each.status for each in report.outcomes} <= {Status.DONE, Status.UNCHANGED}
    assert not left(story, desired, document).plan.has_steps
    assert all(count == 1 for count in story.provider.trainings.values())
    assert story.plan(*FAMILY).is_empty


def test_a_lost_reply_and_a_kill_leave_one_training():
    story = Story()
    desired, document = saved(story, VALID)
    story.provider.fault("start", LOST)
    story.provider.list_lag = 120.0  # longer than anybody looks
    report = story.run(left(story, desired, document).plan)
    assert report.outcomes[0].status is Status.FAILED
    story.clock.sleep(120)
    replayed = left(story, desired, document)
    assert replayed.done >= 1  # the start, and by now the training
    assert story.run(replayed.plan).outcomes[0].status is Status.DONE
    assert story.provider.trainings.total() == 1


def test_what_the_file_says_of_validation_and_extras_comes_back():
    story = Story()
    desired, document = saved(story, VALID)
    (change,) = restore(document, desired).changes
    start = change.steps[0]
    assert (start.validation, start.extras) == (VALID.validation, VALID.extras)
    assert start.validation_digest == desired.models[0].validation.digest
    assert start == story.plan(VALID).changes[0].steps[0]


def test_a_label_that_was_edited_meanwhile_makes_the_plan_stale():
    story = Story()
    story.apply_all(spec(labels={"team": "growth"}))
    want = spec(data="second", labels={"team": "growth"})
    desired, document = saved(story, want)
    story.provider.edit("jobs/1", labels=(("team", "theirs"),))
    (drift,) = replay(restore(document, desired), document.texts, desired, story.live()).drifts
    assert str(drift) == "jobs/1: its label team was changed since the plan was made"
    assert "growth" not in str(document.texts)


def test_a_delete_of_what_failed_meanwhile_is_over():
    story = Story()
    story.apply_all(spec(data="old"), wait=False)
    desired, document = saved(story, spec())
    story.provider.cancel("jobs/1")
    story.clock.sleep(10)
    assert story.provider.find(story.provider.objects["jobs/1"].mark)[0].spent
    replayed = left(story, desired, document)
    assert [step.do for step in replayed.plan.changes[0].steps] == ["start", "watch", "promote"]
    assert story.run(replayed.plan).outcomes[0].status is Status.DONE
    assert story.plan(spec()).is_empty


def test_an_edit_of_one_label_stays_an_edit_of_one_label():
    story = Story()
    want = spec(labels={"team": "growth", "tier": "1"})
    story.apply_all(want)
    story.provider.edit("jobs/1", labels=(("team", "theirs"), ("tier", "1")))
    desired, document = saved(story, want)
    restored = restore(document, desired)
    assert restored.changes[0].steps == story.plan(want).changes[0].steps
    assert story.run(left(story, desired, document).plan).outcomes[0].status is Status.DONE
    assert story.plan(want).is_empty
