"""What no run shows: permissions, pins, and that nothing foreign becomes part of a script."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.project import BARE_ENVIRONMENT
from tests.pipelines.conftest import WORKFLOWS
from tests.pipelines.runner import ACTION, ROOT

from tuneform import __version__

FILES = sorted(WORKFLOWS.glob("*.yml"))
SCRIPTS = sorted(ROOT.joinpath("action").glob("*.sh"))
HOOKS = yaml.safe_load(ROOT.joinpath(".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
PINNED = re.compile(rf"(actions/[a-z-]+@v[0-9]+|<owner>/tuneform@v{re.escape(__version__)})")

each_workflow = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def read(file: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in read(file)["jobs"].values():
        yield from job["steps"]


def test_there_is_a_workflow_for_each_occasion():
    assert [file.stem for file in FILES] == ["apply", "deploy", "drift", "plan", "prune", "stage"]


@each_workflow
def test_each_job_says_what_it_may_and_how_long(file: Path):
    workflow = read(file)
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["group"]
    for job in workflow["jobs"].values():
        assert job["permissions"]["contents"] == "read"
        assert {"pull-requests", "issues", "contents"} >= set(job["permissions"])
        assert job["timeout-minutes"] <= 150


@each_workflow
def test_no_checkout_of_a_stranger_gets_a_key(file: Path):
    """`on` is read as true by YAML 1.1, which GitHub does not follow there."""
    triggers = set(read(file)[True])
    assert not triggers & {"pull_request_target", "workflow_run", "issue_comment"}
    for job in read(file)["jobs"].values():
        if "pull_request" in triggers and "secrets." in str(job):
            guard = "github.event.pull_request.head.repo.full_name == github.repository"
            assert guard in job["if"]


@each_workflow
def test_secrets_go_to_single_steps_and_checkouts_keep_no_token(file: Path):
    workflow = read(file)
    assert "env" not in workflow
    assert all("env" not in job for job in workflow["jobs"].values())
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_only_one_apply_runs_at_a_time():
    concurrency = read(WORKFLOWS / "apply.yml")["concurrency"]
    assert concurrency == {"group": "tuneform-apply-prod", "cancel-in-progress": False}
    groups = [read(file)["concurrency"]["group"] for file in FILES]
    assert len(set(groups)) == len(groups)


def test_nothing_is_put_together_to_a_script():
    """`${{ }}` in a `run` would make foreign text part of the program."""
    for step in (*(step for file in FILES for step in steps(file)), *ACTION["runs"]["steps"]):
        assert "${{" not in step.get("run", "")
    assert all("${{" not in script.read_text(encoding="utf-8") for script in SCRIPTS)
    assert all("eval" not in script.read_text(encoding="utf-8").split() for script in SCRIPTS)


def test_what_is_used_is_pinned():
    for step in (*(step for file in FILES for step in steps(file)), *ACTION["runs"]["steps"]):
        assert "uses" not in step or PINNED.fullmatch(step["uses"])


def test_every_input_is_used_and_documented():
    text = str(ACTION["runs"]) + str(ACTION["outputs"])
    for name, given in ACTION["inputs"].items():
        assert f"inputs.{name} " in text
        assert given["description"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_scripts_parse(script: Path):
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert script.name == "api.sh" or os.access(script, os.X_OK)


def _tool(name: str) -> str:
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def test_shellcheck_finds_nothing():
    tool = _tool("shellcheck")
    done = subprocess.run(
        [tool, "--external-sources", *map(str, SCRIPTS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_actionlint_finds_nothing():
    tool = _tool("actionlint")
    done = subprocess.run(
        [tool, "-no-color", *map(str, FILES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_pre_commit_reads_the_hooks():
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=600)


BARE_INSTALL = """
import sys
for missing in ("numpy", "waitress", "werkzeug", "google.auth"):
    sys.modules[missing] = None
from tuneform.cli.entry import main
sys.argv = sys.argv[1:]
main()
"""


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
@pytest.mark.parametrize("project", ["gitops", "minimal"])
def test_hooks_run_with_what_pre_commit_installs(
    hook: dict[str, Any], project: str, tmp_path: Path
):
    """That is tuneform without its extras."""
    copy = shutil.copytree(ROOT / "examples" / project, tmp_path / project)
    entry = [*hook["entry"].split(), "--project", str(copy)]
    done = subprocess.run(
        [sys.executable, "-c", BARE_INSTALL, *entry],
        env=BARE_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert not hook["pass_filenames"]


def test_hooks_run_when_a_file_of_a_project_changes():
    project = ROOT / "examples" / "gitops"
    files = [path for path in project.rglob("*") if path.suffix in {".yaml", ".jsonl", ".csv"}]
    assert files
    for hook in HOOKS:
        assert all(re.search(hook["files"], path.as_posix()) for path in files)
