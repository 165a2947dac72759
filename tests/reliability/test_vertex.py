"""Commands in front of a practice service that speaks the Vertex dialect, as against the real one.

Over loopback, with a service account whose tokens the service gives: what is planned, trained,
replaced, judged, rolled back and deleted; and what goes wrong there and nowhere else.
"""

from collections import Counter
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from tests.cli.project import Project, talk_to
from tests.cli.shell import Process
from tests.reliability import vertex
from tests.reliability.tongues import Vertex

from tuneform.clock import SteeredClock
from tuneform.service import Behaviour, open_service
from tuneform.service.fault_file import faults_of
from tuneform.service.server import running

EPOCHS = {"hyperparameters": {"epochCount": 2}}
HELD = {"path": "../data/held.jsonl"}


def judged(least):
    return {"gate": {"dataset": HELD, "metrics": {"exactMatch": {"min": least}}}}


@contextmanager
def practice(folder, data=None, **options):
    """A project, and the service that it reaches over loopback."""
    with open_service(data, **options) as service, running(service) as url:
        service.start_training()
        yield service, a_project(folder, url)


def a_project(folder, url):
    folder.mkdir(exist_ok=True)
    project = Project(folder, vertex.account(folder.parent / "account.json", url))
    project.settings(provider=vertex.provider_at(url))
    project.data("data/numbers.jsonl")
    project.data("data/held.jsonl", [("held out", "nothing")])
    return project


def there(service, kind):
    with talk_to(service) as remote:
        return vertex.pages(remote, kind)


def trained(service):
    """How often each model and fingerprint was trained."""
    with talk_to(service) as remote:
        rows = remote.call("GET", "/practice/v1/trainings")["trainings"]
    return Counter(map(vertex.training_name, rows))


def test_the_whole_story(tmp_path):
    with practice(tmp_path / "demo") as (service, project):
        keeping = {"lifecycle": {"keepVersions": 1}, **EPOCHS, **judged(0)}
        project.model("adder", labels={"team": "growth"}, **keeping)
        assert project.actions() == {"adder": "create"}
        project.apply()
        first = project.serving("adder")
        assert first.startswith(f"{vertex.HOME}/")
        project.ok("generate", "adder", "3")
        assert project.run("plan", "--detailed-exitcode").code == 0
        (model,) = there(service, "models").values()
        assert model["labels"]["team"] == "growth"
        assert vertex.marked(model["labels"])["gate"].startswith("passed_")

        project.model("adder", revision=2, labels={"team": "sales"}, **keeping)
        assert project.actions() == {"adder": "replace"}
        project.apply()
        second = project.serving("adder")
        assert second != first

        project.ok("rollback", "adder", "-y")
        assert project.serving("adder") == first

        project.model("adder", revision=3, **keeping | judged(1))
        project.apply(code=6)
        assert project.serving("adder") == first, "what fails its gate never serves"

        project.remove("models/adder.yaml")
        assert project.actions() == {"adder": "delete"}
        project.apply("--allow-deletes", "1")
        assert not there(service, "models")
        assert not there(service, "endpoints")
        assert project.run("plan", "--detailed-exitcode").code == 0
        assert set(trained(service).values()) == {1}


LAG = {"effect": "appears_late", "seconds": 4, "kind": "tuningJobs"}


def test_a_damaged_label_trains_and_deletes_nothing(tmp_path):
    """Each label of the mark in turn: taken off, emptied, another one of its form, and nonsense."""
    others = {"owner": "rival", "model": "other", "rev": "7", "": "v2", "serving": "false"}
    with practice(tmp_path / "demo") as (service, project):
        project.model("adder", **EPOCHS)
        project.apply()
        ((name, model),) = there(service, "models").items()
        before = trained(service)
        ours = [key for key in model["labels"] if key.startswith("tuneform")]
        assert len(ours) == 7
        for key in ours:
            other = others.get(key.removeprefix("tuneform").removeprefix("-"), "a" * 10)
            for value in (None, "", other, "non-sense"):
                if key == "tuneform-serving" and value is None:
                    continue  # an apply puts it back
                labels = {**model["labels"], key: value}
                if value is None:
                    del labels[key]
                with talk_to(service) as remote:
                    remote.call("PATCH", f"/v1/{name}", {"labels": labels}, updateMask="labels")
                plan = project.ok("plan", "--format", "json").json
                (change,) = (each for each in plan["changes"] if each["model"] == "adder")
                assert (change["action"], change["steps"]) == ("hold", []), (key, value)
                remedies = ("mend the mark", "Mend the mark", "restores its mark", "formerly: [")
                assert any(each in change["reason"]["message"] for each in remedies)
        project.apply(code=8)
        assert there(service, "models")[name]["labels"] == labels
        with talk_to(service) as remote:
            body = {"labels": model["labels"]}
            remote.call("PATCH", f"/v1/{name}", body, updateMask="labels")
        assert project.actions() == {"adder": "keep"}
        assert trained(service) == before


def test_settings_that_hold_from_the_next_version_on_are_told(tmp_path):
    key = "projects/acme/locations/europe-west4/keyRings/ml/cryptoKeys/{}".format
    with practice(tmp_path / "demo") as (_, project):
        project.data("data/measured.jsonl", [(f"measured {number}", "x") for number in range(3)])
        measured = {"validation": {"path": "../data/measured.jsonl"}}
        first = {"encryptionKey": key("one"), "exportLastCheckpointOnly": True, **measured}
        project.model("adder", vertex=first, **EPOCHS)
        project.apply()
        plan = project.ok("plan", "--detailed-exitcode", "--format", "json").json
        assert plan["changes"][0]["deltas"] == [], "what was set is what is there"

        account = {"serviceAccount": "trainer@acme.iam.gserviceaccount.com"}
        project.model("adder", vertex={"encryptionKey": key("two"), **account}, **EPOCHS)
        plan = project.ok("plan", "--detailed-exitcode", "--format", "json").json
        (change,) = plan["changes"]
        assert (change["action"], change["steps"]) == ("keep", [])
        told = {each["field"]: (each["before"], each["after"]) for each in change["deltas"]}
        assert {each["effect"] for each in change["deltas"]} == {"next-version"}
        validation = told.pop("spec.vertex.validation")
        assert validation[1] is None
        assert told == {
            "spec.vertex.encryptionKey": (key("one"), key("two")),
            "spec.vertex.exportLastCheckpointOnly": (True, None),
            "spec.vertex.serviceAccount": (None, *account.values()),
        }
        text = project.ok("plan").out
        assert text.count("# holds from the next version on") == 4
        project.ok("plan", "--out", "kept.plan")
        assert project.ok("show", "kept.plan").out.count("# holds from the next version") == 4
        project.apply()

        project.model("adder", revision=2, vertex=account, **EPOCHS)
        (change,) = project.ok("plan", "--format", "json").json["changes"]
        assert change["reason"]["code"] == "revision-changed"
        project.apply()
        (change,) = project.ok("plan", "--format", "json").json["changes"]
        assert change["deltas"] == []


@pytest.mark.parametrize(("racing", "rules"), [(10, []), (3, [LAG])], ids=["ten", "lists lag"])
def test_racing_applies_hide_no_training(tmp_path, racing, rules):
    """Nothing refuses a second create there: what was begun too often is cancelled, or told."""
    faults = faults_of({"rules": rules})
    with (
        open_service(None, step_seconds=0.02, faults=faults) as service,
        running(service) as url,
    ):
        service.start_training()
        projects = [a_project(tmp_path / f"clone-{number}", url) for number in range(racing)]
        for project in projects:
            project.model("adder", **EPOCHS)
        with ExitStack() as stack:
            processes = [
                stack.enter_context(Process("apply", "-y", folder=each.root, environ=each.environ))
                for each in projects
            ]
            ended = [each.end() for each in processes]
        for code, out, err in ended:
            assert code in {0, 1, 7, 8}, (code, out, err)
            assert "Traceback" not in out + err, err
        service.faults.clear()

        ((_, begun),) = trained(service).items()
        jobs = there(service, "tuningJobs")
        assert len(jobs) == begun
        ours = {name for name, job in jobs.items() if job["state"] == "JOB_STATE_SUCCEEDED"}
        rest = {job["state"] for name, job in jobs.items() if name not in ours}
        assert rest <= {"JOB_STATE_CANCELLED"}
        assert ours, "one of them goes on"
        projects[0].run("apply", "-y")
        change = projects[0].plan()["adder"]
        if len(ours) == 1:
            assert change["action"] == "keep"
        else:
            assert (change["action"], change["reason"]["code"]) == ("hold", "duplicate")
            assert all(name in change["reason"]["message"] for name in ours)
        with talk_to(service) as remote:
            seen = Vertex(vertex.HOME, vertex.BUCKET).versions(remote)
        assert {each.mark["model"] for each in seen if each.serves} == {"adder"}


def test_a_token_that_expires_while_a_training_runs(tmp_path):
    """Each step of the training lasts half of a token's life on the clock of the service."""
    clock = SteeredClock(datetime.now(UTC))
    began = clock.now()
    short = Behaviour(only_issued_tokens=True, token_seconds=40, token_seconds_told=3600)
    with practice(tmp_path / "demo", clock=clock, behaviour=short, step_seconds=20) as (
        service,
        project,
    ):
        project.model("adder", **EPOCHS)
        project.apply()
        assert clock.now() - began > timedelta(seconds=40)
        assert project.run("plan", "--detailed-exitcode").code == 0
        assert set(trained(service).values()) == {1}


def test_a_training_that_cannot_be_stopped_any_more_never_serves(tmp_path):
    late = Behaviour(cancel_tuning="too late")
    with open_service(None, behaviour=late) as service, running(service) as url:
        project = a_project(tmp_path / "demo", url)
        project.model("adder", **EPOCHS)
        project.apply("--no-wait")
        with Process("cancel", "adder", folder=project.root, environ=project.environ) as process:
            while {each["state"] for each in there(service, "tuningJobs").values()} != {
                "JOB_STATE_CANCELLING"
            }:
                assert process.process.poll() is None, "it ends without having asked"
            service.start_training()
            code, out, err = process.end()
        assert code == 0, err
        assert "it never serves" in " ".join(out.split())
        project.apply(code=8)
        assert project.reason("adder") == "training-cancelled"
        with talk_to(service) as remote:
            (version,) = Vertex(vertex.HOME, vertex.BUCKET).versions(remote)
        assert not version.serves
        assert version.mark["cancelled"] == "true"


@pytest.mark.parametrize(
    ("refused", "code"),
    [({"method": "POST", "path": "*:undeployModel"}, 4), ({"path": "*/models/*"}, 8)],
    ids=["the first request", "the last request"],
)
def test_a_deletion_that_is_refused_half_way_is_not_called_nothing(tmp_path, refused, code):
    with practice(tmp_path / "demo") as (service, project):
        project.model("adder", **EPOCHS)
        project.apply()
        project.remove("models/adder.yaml")
        rule = {"effect": "status", "code": 403, "method": "DELETE", **refused}
        service.faults.put(faults_of({"rules": [rule]}))
        ran = project.apply("--allow-deletes", "1", code=code)
        assert ("before anything was written" in ran.told) is (code == 4)
        service.faults.clear()
        project.apply("--allow-deletes", "1")
        assert not there(service, "models")


@pytest.mark.parametrize("kind", ["closed_buckets", "read_only_buckets"])
def test_a_bucket_without_permission(tmp_path, kind):
    behaviour = Behaviour(**{kind: ("acme-tuning",)})
    with practice(tmp_path / "demo", behaviour=behaviour) as (service, project):
        project.model("adder", **EPOCHS)
        ran = project.apply(code=4)
        told = " ".join(ran.told.split())
        assert "gs://acme-tuning" in told
        assert "roles/storage.objectUser" in told
        assert not there(service, "tuningJobs")


def test_a_bucket_that_is_not_there(tmp_path):
    with practice(tmp_path / "demo", behaviour=Behaviour(buckets=())) as (service, project):
        project.model("adder", **EPOCHS)
        ran = project.apply(code=1)
        assert "gs://acme-tuning" in ran.told
        assert "The specified bucket does not exist" in " ".join(ran.told.split())
        assert not there(service, "tuningJobs")


def test_a_base_that_cannot_be_tuned_is_refused_by_the_plan(tmp_path):
    with practice(tmp_path / "demo") as (service, project):
        project.model("adder", baseModel="models/gemini-2.0-flash", **EPOCHS)
        ran = project.run("plan")
        assert ran.code == 3, ran
        assert "gemini-2.0-flash" in ran.told
        project.apply(code=3)
        assert not there(service, "tuningJobs")
