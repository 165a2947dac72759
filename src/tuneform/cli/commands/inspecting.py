"""status, show, output, generate."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tuneform.cli.commands.planning import FORMAT, PlanFormat, Shown, show_plan
from tuneform.cli.options import Common, with_common
from tuneform.errors import UsageError

NAME = Annotated[str, typer.Argument(metavar="NAME", help="A model.", show_default=False)]


class OutputFormat(StrEnum):
    """How outputs are printed."""

    TEXT = "text"
    JSON = "json"
    ENV = "env"
    YAML = "yaml"


@with_common
def status(common: Common) -> int:
    """Show what serves and what trains, how far it is, and its loss."""
    from tuneform.app import inspecting
    from tuneform.render.status import status_json, status_text

    declared, report = inspecting.status(common.invocation)
    screen = common.screen
    screen.warnings(declared.warnings)
    if common.json:
        screen.json(status_json(report))
    else:
        screen.result(status_text(report, screen.look))
    return 0


@with_common
def show(
    common: Common,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|PLANFILE", help="A model, or a saved plan.", show_default=False
        ),
    ],
    format_: FORMAT = PlanFormat.TEXT,
) -> int:
    """Show one model in full: versions, inputs, loss curve, advice; or a saved plan again."""
    from tuneform.app import inspecting
    from tuneform.render.show import show_json, show_text

    if is_file_name(name):
        return _show_saved(common, Path(name), format_)
    if format_ not in (PlanFormat.TEXT, PlanFormat.JSON):
        raise UsageError(
            f"--format {format_} is for saved plans", hint="a model is shown as text or json"
        )
    try:
        view = inspecting.show(common.invocation, name)
    except UsageError as error:
        if Path(name).is_file():
            error.hint = f"the file of that name is meant by `tuneform show ./{name}`"
        raise
    screen = common.screen
    if common.json:
        screen.json(show_json(view))
    else:
        screen.result(show_text(view, screen.look))
    return 0


def is_file_name(text: str) -> bool:
    """Whether it cannot be the name of a model: these have neither dots nor slashes."""
    return "." in text or "/" in text or "\\" in text


def _show_saved(common: Common, path: Path, format_: PlanFormat) -> int:
    from tuneform.app.saved import load_plan

    saved = load_plan(path, None)
    shown = Shown(saved.plan, destroy=saved.made_from.destroy, texts=saved.texts)
    show_plan(common, format_, shown)
    common.screen.note(f"Checksum {saved.checksum}.")
    return 0


@with_common
def generate(
    common: Common,
    name: NAME,
    prompt: Annotated[
        str, typer.Argument(metavar="PROMPT", help="What to ask.", show_default=False)
    ],
) -> int:
    """Ask the serving version; its preamble is put in front."""
    from tuneform.app import inspecting

    answer = inspecting.generate(common.invocation, name, prompt)
    screen = common.screen
    if common.json:
        screen.json({"format_version": "1.0", "model": name, "answer": answer})
    else:
        screen.result(screen.look.clean(answer))
    return 0


@with_common
def output(
    common: Common,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A model; else all.", show_default=False)
    ] = None,
    format_: Annotated[
        OutputFormat, typer.Option("--format", help="How results are printed.")
    ] = OutputFormat.TEXT,
) -> int:
    """Print the serving versions for applications."""
    from tuneform.app import inspecting
    from tuneform.render import output as render

    served = inspecting.output(common.invocation, name)
    screen = common.screen
    for missing in served.missing:
        screen.note(f"warning: no version of {missing!r} serves; it is left out")
    match format_:
        case OutputFormat.TEXT:
            screen.result(render.output_text(served.models, screen.look))
        case OutputFormat.JSON:
            screen.json(render.output_json(served.models))
        case OutputFormat.ENV:
            screen.result(render.output_env(served.models))
        case OutputFormat.YAML:
            screen.result(render.output_yaml(served.models))
    return 0
