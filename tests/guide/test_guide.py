"""The guide, played from the first line to the last: its page is what the commands print."""

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest
from tests.cli.project import BARE_ENVIRONMENT
from tests.cli.repository import GIT_ENVIRONMENT
from tests.guide.play import difference, playing

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide.md"
UPDATE = "TUNEFORM_UPDATE_GUIDE"
TOOLS = ("bash", "git", "curl", "jq")

needs_tools = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"the guide uses {', '.join(TOOLS)}"
)


@needs_tools
def test_every_command_of_the_guide_prints_what_the_guide_says(tmp_path):
    page = GUIDE.read_text(encoding="utf-8")
    with playing(home(tmp_path), environment(tmp_path)) as play:
        played = play.page(page)
    if os.environ.get(UPDATE):
        GUIDE.write_text(played, encoding="utf-8")
    elif played != page:
        pytest.fail(f"{difference(page, played)}\n{UPDATE}=1 writes the page again", pytrace=False)


def home(folder: Path) -> Path:
    """Where a reader begins, with a clone of this repository."""
    place = folder / "home"
    ignored = shutil.ignore_patterns(".practice", ".tuneform", "*.db*")
    shutil.copytree(ROOT / "examples", place / "tuneform" / "examples", ignore=ignored)
    return place


def environment(folder: Path) -> dict[str, str]:
    """Variables of a shell in which tuneform is installed, and nothing of this machine's."""
    command = folder / "bin" / "tuneform"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m tuneform "$@"\n', "utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    own = {"PATH": f"{command.parent}:{BARE_ENVIRONMENT['PATH']}", "LC_ALL": "C.UTF-8"}
    return {**BARE_ENVIRONMENT, **GIT_ENVIRONMENT, "HOME": str(folder), **own}
