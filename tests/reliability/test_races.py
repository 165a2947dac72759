"""Several at once: folders that share no ledger, projects under one key, a person in between.

Nobody holds a lock that the others see. What keeps them apart is the service alone, and the id that
every one of them derives from the same inputs. The commands that race are processes of their own.
"""

from contextlib import ExitStack

import pytest
from tests.cli.project import Project, talk_to
from tests.cli.shell import Process
from tests.reliability.world import World

from tuneform.domain.report import Status
from tuneform.service import open_service
from tuneform.service.server import running

KEY = "the-key-of-the-tests"
NAMES = ("first", "second", "third")
OPEN = {0, 1, 7, 8}
"""What a loser of a race may answer: done all the same, or stopped, with something left to do."""


@pytest.fixture
def service():
    with open_service(None, api_key=KEY, step_seconds=0.02) as opened:
        opened.start_training()
        yield opened


@pytest.fixture
def clone(service, tmp_path):
    """Makes folders of one project, as several machines would have them."""
    with running(service) as url:

        def make(folder, name="demo", **spec):
            project = Project(tmp_path / folder, {"GEMINI_API_KEY": KEY})
            settings = {"manifests": ["models"], "provider": {"type": "gemini", "endpoint": url}}
            project.document("tuneform.yaml", "Project", {"name": name}, settings)
            write(project, **spec)
            return project

        yield make


def write(project, **spec):
    for name in NAMES:
        project.data(f"data/{name}.jsonl", [(f"{name} {n}", str(n)) for n in range(20)])
        project.model(name, dataset={"path": f"../data/{name}.jsonl"}, **spec)


def race(*runs):
    """Start commands at once, and wait for all: pairs of project and arguments; what they say."""
    with ExitStack() as closing:
        processes = [
            closing.enter_context(Process(*arguments, folder=project.root, environ=project.environ))
            for project, *arguments in runs
        ]
        ended = [process.end() for process in processes]
    for code, out, err in ended:
        assert code in OPEN, (code, out, err)
        assert "Traceback" not in out + err, err
    return ended


def trained(service):
    """The objects that were ever trained, each of them once."""
    with talk_to(service, KEY) as remote:
        rows = remote.call("GET", "/practice/v1/trainings")["trainings"]
    found = [row["tunedModel"] for row in rows]
    assert len(found) == len(set(found)), found
    return found


def live(service):
    with talk_to(service, KEY) as remote:
        return remote.live()


def serving(service):
    objects = live(service).items()
    return {name for name, each in objects if " serving" in each["description"]}


def check_all_is_well(*projects):
    """One more apply at most, and nobody has anything to do."""
    projects[0].apply()
    for project in projects:
        assert project.run("plan", "--detailed-exitcode").code == 0


def test_two_folders_of_one_project(service, clone):
    projects = [clone("here"), clone("there")]
    race(*((project, "apply", "-y") for project in projects))
    assert len(trained(service)) == len(NAMES)
    check_all_is_well(*projects)


def test_ten_at_once(service, clone):
    projects = [clone(f"folder-{number}") for number in range(10)]
    race(*((project, "apply", "-y") for project in projects))
    assert len(trained(service)) == len(NAMES)
    check_all_is_well(*projects[:2])


@pytest.mark.parametrize("kept", [0, 1])
def test_a_replacement_by_two(service, clone, kept):
    lifecycle = {"keepVersions": kept}
    projects = [clone("here", lifecycle=lifecycle), clone("there", lifecycle=lifecycle)]
    projects[0].apply()
    old = serving(service)
    for project in projects:
        write(project, revision=2, lifecycle=lifecycle)
    race(*((project, "apply", "-y") for project in projects))
    assert len(trained(service)) == 2 * len(NAMES)
    check_all_is_well(*projects)
    assert len(live(service)) == (1 + kept) * len(NAMES)
    assert len(serving(service) - old) == len(NAMES)


def test_two_commits_at_once(service, clone):
    """The older one may win the race, but only until the newer one is applied again."""
    older, newer = clone("older"), clone("newer")
    older.apply()
    write(older, revision=2)
    write(newer, revision=3)
    race((older, "apply", "-y"), (newer, "apply", "-y"))
    newer.apply()
    check_all_is_well(newer)
    trained(service)


def test_two_projects_under_one_key(service, clone):
    ours, theirs = clone("ours"), clone("theirs", name="other")
    race((ours, "apply", "-y"), (theirs, "apply", "-y"))
    assert len(trained(service)) == 2 * len(NAMES)
    check_all_is_well(ours, theirs)
    before = {name for name, each in live(service).items() if "owner=other " in each["description"]}
    write(theirs, revision=2)
    race((ours, "destroy", "--yes-destroy", "demo"), (theirs, "apply", "-y"))
    after = live(service)
    assert before <= set(after)
    assert all("owner=other " in each["description"] for each in after.values())
    check_all_is_well(theirs)


def test_a_branch_that_is_staged_while_main_is_applied(service, clone):
    branch, main = clone("branch"), clone("main")
    race((branch, "apply", "--stage", "-y"), (main, "apply", "-y"))
    assert len(trained(service)) == len(NAMES)
    check_all_is_well(main)
    assert len(serving(service)) == len(NAMES)


def test_destroy_and_apply_at_once(service, clone):
    """Whoever wins: nothing is trained twice while it is there, and either can be completed."""
    here, there = clone("here"), clone("there")
    here.apply()
    write(there, revision=2)
    race((here, "destroy", "--yes-destroy", "demo"), (there, "apply", "-y"))
    check_all_is_well(there)
    assert len(serving(service)) == len(NAMES)


# A person, at a moment that a test can choose.


@pytest.fixture
def world(tmp_path):
    with ExitStack() as closing:
        world = World(tmp_path, closing)
        world.project.settings()
        write(world.project)
        assert world.apply().exit_code == 0
        yield world


def by_name(world):
    return {each.mark.model: each.remote for each in world.ours()}


def describe(world, remote):
    mark = world.remote.mark(remote)
    world.remote.describe(remote, f"Edited by hand.\n\n{mark}")


def unmark(world, remote):
    world.remote.describe(remote, "Mine now.")


def delete(world, remote):
    world.remote.call("DELETE", remote)
    world.deletions[remote] += 1


CHANGES = {
    "fields": {"description": "By the manifest."},
    "inputs": {"revision": 2, "lifecycle": {"keepVersions": 0}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("edit", [describe, unmark, delete])
def test_an_edit_since_the_plan_stops_that_change_only(world, edit, change):
    before = by_name(world)
    write(world.project, **change)
    prepared = world.prepare()
    edit(world, before["second"])
    left = world.remote.live().get(before["second"])
    report = world.run(prepared, edited={before["second"], "second"})
    ended = {each.change.model: each.status for each in report.outcomes}
    # Where the change is to delete it in the end, somebody else's deletion is no obstacle.
    superseded = edit is delete and "revision" in change
    second = Status.DONE if superseded else Status.STALE
    assert ended == {"first": Status.DONE, "second": second, "third": Status.DONE}
    assert world.remote.live().get(before["second"]) == left
    world.apply()
    assert world.apply().exit_code in (0, 8)
    assert not world.prepare().planned.plan.has_steps
