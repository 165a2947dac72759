"""Writes the pages that are made from the code: commands, manifests, the JSON Schemas.

Run it with the project's Python: `python docs/generate.py`. With `--check` it writes nothing, and
fails where a page is out of date; the test suite does that.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

from tuneform.cli.commands import app
from tuneform.manifest.reference import reference_markdown
from tuneform.manifest.schema import json_schema
from tuneform.planfile import schema as plan_schema

DOCS = Path(__file__).parent
WIDTH = 88
COMMANDS = (
    "init", "validate", "plan", "diff", "apply", "rollback", "prune", "destroy", "status",
    "show", "history", "lineage", "lock", "wait", "cancel", "evaluate", "gate", "generate",
    "output", "import", "forget", "dataset", "dataset check", "dataset stats", "dataset diff",
    "schema", "serve", "version",
)  # fmt: skip

HEADER = """# Commands

Made from the help texts by `make docs`; do not edit. Exit codes are the same for all commands:

| code | meaning |
| --- | --- |
| 0 | done, or nothing to do |
| 1 | error |
| 2 | changes present (`plan --detailed-exitcode` only) |
| 3 | invalid manifest or dataset |
| 4 | authentication or permission |
| 5 | refused by policy, threshold, budget or protection |
| 6 | a gate was not passed, or nothing serves |
| 7 | the plan is stale or was edited, or another run holds the lock |
| 8 | applied in part |
| 9 | timeout; training goes on remotely |
| 64 | usage |
| 130 | interrupted |

Environment variables: `GEMINI_API_KEY` or `GOOGLE_API_KEY` (provider gemini; else OAuth through
Application Default Credentials), `TUNEFORM_ENV`, `TUNEFORM_VAR_NAME`, `TUNEFORM_LEDGER`,
`TUNEFORM_LOG` (a file for the log of requests), `TUNEFORM_TRUSTED_ENDPOINTS`,
`TUNEFORM_STEP_SECONDS` (how long each training step of the embedded practice service lasts, as
`serve --step-seconds`), `TUNEFORM_TRACEBACK` (show where a bug is), `NO_COLOR`, `COLUMNS`, and on
GitHub `GITHUB_STEP_SUMMARY` (`--format github` appends to that file).
"""


def help_text(*command: str) -> str:
    """What `tuneform COMMAND --help` prints in a terminal of this width."""
    os.environ["COLUMNS"] = str(WIDTH)
    stream = io.StringIO()
    with redirect_stdout(stream):
        app([*command, "--help"], prog_name="tuneform", standalone_mode=False)
    return stream.getvalue().strip()


def commands_page() -> str:
    """The command reference."""
    parts = [HEADER, f"```text\n{help_text()}\n```\n"]
    parts += [
        f"## {command}\n\n```text\n{help_text(*command.split())}\n```\n" for command in COMMANDS
    ]
    return "\n".join(parts)


def pages() -> dict[Path, str]:
    """Every generated page by its file."""
    return {
        DOCS / "commands.md": commands_page(),
        DOCS / "manifests.md": reference_markdown(),
        DOCS / "manifest.schema.json": _json(json_schema()),
        DOCS / "plan.schema.json": _json(plan_schema()),
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = [
        path
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if not check:
            path.write_text(pages()[path], encoding="utf-8")
        sys.stderr.write(f"{'out of date' if check else 'wrote'}: {path.name}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
