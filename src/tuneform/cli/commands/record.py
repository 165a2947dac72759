"""history, lineage, lock."""

from __future__ import annotations

from typing import Annotated

import typer

from tuneform.cli.commands.inspecting import NAME
from tuneform.cli.options import Common, with_common


@with_common
def history(
    common: Common,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A model; else all.", show_default=False)
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="Runs to show, at most.")
    ] = 20,
) -> int:
    """Show what was done, newest first: who, when, from which commit, and how it ended."""
    from tuneform.app import record
    from tuneform.render.history import history_json, history_text

    declared, runs = record.history(common.invocation, name, limit)
    screen = common.screen
    if common.json:
        screen.json(history_json(declared.owner, runs))
    else:
        screen.result(history_text(declared.owner, runs, screen.look))
    return 0


@with_common
def lineage(common: Common, name: NAME) -> int:
    """Show where each version of a model comes from, as the ledger knows it."""
    from tuneform.app import record
    from tuneform.render.lineage import lineage_json, lineage_text

    declared, versions = record.lineage(common.invocation, name)
    screen = common.screen
    if common.json:
        screen.json(lineage_json(declared.owner, name, versions))
    else:
        screen.result(lineage_text(declared.owner, name, versions, screen.look))
    return 0


@with_common
def lock(common: Common) -> int:
    """Show which run is writing for this project and environment now, if any is."""
    from tuneform.app import record
    from tuneform.render.lock import lock_json, lock_text

    declared, state = record.lock(common.invocation)
    screen = common.screen
    if common.json:
        screen.json(lock_json(declared.owner, state))
    else:
        screen.result(lock_text(declared.owner, state, screen.look))
    return 0
