"""import, forget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tuneform.cli.commands.inspecting import NAME
from tuneform.cli.confirm import confirm
from tuneform.cli.options import Common, with_lock


@with_lock
def import_(
    common: Common,
    remote: Annotated[
        str,
        typer.Argument(metavar="REMOTE", help="Such as tunedModels/my-model.", show_default=False),
    ],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="The model it becomes.", show_default=False)
    ],
    dataset: Annotated[
        Path,
        typer.Option(
            "--dataset", metavar="FILE", help="What it was trained from.", show_default=False
        ),
    ],
) -> int:
    """Adopt a live object: write its manifest, then mark it."""
    from tuneform.app.adopting import Adoption, adopt
    from tuneform.cli.progress import listening
    from tuneform.render.report import report_json, report_text

    screen = common.screen
    with listening(common, "import") as ears:
        adopted = adopt(common.invocation, Adoption(remote, name, dataset), ears)
    if adopted.manifest:
        screen.note(f"Wrote {adopted.manifest}: read it, and commit it.")
    if common.json:
        screen.json({**report_json(adopted.report), "manifest": adopted.manifest})
    elif not adopted.report.outcomes:
        screen.result(f"{adopted.remote} bears the mark of {name!r} already.")
    elif adopted.report.exit_code:
        screen.result(report_text(adopted.report, screen.look, title="Import"))
    else:
        screen.result(f"Imported {adopted.remote} as {name!r}. `tuneform apply` promotes it.")
    return adopted.report.exit_code


@with_lock
def forget(
    common: Common,
    name: NAME,
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="VERSION", help="This one only: its name or id."),
    ] = None,
    auto_approve: Annotated[bool, typer.Option("--auto-approve", "-y", help="Do not ask.")] = False,
) -> int:
    """Take our mark off a model's objects; the objects stay."""
    from tuneform.app import forgetting
    from tuneform.cli.progress import listening
    from tuneform.render.plan import plan_text
    from tuneform.render.report import report_json, report_text

    screen = common.screen
    with forgetting.forget(common.invocation, name, version) as release:
        screen.note(plan_text(release.plan, screen.err_look))
        if release.declared:
            screen.note(
                f"warning: a manifest still declares {name!r}: until it is removed, apply holds "
                "the model or trains it anew"
            )
        if not auto_approve:
            confirm(screen, f"Forget {name}", "yes", "-y")
        with listening(common, "forget") as ears:
            report = release.run(ears)
    if common.json:
        screen.json(report_json(report))
    else:
        screen.result(report_text(report, screen.look, title="Forget"))
    return report.exit_code
