"""What differs between the dialects where laws are checked and histories are made.

Each dialect reads what a service shows without the code under test: things with a name, the words
of a mark, and a state. `versions` are the things that models have; where one is made of several,
they are joined.

Where the service assigns ids, trainings are counted by what they are for. Nothing there refuses a
second create, so the law is another one: a run begins one training at most for the same, and never
a second one where lists do not lag and no request arrives twice or late.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tests.cli.project import BASE, NUMBERS
from tests.reliability import vertex

from tuneform.app.speaking import speak_gemini, speak_vertex
from tuneform.app.wiring import capabilities_of
from tuneform.domain.live import LiveState
from tuneform.domain.spec import Fields, ProviderSpec
from tuneform.providers.vertex.labels import HOLDS
from tuneform.providers.vertex.operations import Pace


@dataclass(frozen=True)
class Seen:
    """One thing that a service shows.

    Attributes:
        name: that commands take for it.
        mark: its words and their values; `true` for a bare one; none where it bears no mark.
        state: of a version ACTIVE where it answers; of what has no state, nothing.
        content: all that is shown.
    """

    name: str
    mark: Mapping[str, str]
    state: str
    content: Any

    @property
    def serves(self):
        """Whether applications may be calling it."""
        return self.state == "ACTIVE" and "serving" in self.mark


STRANGERS_MARK = "fingerprint=aaaaaaaaaa data=bbbbbbbbbb rev=1 serving"


class Gemini:
    """The tunedModels API."""

    dialect = "gemini"
    collection = "/v1beta/tunedModels"
    block = MappingProxyType({"type": "embedded"})
    settled = MappingProxyType({"epochCount": 1, "batchSize": 20})
    create = MappingProxyType({"method": "POST", "path": "tunedModels"})
    write = MappingProxyType({"method": "P[AO][TS]*", "path": "tunedModels*"})
    sampled = True

    @staticmethod
    def shown(remote):
        """Everything that a service shows."""
        return [
            Seen(name, _last_line(each.get("description", "")), each["state"], each)
            for name, each in remote.live().items()
        ]

    versions = shown

    @staticmethod
    def is_astray(_version):
        """Whether it answers although it is not to, where only what serves is to be deployed."""
        return False

    @staticmethod
    def idle(_remote, _owner):
        """Names of what an owner has that holds nothing."""
        return set()

    @staticmethod
    def train(remote, name, pairs):
        """Train something that bears no mark; a name that it can be imported by."""
        remote.train(name, pairs)
        return name

    @staticmethod
    def leave_over(_remote, _owner):
        """Have something left over; whether there can be such a thing."""
        return False

    @staticmethod
    def furnish(remote):
        """What strangers have."""
        remote.train("stranger")

    @staticmethod
    def recorded(step):
        """What a start is called in the record."""
        return step["remote"]

    @staticmethod
    def known_as(trained):
        """What a training is called in the record."""
        return trained

    @staticmethod
    def provider(line):
        return speak_gemini(line, capabilities_of(ProviderSpec("embedded")))

    @staticmethod
    def verb(method, _path):
        """Whether a request writes: as PATCH or as DELETE; None where it does not."""
        return method if method in ("PATCH", "DELETE") else None

    @staticmethod
    def begins(_request):
        """What a request must not begin twice: here the id sees to that, however often it comes."""

    @staticmethod
    def target(_world, path):
        """The object that a request writes to."""
        return path.rpartition("v1beta/")[2]

    @staticmethod
    def trained(row):
        """What a training is counted as."""
        return row["tunedModel"]

    @staticmethod
    def counted(live):
        """What the training of an object was counted as."""
        return live.remote

    @staticmethod
    def most_trainings(world, name, _before):
        """How often it may have been trained by now."""
        return 1 + world.deletions[name]

    def notice(self, rules):
        """These faults are in force from now on."""

    @staticmethod
    def model_of(live):
        """The model of an object that lost its mark, by its id."""
        return live.remote.removeprefix("tunedModels/").rpartition("-")[0]

    @staticmethod
    def edit(world, kind, live, said):
        """Edit an object as others do; whether that was possible."""
        call, remote = world.remote.call, live.remote
        lines = call("GET", remote).get("description", "").splitlines()
        match kind:
            case "delete":
                if live.state is LiveState.TRAINING:
                    return False  # some services refuse that
                call("DELETE", remote)
                world.gone(live)
            case "unmark":
                world.remote.describe(remote, "\n".join(lines[:-1]))
            case "describe":
                world.remote.describe(remote, "\n".join([said, *lines[-1:]]))
            case "name":
                call("PATCH", remote, {"displayName": said}, updateMask="displayName")
        return True

    @staticmethod
    def begin(world, number, pairs, kind, like):
        """Begin a training by hand; its name."""
        marks = {"other owner": f"tuneform/v1 owner=other model=one {STRANGERS_MARK}", "none": ""}
        if kind == "copy" and like:
            marks["copy"] = world.remote.call("GET", like.remote).get("description", "")
        description = marks.get(kind, "Mine.")
        world.remote.create(f"stranger-{number}", pairs, description=description)
        return f"tunedModels/stranger-{number}"


def _last_line(description):
    """The words of a mark at the end of a description."""
    first, *words = description.split("\n")[-1].split(" ")
    if first != "tuneform/v1":
        return {}
    pairs = (word.partition("=") for word in words)
    return {key: value if equals else "true" for key, equals, value in pairs}


BLURRING = ("appears_late", "late", "twice", "hang", "lingers")
"""Faults that hide what has begun, or begin it twice."""


class Vertex:
    """Tuning jobs."""

    dialect = "vertex"
    block = MappingProxyType({"type": "embedded", "dialect": "vertex"})
    settled = MappingProxyType({"epochCount": 1})
    create = MappingProxyType({"method": "POST", "path": "projects/*/tuningJobs"})
    write = MappingProxyType({"method": "P[AO][TS]*", "path": "projects/*"})
    sampled = False

    def __init__(self, home="projects/practice/locations/local", bucket="practice"):
        self.home = home
        self.collection = f"/v1/{home}/tuningJobs"
        self._bucket = bucket
        self._blurred = False
        self._by_hand = set()

    def shown(self, remote):
        """Also uploads, whose labels are called otherwise."""
        uploads = remote.call("GET", f"/storage/v1/b/{self._bucket}/o").get("items", ())
        things = {
            f"gs://{self._bucket}/{each['name']}": {"labels": each.get("metadata", {}), **each}
            for each in uploads
        }
        for kind in ("tuningJobs", "models", "endpoints"):
            things |= vertex.pages(remote, kind, self.home)
        return [
            Seen(name, vertex.marked(each.get("labels", {})), each.get("state", ""), each)
            for name, each in things.items()
        ]

    def versions(self, remote):
        """Jobs whose Model is there or may be made: the Model's labels are the mark, once it is.

        The state of a job that is cancelled is the word for that.
        """
        models = vertex.pages(remote, "models", self.home)
        found = []
        for name, job in vertex.pages(remote, "tuningJobs", self.home).items():
            state = job["state"].removeprefix("JOB_STATE_")
            bearer = job
            if state == "SUCCEEDED":
                made = job["tunedModel"]["model"].partition("@")[0]
                if made not in models:
                    continue
                bearer = models[made]
                state = "ACTIVE" if bearer.get("deployedModels") else "UNDEPLOYED"
            stopped = {"cancelled": "true"} if state in ("CANCELLING", "CANCELLED") else {}
            mark = vertex.marked(bearer.get("labels", {}))
            found.append(Seen(name, {**mark, **stopped}, state, bearer))
        return found

    @staticmethod
    def is_astray(version):
        return version.state == "ACTIVE" and "owner" in version.mark and not version.serves

    def idle(self, remote, owner):
        empty = {
            name: vertex.marked(each.get("labels", {}))
            for name, each in vertex.pages(remote, "endpoints", self.home).items()
            if not each.get("deployedModels")
        }
        return {name for name, mark in empty.items() if mark.get("owner") == owner}

    def train(self, remote, name, pairs):
        job = self._create(remote, name, pairs, {})
        for _ in range(20_000):
            now = remote.call("GET", f"/v1/{job}")
            if now["state"] == "JOB_STATE_SUCCEEDED":
                return now["tunedModel"]["model"].partition("@")[0]
        raise AssertionError(f"{job} does not end")

    def furnish(self, remote):
        """A version, and what looks as if it were left over."""
        self.train(remote, "stranger", NUMBERS)
        other = {"tuneform": "v1", "tuneform-owner": "other", "tuneform-model": "one"}
        for labels in ({}, other):
            body = {"displayName": "Theirs", "labels": labels}
            remote.call("POST", f"/v1/{self.home}/endpoints", body)
        remote.upload(self._bucket, "datasets/theirs.jsonl", "{}\n")

    def leave_over(self, remote, owner):
        labels = {"tuneform": "v1", "tuneform-owner": owner, "tuneform-model": "gone"}
        for number in (1, 2):
            body = {"displayName": f"Left {number}", "labels": labels}
            remote.call("POST", f"/v1/{self.home}/endpoints", body)
        return True

    @staticmethod
    def recorded(step):
        return step["model"]

    @staticmethod
    def known_as(trained):
        """By its model: a start is recorded before the service names what it begins."""
        return trained.split()[0]

    @staticmethod
    def provider(line):
        spec = ProviderSpec("embedded", dialect="vertex", endpoint_policy="servingOnly")
        return speak_vertex(line, line, spec, capabilities_of(spec), Pace(first=0.01, most=0.5))

    @staticmethod
    def verb(method, path):
        if "/upload/" in path or "/storage/" in path or "/locations/" not in path:
            return None
        if method == "POST":
            return "PATCH" if path.endswith((":cancel", ":undeployModel", ":deployModel")) else None
        if method == "DELETE" and "/endpoints/" in path:
            return "PATCH"  # of a version that stays, and may be deployed again
        return method if method in ("PATCH", "DELETE") else None

    def begins(self, request):
        if request.method != "POST" or request.url.path != self.collection:
            return None
        return vertex.training_name(json.loads(request.content))

    def target(self, world, path):
        """The job whose Model or endpoint it is; also of an endpoint that was made later on."""
        name = path.removeprefix("/v1/").partition(":")[0].partition("@")[0]
        endpoint = vertex.pages(world.remote, "endpoints", self.home).get(name)
        names = {name}
        if endpoint:
            names |= {each["model"] for each in endpoint.get("deployedModels", ())}
            names.add(f"{self.home}/models/{endpoint.get('labels', {}).get(HOLDS)}")
        names = {each.partition("@")[0] for each in names}
        for job in vertex.pages(world.remote, "tuningJobs", self.home).values():
            made = job.get("tunedModel", {})
            ends = {each.get("endpoint") for each in (made, *made.get("checkpoints", ()))}
            if names & {job["name"], made.get("model", "").partition("@")[0], *ends}:
                return job["name"]
        return name

    def trained(self, row):
        if row["tuningJob"] in self._by_hand:
            return None
        return vertex.training_name(row)

    @staticmethod
    def counted(live):
        mark = live.origin or live.mark
        return f"{mark.model} {mark.fingerprint}" if mark else ""

    def most_trainings(self, world, name, before):
        if self._blurred:
            return 1_000 if self._twice else max(before + 2, 1 + world.deletions[name])
        return 1 + world.deletions[name]

    def notice(self, rules):
        effects = {rule["effect"] for rule in rules}
        self._blurred |= bool(effects & set(BLURRING))
        self._twice = "twice" in effects

    _twice = False

    @staticmethod
    def model_of(live):
        return live.origin.model if live.origin else ""

    @staticmethod
    def edit(world, kind, live, said):
        if live.state is not LiveState.ACTIVE:
            return False  # jobs cannot be edited
        truth = world.truth
        match kind:
            case "delete":
                truth.delete(live.remote)
                world.gone(live)
            case "unmark":
                truth.patch(live, Fields(), None)
            case "describe":
                truth.patch(live, Fields(description=said), live.mark)
            case "name":
                truth.patch(live, Fields(display_name=said), live.mark)
        return True

    def begin(self, world, number, pairs, kind, like):
        labels = {}
        if kind == "other owner":
            found = re.findall(r"(\w+)=(\w+)", STRANGERS_MARK)
            labels = {"tuneform": "v1", "tuneform-owner": "other", "tuneform-model": "one"}
            labels |= {f"tuneform-{key}": value for key, value in found}
        if kind == "copy" and like:
            jobs = vertex.pages(world.remote, "tuningJobs", self.home)
            labels = jobs.get(like.remote, {}).get("labels", {})
        name = self._create(world.remote, f"stranger-{number}", pairs, labels)
        self._by_hand.add(name)
        return name

    def _create(self, remote, name, pairs, labels):
        turns = (
            [
                {"role": "user", "parts": [{"text": text}]},
                {"role": "model", "parts": [{"text": output}]},
            ]
            for text, output in pairs
        )
        lines = "".join(f"{json.dumps({'contents': each})}\n" for each in turns)
        remote.upload(self._bucket, f"by-hand/{name}.jsonl", lines)
        body = {
            "baseModel": BASE.removeprefix("models/"),
            "tunedModelDisplayName": name,
            "labels": labels,
            "supervisedTuningSpec": {
                "trainingDatasetUri": f"gs://{self._bucket}/by-hand/{name}.jsonl",
                "hyperParameters": {"epochCount": "1"},
            },
        }
        return remote.call("POST", self.collection, body)["name"]


TONGUES = {"gemini": Gemini, "vertex": Vertex}
