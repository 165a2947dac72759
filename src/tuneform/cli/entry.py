"""The first and the last line of every run: quick answers, and the exit code.

`tuneform version` is answered before typer is imported.
"""

from __future__ import annotations

import sys

from tuneform import __version__


def main() -> int:
    """Run the command line.

    Returns:
        The exit code of the contract's section 7.
    """
    if sys.argv[1:] in (["version"], ["--version"]):
        try:
            print(f"tuneform {__version__}", flush=True)  # noqa: T201  # it has no screen
        except OSError:
            pass  # the slow answer knows what to say
        else:
            return 0
    from tuneform.cli.run import run

    return run(sys.argv[1:])
