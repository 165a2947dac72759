"""`apply` through a network that drops, delays, truncates and duplicates at random."""

from collections import Counter

import pytest
from tests.cli.project import Project, talk_to
from tests.reliability.proxy import Chaos, proxied

from tuneform.service import open_service
from tuneform.service.server import running

KEY = "practice"
NAMES = ("first", "second", "third", "fourth")


def write(project, url, revision=1, names=NAMES):
    project.settings(provider={"type": "gemini", "endpoint": url})
    for name in names:
        project.model(name, revision=revision)


def started(service):
    """How often each object was trained, by name; and each set of inputs, by model and data."""
    with talk_to(service, KEY) as remote:
        rows = remote.call("GET", "/practice/v1/trainings")["trainings"]
    return Counter(row["tunedModel"] for row in rows), len(rows)


@pytest.mark.parametrize("seed", range(3))
def test_apply_converges_and_trains_once_whatever_the_network_does(tmp_path, seed):
    project = Project(tmp_path, {"GEMINI_API_KEY": KEY})
    project.data("data/numbers.jsonl")
    chaos = Chaos(seed, rate=0.15)
    with open_service(None, api_key=KEY) as service, running(service) as url:
        service.start_training()
        with proxied(url, chaos) as through:
            for revision, names in ((1, NAMES), (2, NAMES[:3])):
                for name in NAMES[len(names) :]:
                    project.remove(f"models/{name}.yaml")
                write(project, through, revision, names)
                chaos.active = True
                first = project.run("apply", "-y")
                assert "Traceback" not in first.told, first
                chaos.active = False
                again = project.run("apply", "-y")
                if again.code:
                    again = project.run("apply", "-y")
                assert again.code == 0, (first, again)
                plan = project.run("plan", "--detailed-exitcode")
                assert plan.code == 0, (first, again, plan)
        counts, total = started(service)
    assert set(counts.values()) == {1}, counts
    assert total == len(NAMES) + 3
