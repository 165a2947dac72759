"""wait, cancel."""

from __future__ import annotations

from typing import Annotated

import typer

from tuneform.cli.commands.inspecting import NAME
from tuneform.cli.options import Common, with_common
from tuneform.cli.values import TRAINING_PATIENCE, patience


@with_common
def wait(
    common: Common,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Models; else all.", show_default=False),
    ] = None,
    timeout: Annotated[
        str,
        typer.Option("--timeout", metavar="TIME", help="At most, such as 90s, 30m or 2h, or none."),
    ] = TRAINING_PATIENCE,
) -> int:
    """Watch trainings until they end. Nothing is changed; apply promotes what is trained."""
    from tuneform.app import training
    from tuneform.cli.progress import listening
    from tuneform.render.report import report_json, report_text

    screen = common.screen
    seconds = patience(timeout)
    with listening(common, "wait") as ears:
        report = training.wait(common.invocation, names or (), seconds, ears)
    if common.json:
        screen.json(report_json(report))
    elif not report.outcomes:
        screen.result("Nothing is in training.")
    else:
        screen.result(report_text(report, screen.look, title="Wait"))
    return report.exit_code


@with_common
def cancel(
    common: Common,
    name: NAME,
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="VERSION", help="This one only: its name or id."),
    ] = None,
) -> int:
    """Stop the training of a model. What was cancelled never serves."""
    from tuneform.app import training
    from tuneform.cli.progress import listening
    from tuneform.render.report import report_json, report_text

    screen = common.screen
    with listening(common, "cancel") as ears:
        report = training.cancel(common.invocation, name, version, ears)
    if common.json:
        screen.json(report_json(report))
    elif not report.outcomes:
        screen.result(f"The training of {name!r} was cancelled already.")
    elif not report.exit_code and not any(each.message for each in report.outcomes):
        screen.result(f"Cancelled the training of {name!r}: what it made never serves.")
    else:
        screen.result(report_text(report, screen.look, title="Cancel"))
    return report.exit_code
