"""Laws of every run, whatever is planned, fails, lags, or is edited from outside."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.execute.fake import LOST
from tests.execute.world import World, change, remote, start

from tuneform.domain.live import LiveState
from tuneform.domain.plan import (
    Action,
    Cancel,
    Delete,
    Promote,
    ReasonCode,
    Release,
    Start,
    Watch,
)
from tuneform.domain.report import Status
from tuneform.errors import Exhausted, Forbidden, ServiceFailure, Unreachable

MODELS = ("a", "b", "c")  # each is tuned on top of the one before, where the case says so

FAULTS = {
    "start": [LOST, Unreachable("cut off"), ServiceFailure("500"), Exhausted("quota"), None],
    "observe": [Unreachable("cut off"), None, None],
    "patch": [LOST, Unreachable("cut off"), None, None],
    "delete": [Unreachable("cut off"), Forbidden("no"), None],
    "list": [Unreachable("cut off"), None],
    "training": [Unreachable("cut off"), None],
    "cancel": [Unreachable("cut off"), None],
}


def plan_for(model, wanted, live, parents):
    """What a planner would ask for: enough of one to keep the executor busy."""
    versions = [
        each for each in live.values() if each.mark is not None and each.mark.model == model
    ]
    versions.sort(key=lambda each: each.remote, reverse=True)
    if wanted is None:
        running = [each for each in versions if each.state is LiveState.TRAINING]
        steps = [Cancel(each.remote) for each in running]
        steps += [Delete(each.remote) for each in versions]
        return change(model, Action.DELETE, *steps, versions=versions) if versions else None
    name = remote(model, wanted)
    here = live.get(name)
    others = [each for each in versions if each.remote != name]
    unfit = here is not None and (
        here.mark is None or here.mark.cancelled or here.state is LiveState.FAILED
    )
    if unfit:
        return change(model, Action.HOLD, code=ReasonCode.TRAINING_FAILED, versions=versions)
    if here is not None and here.serves and not others:
        return change(model, Action.KEEP, versions=versions)
    steps = [Cancel(each.remote) for each in others if each.state is LiveState.TRAINING]
    if here is None:
        source, parent = parents
        steps.append(start(model, wanted, source=source, parent=parent))
    if here is None or here.state is LiveState.TRAINING:
        steps.append(Watch(name))
    clears = tuple(each.remote for each in others if each.mark.serving)
    steps.append(Promote(name, clears))
    steps += [Delete(each.remote) for each in others]
    return change(model, Action.REPLACE, *steps, versions=versions)


class Runs(RuleBasedStateMachine):
    @initialize(chained=st.booleans(), lag=st.sampled_from([0.0, 0.0, 20.0]))
    def begin(self, chained, lag):
        self.world = World(seconds=30)
        self.provider = self.world.provider
        self.provider.lag = self.provider.list_lag = lag
        self.chained = chained
        self.wanted = {}
        self.generation = 0
        self.report = None
        self.wish(["new"] * 3)

    # --- what happens between runs

    def wish(self, wishes):
        for model, each in zip(MODELS, wishes, strict=True):
            if each == "new":
                self.generation += 1
                tail = f"version{self.generation:03}"
                self.wanted[model] = tail.translate(str.maketrans("018", "xyz"))
            elif each == "drop":
                self.wanted.pop(model, None)

    @rule(model=st.sampled_from(MODELS))
    def let_training_fail(self, model):
        if model in self.wanted:
            self.provider.failing[remote(model, self.wanted[model])] = "the loss is not a number"

    # Several workers may get a fault in another order each time. So what is drawn depends on no
    # object, and a rule that finds none does nothing.

    def object_at(self, place):
        names = sorted(self.provider.objects)
        return names[place % len(names)] if names else None

    @rule(place=st.integers(0, 11), description=st.sampled_from(["x", "y"]))
    def edit(self, place, description):
        if name := self.object_at(place):
            self.provider.edit(name, description=description)

    @rule(place=st.integers(0, 11))
    def delete_behind_our_back(self, place):
        if name := self.object_at(place):
            del self.provider.objects[name]
            self.provider.spent.add(name)

    # --- runs

    @rule(
        wishes=st.lists(st.sampled_from(["new", "drop", "same"]), min_size=3, max_size=3),
        parallelism=st.integers(1, 3),
        wait=st.booleans(),
        timeout=st.sampled_from([None, None, 0.0, 10.0]),
        stops_after=st.one_of(st.none(), st.none(), st.integers(0, 12)),
        edited=st.booleans(),
        faults=st.fixed_dictionaries(
            {},
            optional={
                verb: st.lists(st.sampled_from(each), min_size=1, max_size=5)
                for verb, each in FAULTS.items()
            },
        ),
    )
    def apply(self, *, wishes, parallelism, wait, timeout, stops_after, edited, faults):
        self.wish(wishes)
        self.provider.faults.clear()
        plan = self.plan()
        for verb, each in faults.items():
            self.provider.fault(verb, *each)
        if edited and self.provider.objects:
            self.provider.edit(min(self.provider.objects), display_name="Edited after the plan")
        self.run(plan, stops_after, parallelism=parallelism, wait=wait, timeout=timeout)

    @rule()
    def apply_in_peace(self):
        self.provider.faults.clear()
        self.world.clock.sleep(60)
        self.run(self.plan(), None)
        for outcome in self.report.outcomes:
            if outcome.status is Status.SKIPPED:
                assert self.chained
            elif outcome.status is Status.FAILED:
                assert outcome.code == ReasonCode.TRAINING_FAILED
            else:
                assert outcome.status in (Status.DONE, Status.UNCHANGED, Status.HELD)
        done = {each.change.model for each in self.report.outcomes if each.status is Status.DONE}
        again = [each for each in self.plan() if each.model in done]
        assert not any(each.steps for each in again), "what is done is not done again"

    def plan(self):
        live = self.world.plan_live()
        changes = []
        for place, model in enumerate(MODELS):
            parents = (None, None)
            if self.chained and place and MODELS[place - 1] in self.wanted:
                parent = MODELS[place - 1]
                parents = (remote(parent, self.wanted[parent]), parent)
            changes.append(plan_for(model, self.wanted.get(model), live, parents))
        return [each for each in changes if each is not None]

    def run(self, plan, stops_after, **options):
        self.world.events.clear()
        self.world.ledger.entries.clear()
        self.provider.written.clear()
        self.provider.history.clear()
        self.world.stops_after = stops_after
        self.report = self.world.apply(*plan, **options)

    # --- laws

    @invariant()
    def only_planned_steps_are_performed_and_in_order(self):
        for outcome in self.outcomes():
            steps, performed = outcome.change.steps, outcome.performed
            places = [steps.index(step) for step in performed]
            assert places == sorted(set(places))
            last = (Delete, Release)
            body = [step for step in steps if not isinstance(step, last)]
            done = [step for step in performed if not isinstance(step, last)]
            assert done == body[: len(done)]
            if len(done) < len(body):
                assert done == list(performed), "nothing is deleted before the rest is done"
            if outcome.status is Status.DONE:
                assert performed == steps

    @invariant()
    def nothing_else_is_touched(self):
        ours = {live.remote for each in self.outcomes() for live in each.change.versions}
        starts = {
            step.remote
            for each in self.outcomes()
            for step in each.change.steps
            if isinstance(step, Start)
        }
        assert {name for _, name in self.provider.written} <= ours | starts

    @invariant()
    def nothing_is_trained_twice(self):
        assert all(count == 1 for count in self.provider.created.values())

    @invariant()
    def an_old_version_goes_only_after_the_new_one_serves(self):
        successor = {
            delete.remote: promote.remote
            for each in self.outcomes()
            for promote in each.change.steps
            if isinstance(promote, Promote)
            for delete in each.change.steps
            if isinstance(delete, Delete)
        }
        for verb, name, objects in self.provider.history:
            if verb == "delete" and name in successor:
                assert objects[successor[name]].serves

    @invariant()
    def a_cancelled_version_never_serves(self):
        for _, _, objects in self.provider.history:
            for live in objects.values():
                assert live.mark is None or not (live.mark.serving and live.mark.cancelled)

    @invariant()
    def every_intent_is_settled_before_the_run_ends(self):
        entries = self.world.ledger.entries
        intended = sorted(entry[1] for entry in entries if entry[0] == "intend")
        assert intended == sorted(entry[1] for entry in entries if entry[0] == "settle")

    @invariant()
    def every_change_ends_once(self):
        ended = [event.outcome for event in self.world.events if hasattr(event, "outcome")]
        assert sorted(map(repr, ended)) == sorted(map(repr, self.outcomes()))

    def outcomes(self):
        return self.report.outcomes if self.report else ()


Runs.TestCase.settings = settings(max_examples=80, stateful_step_count=25)
TestRuns = Runs.TestCase
