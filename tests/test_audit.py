"""`make audit` tells what is known, and says so where nobody could be asked: that is no verdict."""

import importlib.util
import json
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / ".ci" / "audit.py"
SKIPPED = "audit: skipped, as no service for vulnerabilities answers here: "


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("ci_audit", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def program(tmp_path):
    """A pip-audit of ours that prints what it is told to."""

    def make(out: str = "", err: str = "", code: int = 0) -> str:
        path = tmp_path / "pip-audit"
        (tmp_path / "out").write_text(out)
        (tmp_path / "err").write_text(err)
        path.write_text(f"#!/bin/sh\ncat {tmp_path}/out\ncat {tmp_path}/err >&2\nexit {code}\n")
        path.chmod(0o755)
        return str(path)

    return make


def answer(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_what_is_known_fails(audit, program, capsys):
    flaw = {"id": "PYSEC-1", "fix_versions": ["2.1", "3.0"], "aliases": []}
    other = {"id": "PYSEC-2", "fix_versions": []}
    packages = [
        {"name": "good", "version": "1", "vulns": []},
        {"name": "bad", "version": "2", "vulns": [flaw, other]},
        {"name": "ours", "skip_reason": "not found"},
    ]
    assert audit.main(program(answer(*packages), code=1)) == 1
    assert capsys.readouterr().out.splitlines() == [
        "audit: bad 2: PYSEC-1, mended in 2.1, 3.0",
        "audit: bad 2: PYSEC-2, mended in no release",
        "audit: 2 of 3 packages asked for, 2 vulnerabilities known",
    ]


def test_nothing_known_passes(audit, program, capsys):
    assert audit.main(program(answer({"name": "a", "version": "1", "vulns": []}))) == 0
    assert "1 of 1 packages asked for, 0 vulnerabilities known" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("out", "err", "told"),
    [
        ("", "Traceback\nrequests.ConnectionError: no route\n", "requests.ConnectionError: no"),
        ("", "", "no answer"),
        ("<html>", "", "no answer"),
        ("{}", "", "no answer"),
        (answer({"name": "a", "skip_reason": "unknown"}), "", "none of 1 packages is known"),
    ],
)
def test_where_nobody_answers_that_is_told(audit, program, capsys, out, err, told):
    assert audit.main(program(out, err, 1)) == 0
    assert capsys.readouterr().out.startswith(SKIPPED + told)


def test_where_there_is_no_program_that_is_told(audit, tmp_path, capsys):
    assert audit.main(str(tmp_path / "none")) == 0
    assert capsys.readouterr().out == f"{SKIPPED}FileNotFoundError\n"
