"""What a command does not need it does not load: SQLAlchemy takes longer than a small plan."""

import subprocess
import sys

import pytest
from tests.cli.project import BARE_ENVIRONMENT, Project

LOADED = """
import sys
from tuneform.cli.entry import main
sys.argv = ["tuneform", *sys.argv[1:]]
main()
print("sqlalchemy" in sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments", [("version",), ("--help",), ("plan",), ("history",), ("lock",), ("validate",)]
)
def test_only_who_writes_loads_sqlalchemy(project: Project, arguments: tuple[str, ...]) -> None:
    project.model("numbers")
    project.apply()
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        cwd=project.root,
        env=BARE_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr.splitlines()[-1] == "False"
