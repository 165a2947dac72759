"""The action alone: what it installs, what it hands on, and what it does when it is refused."""

import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.cli.project import BARE_ENVIRONMENT
from tests.pipelines.conftest import Team, needs_tools
from tests.pipelines.github_api import BOT, MOST_CHARACTERS
from tests.pipelines.runner import Job

pytestmark = needs_tools
MARKER = "<!-- tuneform:plan alerts/prod -->\n"


def outputs(job: Job) -> dict[str, str]:
    found: dict[str, str] = job.steps["it"]["outputs"]
    return found


def comment_by(login: str, identity: int) -> dict[str, object]:
    return {"id": identity, "number": 7, "user": {"login": login}, "body": MARKER}


def test_a_plan_hands_on_what_the_next_job_needs(team: Team):
    job = team.act(command="plan")
    assert job.result == "success", job.log
    told = outputs(job)
    assert told["exit-code"] == "2"
    assert told["changes"] == "true"
    assert told["marker"] == MARKER.strip()
    assert Path(told["markdown-file"]).read_text(encoding="utf-8") == job.summary
    team.act(command="apply", plan_file=told["plan-file"], checksum=told["checksum"])
    assert team.trainings() == 2
    told = outputs(team.act(command="plan"))
    assert (told["exit-code"], told["changes"]) == ("0", "false")


def test_without_a_saved_plan_apply_makes_one(team: Team):
    job = team.act(command="apply")
    assert job.result == "success", job.log
    assert team.trainings() == 2


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"command": "explode"}, None),
        ({"command": "plan", "environment": "nowhere"}, "3"),
        ({"command": "gate"}, "6"),
        ({"command": "plan", "arguments": "--target=$(touch pwned)"}, "64"),
    ],
)
def test_the_step_ends_as_the_command_does(team: Team, given: dict[str, str], code: str | None):
    job = team.act(**given)
    assert job.result == "failure"
    assert outputs(job)["exit-code"] == (code or "")
    assert list(team.runner.folder.rglob("pwned")) == []


def test_each_line_of_arguments_is_one_argument(team: Team):
    job = team.act(command="plan", arguments="--target=alert-team\n\n--var=stage=a  b\n")
    assert job.result == "success", job.log
    assert "1 to create" in job.log
    assert "a  b" in Path(outputs(job)["plan-file"]).read_text(encoding="utf-8")


def test_a_refused_plan_is_still_shown_to_the_reviewer(team: Team):
    settings = team.work / "tuneform.yaml"
    text = settings.read_text(encoding="utf-8")
    rule = 'allowedBases: ["models/gemini-1.5-*"]'
    assert rule in text
    settings.write_text(text.replace(rule, "allowedBases: [models/other]"), "utf-8")
    team.branch("more")
    job = team.act(team.pull_request("more"), command="plan", comment="true")
    assert job.result == "failure"
    assert outputs(job)["exit-code"] == "5"
    (comment,) = team.github.comments
    assert comment["body"].startswith(MARKER)


def test_our_comment_is_found_behind_a_hundred_others(team: Team):
    team.github.comments += [comment_by("somebody", number) for number in range(100)]
    team.github.comments.append(comment_by(BOT, 500))
    team.branch("more")
    job = team.act(team.pull_request("more"), command="plan", comment="true")
    assert job.result == "success", job.log
    assert team.github.writes == [("PATCH", "issues/comments/500")]


def test_a_list_that_cannot_be_read_is_no_empty_list(team: Team):
    """Else each failure of the service would add one more comment."""
    team.github.broken = {"GET"}
    team.branch("more")
    job = team.act(team.pull_request("more"), command="plan", comment="true")
    assert job.result == "failure"
    assert team.github.writes == []
    assert "error: GitHub did not accept GET issues/7/comments" in job.log


def test_a_token_without_permission_is_told_what_it_lacks(team: Team):
    team.branch("more")
    event = team.pull_request("more", fork=True)
    job = team.act(event, command="diff", comment="true")
    assert job.result == "failure"
    assert "pull-requests: write" in job.log
    assert "Resource not accessible" in job.log


def test_the_longest_comment_is_not_made_too_long(team: Team):
    """The page itself stays below GitHub's limit; what the action adds must not go beyond it."""
    script = team.runner.action / "action" / "comment.sh"
    page = team.work / "page.md"
    page.write_text(MARKER + "x" * (MOST_CHARACTERS - 1 - len(MARKER)), encoding="utf-8")
    team.github.tokens["token"] = {"pull-requests": "write"}
    environ = {
        **BARE_ENVIRONMENT,
        "AUTHOR": BOT,
        "COMMIT": "0" * 40,
        "GITHUB_API_URL": team.github.url,
        "GITHUB_REPOSITORY": "example/alerts",
        "GITHUB_RUN_ID": "42",
        "GITHUB_SERVER_URL": "https://github.invalid",
        "GITHUB_TOKEN": "token",
        "MARKDOWN_FILE": str(page),
        "MARKER": MARKER.strip(),
        "PULL_REQUEST": "7",
        "RUNNER_TEMP": str(team.work),
    }
    subprocess.run(["bash", str(script)], env=environ, check=True, timeout=600)
    assert team.github.comments[0]["body"] == page.read_text(encoding="utf-8")


BACKEND = """
import shutil

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "tuneform-0.1.0-py3-none-any.whl"
    shutil.copy(name, directory)
    return name
"""
BUILD = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def test_the_action_installs_what_it_came_with_and_only_once(tmp_path: Path):
    """By pip, from the action's own folder, with nothing but loopback."""
    source, temp = tmp_path / "action", tmp_path / "temp"
    for folder in (source, temp, tmp_path / "checkout"):
        folder.mkdir()
    source.joinpath("pyproject.toml").write_text(BUILD, encoding="utf-8")
    source.joinpath("backend.py").write_text(BACKEND, encoding="utf-8")
    _write_wheel(source / "tuneform-0.1.0-py3-none-any.whl")
    for hostile in ("venv.py", "pip.py"):
        tmp_path.joinpath("checkout", hostile).write_text("raise SystemExit('taken over')", "utf-8")
    environ = {
        **BARE_ENVIRONMENT,
        "GITHUB_ACTION_PATH": str(source),
        "GITHUB_PATH": str(tmp_path / "path"),
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
        "PYTHON": sys.executable,
        "REQUIREMENT": "",
        "RUNNER_TEMP": str(temp),
    }
    script = Path(__file__).parents[2] / "action" / "install.sh"
    for _ in range(2):
        subprocess.run(
            ["bash", str(script)],
            cwd=tmp_path / "checkout",
            env=environ,
            check=True,
            timeout=600,
        )
        source.joinpath("backend.py").write_text("raise SystemExit('built again')", "utf-8")
    places = set(tmp_path.joinpath("path").read_text(encoding="utf-8").splitlines())
    assert places == {str(temp / "tuneform" / "bin")}
    command = [str(temp / "tuneform" / "bin" / "tuneform")]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"installed\n"


def _write_wheel(file: Path) -> None:
    """A tuneform that has the extras of the real one, and says that it is there."""
    about = "Metadata-Version: 2.1\nName: tuneform\nVersion: 0.1.0\n"
    members = {
        "tuneform-0.1.0.data/scripts/tuneform": "#!/bin/sh\necho installed\n",
        "tuneform-0.1.0.dist-info/METADATA": (
            f"{about}Provides-Extra: embedded\nProvides-Extra: oauth\n"
        ),
        "tuneform-0.1.0.dist-info/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    record = "tuneform-0.1.0.dist-info/RECORD"
    members[record] = "".join(f"{name},,\n" for name in (*members, record))
    with zipfile.ZipFile(file, "w") as wheel:
        for name, text in members.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = (stat.S_IFREG | 0o755) << 16
            wheel.writestr(member, text)
