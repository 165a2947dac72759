"""What differs between the dialects where the laws of `world` are checked and histories are made.

Where the service assigns ids, trainings are counted by what they are for. Nothing there refuses a
second create, so the law is another one: a run begins one training at most for the same, and never
a second one where lists do not lag and no request arrives twice or late.
"""

import json
import re
from types import MappingProxyType

from tests.cli.project import BASE
from tests.reliability import vertex

from tuneform.app.speaking import speak_gemini, speak_vertex
from tuneform.app.wiring import capabilities_of
from tuneform.domain.live import LiveState
from tuneform.domain.spec import Fields, ProviderSpec
from tuneform.providers.vertex.labels import HOLDS
from tuneform.providers.vertex.operations import Pace

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


BLURRING = ("appears_late", "late", "twice", "hang", "lingers")
"""Faults that hide what has begun, or begin it twice."""


class Vertex:
    """Tuning jobs."""

    dialect = "vertex"
    home = "projects/practice/locations/local"
    collection = f"/v1/{home}/tuningJobs"
    block = MappingProxyType({"type": "embedded", "dialect": "vertex"})
    settled = MappingProxyType({"epochCount": 1})
    create = MappingProxyType({"method": "POST", "path": "projects/*/tuningJobs"})
    write = MappingProxyType({"method": "P[AO][TS]*", "path": "projects/*"})
    sampled = False

    def __init__(self):
        self._blurred = False
        self._by_hand = set()

    @staticmethod
    def provider(line):
        spec = ProviderSpec("embedded", dialect="vertex")
        return speak_vertex(line, line, spec, capabilities_of(spec), Pace(first=0.01, most=0.5))

    @staticmethod
    def verb(method, path):
        if "/upload/" in path or "/storage/" in path or "/locations/" not in path:
            return None
        if method == "POST":
            return "PATCH" if path.endswith((":cancel", ":undeployModel", ":deployModel")) else None
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
        turns = (
            [
                {"role": "user", "parts": [{"text": text}]},
                {"role": "model", "parts": [{"text": output}]},
            ]
            for text, output in pairs
        )
        lines = "".join(f"{json.dumps({'contents': each})}\n" for each in turns)
        world.remote.upload("practice", f"by-hand/{number}.jsonl", lines)
        labels = {}
        if kind == "other owner":
            found = re.findall(r"(\w+)=(\w+)", STRANGERS_MARK)
            labels = {"tuneform": "v1", "tuneform-owner": "other", "tuneform-model": "one"}
            labels |= {f"tuneform-{key}": value for key, value in found}
        if kind == "copy" and like:
            jobs = vertex.pages(world.remote, "tuningJobs", self.home)
            labels = jobs.get(like.remote, {}).get("labels", {})
        body = {
            "baseModel": BASE.removeprefix("models/"),
            "tunedModelDisplayName": f"stranger-{number}",
            "labels": labels,
            "supervisedTuningSpec": {
                "trainingDatasetUri": f"gs://practice/by-hand/{number}.jsonl",
                "hyperParameters": {"epochCount": "1"},
            },
        }
        name = world.remote.call("POST", self.collection, body)["name"]
        self._by_hand.add(name)
        return name


TONGUES = {"gemini": Gemini, "vertex": Vertex}
