"""dataset check, stats, diff."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tuneform.cli.options import TextOrJson, or_help
from tuneform.cli.screen import Screen

app = typer.Typer(
    help="Look at examples without a model.", callback=or_help, invoke_without_command=True
)

_FILES = Annotated[list[Path], typer.Argument(metavar="FILE", help="JSONL, JSON, CSV or TSV.")]
_INPUT = Annotated[str, typer.Option("--input", metavar="NAME", help="Field of the input.")]
_OUTPUT = Annotated[str, typer.Option("--output", metavar="NAME", help="Field of the output.")]
_FORMAT = Annotated[TextOrJson, typer.Option("--format", help="How results are printed.")]
_NO_COLOR = Annotated[bool, typer.Option("--no-color", help="No colour; NO_COLOR does the same.")]


@app.command()
def check(
    context: typer.Context,
    files: _FILES,
    input_: _INPUT = "text_input",
    output: _OUTPUT = "output",
    format_: _FORMAT = TextOrJson.TEXT,
    no_color: _NO_COLOR = False,
) -> int:
    """Check files against the limits of the tuning guide."""
    from tuneform.app.datasets import Columns, check_files
    from tuneform.domain.diagnostic import has_errors
    from tuneform.errors import InvalidProject
    from tuneform.render import dataset as render

    screen = _screen(context, format_, no_color=no_color)
    facts, diagnostics = check_files(files, Columns(input_, output))
    if format_ is TextOrJson.JSON:
        screen.json(render.dataset_check_json(facts, diagnostics))
    else:
        screen.result(render.dataset_check_text(facts, diagnostics, screen.look))
    return InvalidProject.exit_code if has_errors(diagnostics) else 0


@app.command()
def stats(
    context: typer.Context,
    files: _FILES,
    input_: _INPUT = "text_input",
    output: _OUTPUT = "output",
    format_: _FORMAT = TextOrJson.TEXT,
    no_color: _NO_COLOR = False,
) -> int:
    """Count and measure examples, with the guide's advice."""
    from tuneform.app.datasets import Columns, file_stats
    from tuneform.render import dataset as render

    screen = _screen(context, format_, no_color=no_color)
    found = file_stats(files, Columns(input_, output))
    if format_ is TextOrJson.JSON:
        screen.json(render.dataset_stats_json(found))
    else:
        screen.result(render.dataset_stats_text(found, screen.look))
    return 0


@app.command()
def diff(
    context: typer.Context,
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A file.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="A later version of it.")],
    input_: _INPUT = "text_input",
    output: _OUTPUT = "output",
    format_: _FORMAT = TextOrJson.TEXT,
    no_color: _NO_COLOR = False,
) -> int:
    """Count examples added, removed and changed, paired by their input."""
    from dataclasses import asdict

    from tuneform.app.datasets import Columns, diff_files
    from tuneform.render import dataset as render

    screen = _screen(context, format_, no_color=no_color)
    counts = asdict(diff_files(before, after, Columns(input_, output)))
    if format_ is TextOrJson.JSON:
        screen.json(render.dataset_diff_json(str(before), str(after), counts))
    else:
        screen.result(render.dataset_diff_text(str(before), str(after), counts, screen.look))
    return 0


def _screen(context: typer.Context, format_: TextOrJson, *, no_color: bool) -> Screen:
    screen: Screen = context.obj
    screen.configure(colour=not no_color, json=format_ is TextOrJson.JSON)
    return screen
