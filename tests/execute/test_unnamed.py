"""Whole stories on a provider that assigns ids: planned by the engine, carried out by `execute`."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.builders import ASSIGNING, change_of, declare, spec
from tests.execute.assigning import AssigningProvider
from tests.execute.fake import LOST
from tests.execute.world import EXAMPLES, World

from tuneform.domain.live import LiveSet, RecordedSet
from tuneform.domain.mark import Verdict
from tuneform.domain.plan import Action, Cancel, ReasonCode, Release, Start, Watch
from tuneform.domain.report import Status
from tuneform.domain.spec import DatasetRef
from tuneform.engine.plan import make_destroy_plan, make_plan
from tuneform.errors import Exhausted, Forbidden, ServiceFailure, Unreachable
from tuneform.execute import Options, execute

SERVICE = replace(ASSIGNING, stores_labels=True, edits_training=False)


class Story(World):
    """A world whose provider assigns ids, and the planner."""

    def __post_init__(self):
        self.provider = AssigningProvider(self.clock, seconds=self.seconds)

    def plan(self, *specs, staging=False):
        desired = declare(*specs, capabilities=SERVICE)
        return make_plan(desired, self.live(), RecordedSet(), staging=staging)

    def destroy(self, *specs):
        return make_destroy_plan(declare(*specs, capabilities=SERVICE), self.live(), RecordedSet())

    def live(self):
        return LiveSet(tuple(self.provider.list()))

    def run(self, plan, **options):
        return execute(
            plan,
            provider=self.provider,
            ledger=self.ledger,
            clock=self.clock,
            examples=lambda _: EXAMPLES,
            validation=self.validation,
            questions=self.questions,
            notify=self.events.append,
            options=Options(**{"poll_first": 1.0, "poll_most": 10.0, **options}),
            stopping=self._stops,
        )

    def apply_all(self, *specs, **options):
        return self.run(self.plan(*specs), **options)

    @property
    def jobs(self):
        return {remote: live for remote, live in self.provider.objects.items() if live.origin}


def only(report):
    (outcome,) = report.outcomes
    return outcome


def test_a_model_is_trained_promoted_and_then_left_alone():
    story = Story()
    outcome = only(story.apply_all(spec()))
    assert outcome.status is Status.DONE
    assert outcome.change.remote == "jobs/1"
    assert {step.remote for step in outcome.performed} == {"jobs/1"}
    assert story.serving() == ["jobs/1"]
    after = story.plan(spec())
    assert after.is_empty
    assert change_of(after, "support").remote == "jobs/1"


def test_the_record_names_what_was_begun_as_soon_as_it_has_a_name():
    story = Story()
    story.apply_all(spec())
    named = [each for each in story.ledger.entries if each[0] == "name"]
    assert [each[2] for each in named] == ["jobs/1"]
    intents = [each[3] for each in story.ledger.entries if each[0] == "intend"]
    assert [(each.do, each.remote) for each in intents] == [
        ("start", None),
        ("watch", "jobs/1"),
        ("promote", "jobs/1"),
    ]
    assert story.ledger.trainings["jobs/1"].tokens == 1_000


def test_a_replaced_version_goes_when_its_successor_serves():
    story = Story()
    story.apply_all(spec(keep=0))
    assert only(story.apply_all(spec(data="second", keep=0))).status is Status.DONE
    assert story.serving() == ["jobs/2"]
    assert story.provider.deleted == ["jobs/1"]
    assert story.plan(spec(data="second", keep=0)).is_empty


def test_a_lost_reply_never_becomes_a_second_create():
    story = Story()
    story.provider.list_lag = 30.0
    story.provider.fault("start", LOST)
    assert only(story.apply_all(spec())).status is Status.DONE
    assert story.provider.count("start") == 1
    assert story.serving() == ["jobs/1"]


@pytest.mark.parametrize("error", [Unreachable("cut off"), ServiceFailure("500", status=500)])
def test_where_nothing_comes_to_light_the_create_is_given_up_and_not_repeated(error):
    story = Story()
    story.provider.fault("start", error)
    outcome = only(story.apply_all(spec()))
    assert outcome.status is Status.FAILED
    assert "may have begun all the same" in outcome.message
    assert story.provider.count("start") == 1
    assert story.clock.monotonic() >= 60
    assert only(story.apply_all(spec())).status is Status.DONE
    assert story.provider.trainings.total() == 1


def test_a_look_that_fails_after_a_lost_reply_is_tried_again():
    story = Story()
    story.provider.fault("start", LOST)
    story.provider.fault("find", None, Unreachable("cut off"), Unreachable("cut off"))
    assert only(story.apply_all(spec())).status is Status.DONE
    assert story.provider.count("start") == 1


def test_nothing_is_sent_where_nobody_can_tell_what_is_there():
    story = Story()
    story.provider.fault("find", Forbidden("no"))
    outcome = only(story.apply_all(spec()))
    assert (outcome.status, outcome.code) == (Status.FAILED, Forbidden.code)
    assert story.provider.count("start") == 0


def test_what_did_not_begin_is_sent_again_after_another_look():
    story = Story()
    story.provider.fault("start", Exhausted("quota"), Unreachable("no route", sent=False))
    assert only(story.apply_all(spec())).status is Status.DONE
    assert story.provider.count("start") == 3
    assert story.provider.count("find") >= 3
    assert story.provider.trainings.total() == 1


def test_what_the_plan_could_not_see_yet_is_found_before_the_create():
    story = Story()
    decided = story.plan(spec())
    story.run(story.plan(spec()), wait=False)
    outcome = only(story.run(decided))
    assert outcome.status is Status.DONE
    assert outcome.message == "jobs/1 had been begun already"
    assert story.provider.count("start") == 1


def test_a_try_that_failed_meanwhile_is_no_reason_to_try_again():
    story = Story()
    decided = story.plan(spec())
    story.provider.failing["jobs/1"] = "bad data"
    story.apply_all(spec())
    outcome = only(story.run(decided))
    assert (outcome.status, outcome.code) == (Status.HELD, ReasonCode.TRAINING_FAILED)
    assert story.provider.count("start") == 1


def test_the_younger_of_two_twins_stops_its_own_training():
    story = Story()

    def another(provider):
        """Somebody begins the same training at the very moment, a little earlier."""
        provider._jobs += 1
        born = change_of(story.plan_before, "support").steps[0].mark
        live = replace(
            story.template, remote="jobs/0", mark=born, origin=born, created=story.clock.now()
        )
        provider.put(live)

    story.plan_before = story.plan(spec())
    donor = Story()
    donor.apply_all(spec(), wait=False)
    story.template = donor.provider.objects["jobs/1"]
    story.provider.fault("start", another)
    outcome = only(story.run(story.plan_before))
    assert outcome.status is Status.DONE
    assert outcome.message == "jobs/0 was begun a moment before, so jobs/2 was told to stop"
    assert story.serving() == ["jobs/0"]
    story.clock.sleep(10)
    assert story.plan(spec()).is_empty


def test_twins_that_remain_are_reported_with_their_names_and_a_remedy():
    story = Story()
    decided = story.plan(spec())
    story.provider.list_lag = 1e6
    story.run(decided, wait=False)
    story.clock.sleep(5)
    story.run(decided, wait=False)
    story.provider.list_lag = 0.0
    change = change_of(story.plan(spec()), "support")
    assert (change.action, change.reason.code) == (Action.HOLD, ReasonCode.DUPLICATE)
    assert change.reason.message == (
        "jobs/1 and jobs/2 are the same version, trained more than once. jobs/1 is the oldest, "
        "begun 2026-01-01 00:00:00 UTC. `tuneform cancel support --version 2` stops jobs/2; what "
        "it was trained until then is paid for."
    )
    story.provider.cancel("jobs/2")
    assert change_of(story.plan(spec()), "support").action is Action.WAIT
    assert only(story.apply_all(spec())).status is Status.DONE
    assert story.plan(spec()).is_empty


def test_twins_that_are_trained_are_let_go():
    story = Story()
    decided = story.plan(spec())
    story.provider.list_lag = 1e6
    story.run(decided, wait=False)
    story.run(decided, wait=False)
    story.provider.list_lag = 0.0
    story.clock.sleep(100)
    message = change_of(story.plan(spec()), "support").reason.message
    assert "`tuneform forget support --version 2` lets jobs/2 go" in message
    story.provider.edit("jobs/2", mark=None)
    assert only(story.apply_all(spec())).status is Status.DONE
    assert story.plan(spec()).is_empty


def test_a_failed_training_holds_the_model_and_is_never_deleted():
    story = Story()
    story.provider.failing["jobs/1"] = "bad data"
    assert only(story.apply_all(spec())).code == ReasonCode.TRAINING_FAILED
    change = change_of(story.plan(spec()), "support")
    assert (change.action, change.reason.code) == (Action.HOLD, ReasonCode.TRAINING_FAILED)
    assert [each.remote for each in change.versions] == ["jobs/1"]
    assert only(story.apply_all(spec(revision=2))).status is Status.DONE
    assert story.plan(spec(revision=2)).is_empty
    assert story.provider.deleted == []
    assert story.plan().changes[0].remote != "jobs/1"


def test_an_undeclared_model_with_nothing_but_failures_is_no_change():
    story = Story()
    story.provider.failing["jobs/1"] = "bad data"
    story.apply_all(spec())
    assert story.plan().changes == ()
    assert story.destroy(spec()).changes == ()


def test_a_superseded_training_is_cancelled_and_its_mark_not_written():
    story = Story()
    story.apply_all(spec(), wait=False)
    outcome = only(story.apply_all(spec(data="second")))
    assert outcome.status is Status.DONE
    assert story.provider.objects["jobs/1"].spent
    assert ("patch", "jobs/1") not in story.provider.written
    assert story.plan(spec(data="second")).is_empty


def test_a_cancel_that_comes_too_late_leaves_a_version_to_delete():
    story = Story()
    story.provider.stop_seconds = 1e6
    story.apply_all(spec(keep=0), wait=False)
    want = spec(data="second", keep=0)
    story.provider.fault("cancel", lambda provider: provider.ends.update({"jobs/1": 0.0}))
    assert only(story.apply_all(want)).status is Status.DONE
    assert story.provider.deleted == ["jobs/1"]
    assert story.plan(want).is_empty


def cancelling(story):
    """Cancel what is in training, as the command does."""
    (running,) = story.live().objects
    order = change_of(story.plan(spec()), "support")
    steps = (Cancel(running.remote),)
    return replace(story.plan(spec()), changes=(replace(order, steps=steps, versions=(running,)),))


@pytest.mark.parametrize("seconds", [1.0, 12.0])
def test_what_is_trained_although_it_was_cancelled_gets_the_word(seconds):
    """The state of the training cannot say it any longer, and nobody wants it to serve."""
    story = Story()
    story.apply_all(spec(), wait=False)
    story.provider.stop_seconds = seconds
    story.provider.unstoppable.add("jobs/1")
    outcome = only(story.run(cancelling(story)))
    assert outcome.status is Status.DONE
    assert "jobs/1 was trained before it stopped; it never serves" in outcome.message
    assert story.provider.count("cancel") == 1
    assert story.provider.objects["jobs/1"].mark.cancelled
    assert change_of(story.plan(spec()), "support").reason.code == ReasonCode.TRAINING_CANCELLED


def test_a_cancel_ends_when_the_training_has_stopped():
    story = Story()
    story.apply_all(spec(), wait=False)
    outcome = only(story.run(cancelling(story)))
    assert (outcome.status, outcome.message) == (Status.DONE, "")
    assert story.provider.objects["jobs/1"].spent


def test_a_training_that_takes_long_to_stop_is_left_to_the_service():
    story = Story()
    story.provider.stop_seconds = 600.0
    story.apply_all(spec(keep=0), wait=False)
    story.seconds = story.provider.seconds = 1.0
    story.provider.ends["jobs/1"] = 1e6
    want = spec(data="second", keep=0)
    outcome = only(story.apply_all(want))
    assert outcome.status is Status.DONE
    assert "jobs/1 is still being stopped" in outcome.message
    assert story.plan(want).is_empty
    story.clock.sleep(600)
    assert story.plan(want).is_empty
    assert story.provider.objects["jobs/1"].spent


def test_a_training_is_retained_only_when_it_is_trained():
    story = Story()
    story.apply_all(spec(deletion="retain"), wait=False)
    decided = story.plan()
    assert decided.changes[0].steps == (Watch("jobs/1"), Release("jobs/1"))
    assert only(story.run(decided)).status is Status.DONE
    assert story.provider.objects["jobs/1"].mark is None
    assert story.plan().changes == ()


def test_a_training_is_renamed_only_when_it_is_trained():
    story = Story()
    story.apply_all(spec("old-name"), wait=False)
    want = spec("new-name", "first", formerly=("old-name",))
    want = replace(want, fields=replace(want.fields, display_name="old-name"))
    assert only(story.apply_all(want)).status is Status.DONE
    assert story.provider.trainings.total() == 1
    assert story.provider.objects["jobs/1"].mark.model == "new-name"
    assert story.plan(want).is_empty


def test_a_lost_mark_holds_the_model_and_trains_nothing():
    story = Story()
    story.apply_all(spec())
    story.provider.edit("jobs/1", mark=None)
    change = change_of(story.plan(spec()), "support")
    assert (change.action, change.reason.code) == (Action.HOLD, ReasonCode.MARK_MISSING)
    assert "tuneform import jobs/1 --as support" in change.reason.message
    assert story.plan(spec(data="second")).summary[Action.CREATE] == 1


def test_a_child_starts_from_the_name_that_its_parent_was_given():
    story = Story()
    family = (spec("parent"), spec("child", "own", tuned_from="parent"))
    report = story.apply_all(*family)
    assert [each.status for each in report.outcomes] == [Status.DONE] * 2
    assert story.provider.objects["jobs/2"].source == "jobs/1"
    assert story.plan(*family).is_empty


def test_declared_labels_are_edited_and_others_stay():
    story = Story()
    story.apply_all(spec(labels={"team": "growth"}))
    story.provider.edit("jobs/1", labels=(("cost-center", "7"), ("team", "other")))
    decided = story.plan(spec(labels={"team": "growth"}))
    (delta,) = decided.changes[0].deltas
    assert (delta.field, delta.before, delta.after, delta.effect) == (
        "metadata.labels.team",
        "other",
        "growth",
        "in-place",
    )
    assert only(story.run(decided)).status is Status.DONE
    assert story.provider.objects["jobs/1"].labels == (("cost-center", "7"), ("team", "growth"))
    assert story.plan(spec(labels={"team": "growth"})).is_empty
    assert story.plan(spec()).is_empty


def test_a_serving_version_that_is_not_deployed_is_promoted_again():
    story = Story()
    story.apply_all(spec())
    story.provider.undeploy("jobs/1")
    change = change_of(story.plan(spec()), "support")
    assert (change.action, change.reason.code) == (Action.PROMOTE, ReasonCode.NOT_SERVING)
    assert "nothing answers for it" in change.reason.message
    assert only(story.apply_all(spec())).status is Status.DONE
    assert story.provider.objects["jobs/1"].endpoint == "endpoints/1"
    assert story.plan(spec()).is_empty


def test_a_promotion_that_does_not_deploy_is_no_success():
    story = Story()
    story.apply_all(spec())
    story.provider.undeploy("jobs/1")
    story.provider._deploy = lambda _: None
    outcome = only(story.apply_all(spec()))
    assert (outcome.status, outcome.code) == (Status.FAILED, ReasonCode.NOT_SERVING)


def test_a_gate_asks_where_the_versions_answer():
    story = Story()
    story.apply_all(spec())
    want = spec(data="second", gate="held-out")
    assert only(story.apply_all(want)).status is Status.DONE
    asked = {remote for verb, remote in story.provider.calls if verb == "ask"}
    assert asked == {"endpoints/2"}
    assert story.plan(want).is_empty


def test_a_gate_that_nobody_answers_to_is_held_before_anything_is_done():
    story = Story()
    story.apply_all(spec(data="other"))
    story.run(story.plan(spec(gate="held-out"), staging=True), wait=False)
    story.clock.sleep(100)
    story.live()
    story.provider.undeploy("jobs/2")
    change = change_of(story.plan(spec(gate="held-out")), "support")
    assert (change.action, change.reason.code) == (Action.HOLD, ReasonCode.NOT_EVALUATED)


def test_validation_examples_and_extras_travel_with_the_create():
    story = Story()
    ref = DatasetRef("datasets/valid.jsonl", "jsonl")
    decided = story.plan(spec())
    change = decided.changes[0]
    start = replace(
        change.steps[0], validation=ref, validation_digest="ef" * 32, extras=(("keyName", "k"),)
    )
    change = replace(change, steps=(start, *change.steps[1:]))
    story.run(replace(decided, changes=(change,)))
    assert story.provider.validations == [(("five", "six"),)]
    assert story.provider.extras == [(("keyName", "k"),)]


@pytest.mark.parametrize("lag", [0.0, 20.0])
def test_ten_racing_applies_report_every_training_that_they_began(lag):
    """What no request id can prevent is counted, and told by the next plan."""
    story = Story()
    story.provider.list_lag = lag
    plans = [story.plan(spec()) for _ in range(10)]
    gate = Barrier(10)

    def race(decided):
        gate.wait(600)
        own = Story(provider=None)
        own.provider, own.clock = story.provider, story.clock
        return own.run(decided, wait=False)

    with ThreadPoolExecutor(10) as pool:
        reports = list(pool.map(race, plans))
    assert all(only(each).status is Status.STARTED for each in reports)
    story.clock.sleep(story.provider.list_lag + 1)
    begun = story.provider.trainings.total()
    assert 1 <= begun <= 10
    assert begun == story.provider.count("start")
    going = [each for each in story.live().objects if not each.mark.cancelled]
    change = change_of(story.plan(spec()), "support")
    if len(going) == 1:
        assert change.action is Action.WAIT
    else:
        assert change.reason.code is ReasonCode.DUPLICATE
        assert all(each.remote in change.reason.message for each in going)
    assert going, "the oldest one always goes on"


faults = st.lists(
    st.sampled_from([LOST, Unreachable("cut off"), Exhausted("quota"), None]), max_size=3
)


@settings(max_examples=60)
@given(
    starts=faults,
    finds=st.lists(st.sampled_from([Unreachable("cut off"), None]), max_size=4),
    lag=st.sampled_from([0.0, 5.0, 45.0]),
    steps=st.lists(st.sampled_from(["apply", "kill", "again", "wait"]), min_size=1, max_size=5),
)
def test_no_run_sends_a_second_create_however_lists_lag(starts, finds, lag, steps):
    story = Story()
    story.provider.list_lag = lag
    story.provider.fault("start", *starts)
    story.provider.fault("find", *finds)
    for step in steps:
        before = story.provider.trainings.total()
        sent = story.provider.count("start")
        exhausted = sum(each is not None for each in story.provider.faults["start"])
        match step:
            case "wait":
                story.clock.sleep(120)
            case "kill":
                story.apply_all(spec(), wait=False)
            case "apply" | "again":
                story.apply_all(spec())
        assert story.provider.trainings.total() <= before + 1
        assert story.provider.count("start") <= sent + exhausted + 1
        story.clock.sleep(lag)  # the next run begins when reads have caught up
    story.provider.faults.clear()
    story.clock.sleep(200)
    for _ in range(2):
        story.apply_all(spec())
    assert story.provider.trainings.total() == 1
    assert story.plan(spec()).is_empty


@settings(max_examples=40)
@given(
    wishes=st.lists(st.sampled_from(["first", "second", "third", None]), min_size=2, max_size=6),
    failing=st.sets(st.integers(1, 5), max_size=2),
    waits=st.booleans(),
)
def test_nothing_that_was_spent_is_ever_touched_and_inputs_are_tried_once(wishes, failing, waits):
    story = Story()
    story.provider.failing = {f"jobs/{each}": "bad data" for each in failing}
    for data in wishes:
        specs = () if data is None else (spec(data=data, keep=1),)
        story.apply_all(*specs, wait=waits)
        story.clock.sleep(100)
        story.apply_all(*specs)
        after = story.plan(*specs)
        assert not after.has_steps, after
    tried = story.provider.trainings
    deleted = story.provider.deleted
    assert all(not story.provider.objects[each].spent for each in story.serving())
    # What was deleted may be trained again; what ended badly is there for ever.
    spent = [each for each in story.provider.objects.values() if each.spent]
    assert not {each.remote for each in spent} & set(deleted)
    assert all(
        tried[each.origin.model, each.origin.fingerprint] == 1
        for each in spent
        if not each.mark.cancelled
    )


def test_a_verdict_is_written_on_what_the_provider_named():
    story = Story()
    want = spec(gate="held-out")
    story.apply_all(want)
    verdict = story.provider.objects["jobs/1"].mark.verdict
    gate = declare(want, capabilities=SERVICE).models[0].gate
    assert verdict == Verdict(True, gate.short)
    assert any(isinstance(each, Start) for each in [step for _, step in _intents(story)])


def _intents(story):
    return [(each[2], each[3]) for each in story.ledger.entries if each[0] == "intend"]
