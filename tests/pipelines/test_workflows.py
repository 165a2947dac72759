"""The workflows that a team copies, from a push to a deployment, on the practice service."""

import re
import shutil

import pytest
from tests.pipelines.conftest import KEY, Team, needs_tools
from tests.pipelines.runner import Job

pytestmark = needs_tools
MARKER = "<!-- tuneform:plan alerts/prod -->\n"


def applied(team: Team) -> None:
    """Bring the live models in line with the main branch."""
    jobs = team.run("apply", team.pushed())
    assert results(jobs) == {"plan": "success", "apply": "success"}, jobs["apply"].log


def results(jobs: dict[str, Job]) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def served(team: Team) -> set[str]:
    """Names of what applications call."""
    marks = {name: each["description"].splitlines()[-1] for name, each in team.live().items()}
    return {name for name, mark in marks.items() if " serving" in mark}


def test_a_merge_is_planned_and_that_plan_is_applied(team: Team):
    jobs = team.run("apply", team.pushed())
    assert results(jobs) == {"plan": "success", "apply": "success"}, jobs["apply"].log
    assert "Plan: 2 to create" in jobs["plan"].summary + jobs["plan"].log
    assert len(served(team)) == 2
    again = team.run("apply", team.pushed())
    assert results(again) == {"plan": "success", "apply": "skipped"}, again["plan"].log
    assert again["plan"].outputs["changes"] == "false"


def test_an_old_run_that_is_started_again_undoes_nothing(team: Team):
    old = team.pushed()
    applied(team)
    team.branch("more")
    team.merge("more")
    applied(team)
    now = served(team)
    assert results(team.run("apply", old)) == {"plan": "success", "apply": "skipped"}
    assert served(team) == now


def test_only_the_plan_that_was_approved_is_applied(team: Team):
    """Another one is as valid in itself; the checksum went another way than the file."""
    artefact = team.runner.folder / "artefacts" / "plan-prod" / "plan.json"

    def exchange() -> None:
        other = team.act(command="plan", arguments="--target=alert-team")
        shutil.copy(other.steps["it"]["outputs"]["plan-file"], artefact)

    jobs = team.run("apply", team.pushed(), after={"plan": exchange})
    assert results(jobs) == {"plan": "success", "apply": "failure"}
    assert "this is not the plan that was approved" in " ".join(jobs["apply"].log.split())
    assert team.trainings() == 0


def test_a_pull_request_has_one_comment_that_every_push_updates(team: Team):
    applied(team)
    team.branch("more")
    theirs = {"id": 1, "number": 7, "user": {"login": "somebody"}, "body": MARKER + "mine"}
    team.github.comments.append(dict(theirs))
    jobs = team.run("plan", team.pull_request("more"))
    assert results(jobs) == {"validate": "success", "plan": "success", "diff": "skipped"}, jobs
    (_, comment) = team.github.comments
    assert comment["body"].startswith(MARKER)
    assert "1 to replace" in comment["body"]
    assert f"Commit {team.git('rev-parse', '--short=10', 'more')}" in comment["body"]
    assert jobs["plan"].summary.startswith(MARKER)

    team.commit("models/alert-severity.yaml", "  revision: 2")
    jobs = team.run("plan", team.pull_request("more"))
    assert jobs["plan"].result == "success", jobs["plan"].log
    assert len(team.github.comments) == 2
    assert "2 to replace" in comment["body"]
    assert team.github.comments[0] == theirs
    assert team.trainings() == 2


def test_a_fork_is_compared_without_a_key_and_without_a_comment(team: Team):
    applied(team)
    requests = len(team.github.requests)
    team.branch("more")
    jobs = team.run("plan", team.pull_request("more", fork=True))
    assert results(jobs) == {"validate": "success", "plan": "skipped", "diff": "success"}, jobs
    assert "1 to replace" in jobs["diff"].summary
    assert len(team.github.requests) == requests
    for job in jobs.values():
        for environ in job.environments:
            assert KEY not in environ.values()
            assert not environ.get("GEMINI_API_KEY")


def test_names_that_a_stranger_chooses_are_never_run(team: Team):
    applied(team)
    name = "x$(touch${IFS}pwned)`touch${IFS}pwned`;touch${IFS}pwned"
    team.branch(name)
    event = team.pull_request(name, "stage")
    assert team.run("plan", event)["plan"].result == "success"
    assert team.run("stage", event)["stage"].result == "success"
    assert list(team.runner.folder.rglob("pwned")) == []


def test_a_mistake_is_annotated_and_nothing_is_planned(team: Team):
    team.branch("wrong")
    team.commit("models/alert-team.yaml", "  epochs: 3")
    jobs = team.run("plan", team.pull_request("wrong"))
    assert results(jobs) == {"validate": "failure", "plan": "skipped", "diff": "skipped"}
    assert re.search("^::error .*file=models/alert-team.yaml", jobs["validate"].log, re.MULTILINE)


def test_staged_in_the_pull_request_and_swapped_after_the_merge(team: Team):
    applied(team)
    before = served(team)
    team.branch("more")
    assert results(team.run("stage", team.pull_request("more", "bug"))) == {"stage": "skipped"}
    stranger = team.pull_request("more", "stage", fork=True)
    assert results(team.run("stage", stranger)) == {"stage": "skipped"}
    (job,) = team.run("stage", team.pull_request("more", "bug", "stage")).values()
    assert job.result == "success", job.log
    assert served(team) == before
    assert team.trainings() == 3
    (comment,) = team.github.comments
    assert comment["body"].startswith("<!-- tuneform:report alerts/prod -->\n")

    team.merge("more")
    applied(team)
    assert team.trainings() == 3
    assert served(team) != before


def test_drift_keeps_one_issue_until_it_is_gone(team: Team):
    applied(team)
    assert results(team.run("drift", team.pushed())) == {"drift": "success"}
    assert team.github.writes == []
    team.lose(min(served(team)))
    for _ in range(2):
        (job,) = team.run("drift", team.pushed()).values()
        assert job.result == "success", job.log
        (issue,) = team.github.issues
        assert issue["title"] == "Drift: live models of alerts/prod differ from their manifests"
        assert issue["labels"] == ["tuneform-drift"]
        assert issue["body"].startswith(MARKER)
    assert [method for method, _ in team.github.writes] == ["POST", "PATCH"]
    applied(team)
    (job,) = team.run("drift", team.pushed()).values()
    assert job.result == "success", job.log
    assert issue["state"] == "closed"


def test_nothing_is_deployed_that_does_not_serve(team: Team):
    jobs = team.run("deploy", team.pushed())
    assert results(jobs) == {"gate": "failure", "deploy": "skipped"}
    applied(team)
    jobs = team.run("deploy", team.pushed())
    assert results(jobs) == {"gate": "success", "deploy": "success"}, jobs["gate"].log
    lines = dict(line.split() for line in jobs["deploy"].log.splitlines())
    assert {f"{remote}" for remote in lines.values()} == served(team)
    assert set(lines) == {"alert-severity", "alert-team"}


def test_what_was_staged_lives_as_long_as_its_branch_and_a_week(team: Team):
    applied(team)
    team.branch("more")
    assert team.run("stage", team.pull_request("more", "stage"))["stage"].result == "success"
    count = len(team.live())

    def pruned(age: str) -> int:
        job = team.act(command="prune", arguments=f"--older-than={age}\n")
        assert job.result == "success", job.log
        return len(team.live())

    assert pruned("0s") == count
    team.git("checkout", "--quiet", "main")
    team.git("push", "--quiet", "origin", ":more")
    (job,) = team.run("prune", team.pushed()).values()
    assert job.result == "success", job.log
    assert len(team.live()) == count
    assert pruned("0s") == count - 1


@pytest.mark.parametrize("workflow", ["plan", "stage"])
def test_a_key_that_is_refused_fails_the_job(team: Team, workflow: str):
    team.runner.secrets = {}
    team.branch("more")
    jobs = team.run(workflow, team.pull_request("more", "stage"))
    assert jobs[workflow].result == "failure"
    assert f"::error title=tuneform {workflow}::it ended with 4 before" in jobs[workflow].log
    assert team.github.comments == []
