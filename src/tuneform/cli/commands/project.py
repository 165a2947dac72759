"""init, schema, serve, version."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tuneform import __version__
from tuneform.cli.screen import Screen


def init(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Made where it is missing.", show_default=False)
    ] = Path(),
) -> int:
    """Write a small working project, named after the directory."""
    from tuneform.app.starter import start_project

    screen: Screen = context.obj
    started = start_project(folder)
    screen.result(f"Project {started.project!r} in {folder}:")
    for each in started.written:
        screen.result(f"  {each}")
    if started.ignored:
        screen.note(f"Add to your .gitignore: {' '.join(started.ignored)}")
    step = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    screen.result(f"\nNext: {step}tuneform plan, then tuneform apply")
    return 0


class Document(StrEnum):
    """What a schema is about."""

    MANIFEST = "manifest"
    PLAN = "plan"


def schema(
    context: typer.Context,
    document: Annotated[
        Document, typer.Argument(help="Manifests, or plans as JSON.")
    ] = Document.MANIFEST,
) -> int:
    """Print the JSON Schema of manifests, or of plans."""
    from tuneform.app.schema import manifest_schema, plan_schema

    screen: Screen = context.obj
    screen.json(plan_schema() if document is Document.PLAN else manifest_schema())
    return 0


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 picks a free one.")
    ] = 8765,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="FILE", help="Where it keeps everything; else a temporary folder."
        ),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option("--api-key", metavar="KEY", help="The only key accepted; else any."),
    ] = None,
    step_seconds: Annotated[
        float,
        typer.Option("--step-seconds", min=0, metavar="S", help="How long each step lasts."),
    ] = 0.0,
    faults: Annotated[
        Path | None,
        typer.Option("--faults", metavar="FILE", help="What is to go wrong, as YAML or JSON."),
    ] = None,
) -> int:
    """Run the practice service. Its base URL is the first line printed."""
    from tuneform.app.serving import serve as run

    screen: Screen = context.obj
    run(
        host=host,
        port=port,
        data=data,
        api_key=api_key,
        step_seconds=step_seconds,
        faults=faults,
        on_ready=screen.result,
    )
    return 0


def version(context: typer.Context) -> int:
    """Print the version."""
    screen: Screen = context.obj
    screen.result(f"tuneform {__version__}")
    return 0
