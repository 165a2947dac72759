"""Laws of apply whatever the manifests become, others edit, fails, or breaks off.

`world` holds each run and each request to: only planned steps, no object that is not ours, every
served model served at every moment, no set of inputs trained twice. Here it is decided what
happens; and once nothing fails any longer, two runs must put all right.

TUNEFORM_MACHINE_EXAMPLES asks for more, or fewer, histories than the suite takes time for.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.cli.project import BASE
from tests.reliability.world import World

from tuneform.domain.live import LiveState
from tuneform.domain.plan import Action
from tuneform.domain.report import Status
from tuneform.errors import TuneformError
from tuneform.service.fault_file import faults_of

NAMES = ("one", "two", "three", "four")
EXAMPLES = int(os.environ.get("TUNEFORM_MACHINE_EXAMPLES", "20"))
CREATE = {"method": "POST", "path": "tunedModels"}
WRITE = {"method": "P[AO][TS]*", "path": "tunedModels*"}

FAULTS = (
    {"effect": "lose", **CREATE, "times": 1, "per": "name"},
    {"effect": "lose", **CREATE},
    {"effect": "lose", "method": "PATCH", "times": 1, "per": "name"},
    {"effect": "lose", "method": "PATCH"},
    {"effect": "lose", "method": "DELETE"},
    {"effect": "lose", "probability": 0.2},
    {"effect": "cut", **WRITE, "probability": 0.5},
    {"effect": "cut", "framed": False, "probability": 0.1},
    {"effect": "reset", "probability": 0.3},
    {"effect": "twice", "probability": 0.5},
    {"effect": "hang", "seconds": 500, "probability": 0.1},
    {"effect": "status", "code": 429, "retry_after": 3, "probability": 0.2},
    {"effect": "status", "code": 500, "probability": 0.2},
    {"effect": "status", "code": 502, "html": True, "times": 3},
    {"effect": "status", "code": 503, "seconds": 20, "after": 5, "times": 1},
    {"effect": "status", "code": 401, "after": 9},
    {"effect": "status", "code": 403, "method": "PATCH", "probability": 0.5},
    {"effect": "appears_late", "seconds": 5},
    {"effect": "appears_late", "seconds": 90, "reads": "all"},
    {"effect": "lingers", "seconds": 5},
    {"effect": "lingers", "seconds": 90, "reads": "all"},
    {"effect": "operation_vanishes"},
)

BREAKS = st.integers(2, 40).flatmap(
    lambda number: st.sampled_from(
        [
            {"effect": "reset", "after": number},  # as if the process were killed
            {"effect": "lose", "after": number},
        ]
    )
)

model_names = st.sampled_from(NAMES)
places = st.integers(0, 11)


class Histories(RuleBasedStateMachine):
    """One project, from its first manifest on."""

    @initialize(
        cancelled=st.sampled_from(["ACTIVE", "FAILED"]),
        deleting=st.sampled_from(["allowed", "refused"]),
        ids=st.sampled_from(["free", "free", "spent"]),
        quota=st.sampled_from([None, None, 1]),
        moves=st.booleans(),
    )
    def begin(self, cancelled, deleting, ids, quota, moves):
        self.closing = ExitStack()
        root = Path(self.closing.enter_context(tempfile.TemporaryDirectory()))
        self.world = World(
            root,
            self.closing,
            cancelled_state=cancelled,
            delete_while_training=deleting,
            deleted_ids=ids,
            concurrent_trainings=quota,
            patch_moves_update_time=moves,
        )
        self.generation = 0
        self.declared = {}
        self.strangers = 0
        self.failing = False
        self.world.fails = lambda _: self.failing
        project = self.world.project
        project.settings(provider={"type": "embedded"})
        project.data("data/held.jsonl", [(f"held out {word}", "nothing") for word in "abc"])
        for name in NAMES[:2]:
            self.declare(name)

    def teardown(self):
        if hasattr(self, "closing"):
            try:
                self.settle()
            finally:
                self.closing.close()

    # --- manifests

    # No set of inputs comes back: what was deleted by plan may be trained again, and then counts
    # would say nothing.

    @rule(
        name=model_names,
        deletion=st.sampled_from(["delete", "delete", "prevent", "retain"]),
        keep=st.integers(0, 2),
    )
    def declare(self, name, deletion="delete", keep=1):
        spec = {"lifecycle": {"deletionPolicy": deletion, "keepVersions": keep}}
        self.declared[name] = {**spec, "dataset": self.dataset()}
        for other in self.declared.values():
            formerly = [each for each in other.get("formerly") or () if each != name]
            other["formerly"] = formerly or None
        self.write(name)

    @rule(name=model_names)
    def remove(self, name):
        if self.declared.pop(name, None):
            self.orphan(name)
            self.write()

    @rule(name=model_names, new=model_names)
    def rename(self, name, new):
        if name not in self.declared or new in self.declared:
            return
        spec = self.declared.pop(name)
        spec["formerly"] = [*(each for each in spec.get("formerly") or () if each != new), name]
        for other in self.declared.values():
            formerly = [each for each in other.get("formerly") or () if each != new]
            other["formerly"] = formerly or None
            if other.get("tunedFrom") == name:
                other["tunedFrom"] = new
        self.declared[new] = spec
        self.write()

    @rule(name=model_names, new_data=st.booleans())
    def train_anew(self, name, new_data):
        if spec := self.declared.get(name):
            if new_data:
                spec["dataset"] = self.dataset()
            self.write(None if new_data else name)

    @rule(name=model_names, text=st.sampled_from(["Says.", "Tells."]), heat=st.sampled_from([0, 1]))
    def edit_fields(self, name, text, heat):
        if spec := self.declared.get(name):
            spec |= {"description": text, "temperature": heat, "displayName": f"The {text}"}
            self.write()

    @rule(name=model_names, least=st.sampled_from([None, 0, 1]))
    def gate(self, name, least):
        if spec := self.declared.get(name):
            metrics = {"exactMatch": {"min": least}}
            gate = {"dataset": {"path": "../data/held.jsonl"}, "metrics": metrics}
            spec["gate"] = None if least is None else gate
            self.write()

    @rule(name=model_names, parent=model_names)
    def chain(self, name, parent):
        above, seen = parent, {name}
        while above in self.declared and above not in seen:
            seen.add(above)
            above = self.declared[above].get("tunedFrom")
        if name in self.declared and parent in self.declared and above is None:
            self.declared[name]["tunedFrom"] = parent
            self.write(name)

    def orphan(self, name):
        for spec in self.declared.values():
            if spec.get("tunedFrom") == name:
                spec["tunedFrom"] = None
                spec["revision"] = self.next()

    def next(self):
        self.generation += 1
        return self.generation

    def dataset(self):
        number = self.next()
        pairs = [(f"{number} {each}", str(each)) for each in range(20)]
        self.world.project.data(f"data/{number}.jsonl", pairs)
        return {"path": f"../data/{number}.jsonl"}

    def write(self, anew=None):
        if anew:
            self.declared[anew]["revision"] = self.next()
        project = self.world.project
        for file in (project.root / "models").iterdir():
            file.unlink()
        for name, spec in self.declared.items():
            origin = {} if spec.get("tunedFrom") else {"baseModel": BASE, "tunedFrom": None}
            settled = {"epochCount": 1, "batchSize": 20}
            project.model(name, **{**spec, **origin, "hyperparameters": settled})

    # --- others

    def pick(self, place):
        names = sorted(self.world.objects())
        return names[place % len(names)] if names else None

    def edit(self, kind, place):
        """Edit an object as others do; the names that are concerned."""
        remote = self.pick(place)
        if remote is None:
            return set()
        live = self.world.objects()[remote]
        call = self.world.remote.call
        lines = call("GET", remote).get("description", "").splitlines()
        match kind:
            case "delete":
                if live.state is LiveState.TRAINING:
                    return set()  # some services refuse that
                call("DELETE", remote)
                self.world.deletions[remote] += 1
            case "unmark":
                self.world.remote.describe(remote, "\n".join(lines[:-1]))
            case "describe":
                self.world.remote.describe(remote, "\n".join(["Said by hand.", *lines[-1:]]))
            case "name":
                body = {"displayName": f"By hand {self.next()}"}
                call("PATCH", remote, body, updateMask="displayName")
        return {remote} | ({live.mark.model} if live.mark else set())

    kinds = st.sampled_from(["delete", "unmark", "describe", "name"])

    @rule(kind=kinds, place=places)
    def edit_by_hand(self, kind, place):
        self.edit(kind, place)

    @rule(place=places, kind=st.sampled_from(["copy", "other owner", "none"]))
    def train_by_hand(self, place, kind):
        remote = self.pick(place)
        marks = {"none": "", "other owner": f"tuneform/v1 owner=other model=one {FORMER}"}
        if kind == "copy" and remote:
            marks["copy"] = self.world.remote.call("GET", remote).get("description", "")
        self.strangers += 1
        if self.world.service._settings.behaviour.concurrent_trainings is None:
            self.world.remote.create(
                f"stranger-{self.strangers}", description=marks.get(kind, "Mine.")
            )

    # --- runs

    @rule(
        faults=st.lists(st.sampled_from(FAULTS), max_size=2),
        breaks=st.none() | BREAKS,
        seed=st.integers(0, 99),
        failing=st.sampled_from([False, False, False, True]),
        staging=st.sampled_from([False, False, False, True]),
        wait=st.sampled_from([True, True, True, False]),
        stops_after=st.none() | st.none() | st.integers(0, 12),
        between=st.none() | st.tuples(kinds, places),
        meanwhile=st.none() | st.tuples(st.integers(1, 20), kinds, places),
        forgets=st.booleans(),
    )
    def apply(
        self,
        *,
        faults,
        breaks,
        seed,
        failing,
        staging,
        wait,
        stops_after,
        between,
        meanwhile,
        forgets,
    ):
        if forgets:
            self.world.forget()
        rules = [*faults, *([breaks] if breaks else [])]
        self.world.service.faults.put(faults_of({"rules": rules, "seed": seed}))
        self.failing = failing
        try:
            prepared = self.world.prepare(staging=staging, wait=wait)
        except TuneformError:
            return
        edited = self.edit(*between) if between else set()
        protected = self.world.protected(self.names())
        edits = {}
        if meanwhile:
            number, *edit = meanwhile
            edits[number] = [lambda: self.edit(*edit)]
        self.world.run(prepared, edits=edits, stops_after=stops_after)
        assert not protected & self.world.witness.written - self.world.witness.expects.edited
        assert not edited & self.world.witness.written, "what was edited since the plan is left"

    def names(self):
        formerly = (each.get("formerly") or () for each in self.declared.values())
        return {*self.declared, *(name for names in formerly for name in names)}

    @precondition(lambda self: self.generation)
    @rule()
    def settle(self):
        """Once nothing fails, two runs put all right."""
        self.world.service.faults.clear()
        self.failing = False
        self.world.clock.sleep(100)
        self.world.apply()
        report = self.world.apply()
        held = {each.change.model for each in report.outcomes if each.status is Status.HELD}
        rest = [
            change
            for change in self.world.prepare().planned.plan.changes
            if change.action not in (Action.KEEP, Action.HOLD) and change.model not in held
        ]
        assert not rest, (rest, report)


FORMER = "fingerprint=aaaaaaaaaa data=bbbbbbbbbb rev=1 serving"

Histories.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=12,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.reuse, Phase.generate, Phase.shrink],  # to explain a history takes minutes
)
TestHistories = Histories.TestCase
