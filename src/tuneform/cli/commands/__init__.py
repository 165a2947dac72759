"""The commands, in the order in which help shows them."""

from __future__ import annotations

import typer
from typer.core import TyperGroup

from tuneform.cli.commands import (
    adopting,
    applying,
    checking,
    datasets,
    gating,
    inspecting,
    planning,
    project,
    record,
    training,
)
from tuneform.cli.options import or_help


class _Commands(TyperGroup):
    """Tells an interrupt from a command that returns the same code: typer would say nothing."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Abort from None


app = typer.Typer(
    cls=_Commands,
    help="Keeps tuned language models in agreement with YAML manifests in git.",
    callback=or_help,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)

app.command("init")(project.init)
app.command("validate")(checking.validate)
app.command("plan")(planning.plan)
app.command("diff")(planning.diff)
app.command("apply")(applying.apply)
app.command("rollback")(applying.rollback)
app.command("prune")(applying.prune)
app.command("destroy")(applying.destroy)
app.command("status")(inspecting.status)
app.command("show")(inspecting.show)
app.command("history")(record.history)
app.command("lineage")(record.lineage)
app.command("lock")(record.lock)
app.command("wait")(training.wait)
app.command("cancel")(training.cancel)
app.command("evaluate")(gating.evaluate)
app.command("gate")(gating.gate)
app.command("generate")(inspecting.generate)
app.command("output")(inspecting.output)
app.command("import")(adopting.import_)
app.command("forget")(adopting.forget)
app.add_typer(datasets.app, name="dataset")
app.command("schema")(project.schema)
app.command("serve")(project.serve)
app.command("version")(project.version)
