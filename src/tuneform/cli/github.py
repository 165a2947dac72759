"""`--format github`: what a job on GitHub is to show, beside the log."""

from __future__ import annotations

from pathlib import Path

from tuneform.cli.options import Common
from tuneform.errors import LocalError

SUMMARY = "GITHUB_STEP_SUMMARY"


def publish(common: Common, text: str, annotations: str, summary: str) -> None:
    """Print a text and annotations, and append to the summary of the job's step, if there is one.

    Args:
        common: where to print, and the environment.
        text: for the log.
        annotations: workflow commands, one a line; may be empty.
        summary: Markdown.

    Raises:
        LocalError: the summary cannot be written.
    """
    from tuneform.render.annotations import inert

    screen = common.screen
    screen.result(inert(text))
    if annotations:
        screen.result(annotations)
    file = common.invocation.environ.get(SUMMARY)
    if not file:
        return
    try:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(f"{summary}\n")
    except OSError as error:
        raise LocalError(
            f"{SUMMARY}: {file!r} cannot be written: {error.strerror}",
            hint="it is set by the runner; unset it elsewhere",
        ) from error
