"""apply, destroy, rollback, prune."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneform.cli.commands.planning import (
    EXCLUDE,
    MAX_COST,
    STAGE,
    TARGET,
    Shown,
    plan_words,
)
from tuneform.cli.confirm import confirm
from tuneform.cli.options import Common, with_lock
from tuneform.cli.values import TRAINING_PATIENCE, amount, duration, patience
from tuneform.errors import UsageError

if TYPE_CHECKING:
    from tuneform.app.applying import Ears, Prepared, Wishes
    from tuneform.app.rolling_back import Wish
    from tuneform.domain.report import Report
    from tuneform.render.look import Look


class ApplyFormat(StrEnum):
    """How a run is told."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    GITHUB = "github"


_FORMAT = Annotated[
    ApplyFormat,
    typer.Option("--format", help="How results are printed; jsonl prints events as they happen."),
]
_PARALLELISM = Annotated[
    int, typer.Option("--parallelism", min=1, max=64, metavar="N", help="Requests at a time.")
]
_TIMEOUT = Annotated[
    str,
    typer.Option(
        "--timeout",
        metavar="TIME",
        help="Stop waiting for trainings after this time, such as 90s, 30m or 2h, or none; they go "
        "on.",
    ),
]
_APPROVE = Annotated[bool, typer.Option("--auto-approve", "-y", help="Do not ask.")]
_YES_DESTROY = Annotated[
    str | None,
    typer.Option("--yes-destroy", metavar="OWNER", help="Do not ask; name whose models go."),
]


@with_lock
def apply(
    common: Common,
    planfile: Annotated[
        Path | None,
        typer.Argument(
            metavar="PLANFILE",
            help="A plan saved by plan --out; else a new one.",
            show_default=False,
        ),
    ] = None,
    checksum: Annotated[
        str | None,
        typer.Option(
            "--checksum", metavar="HEX", help="Apply PLANFILE only if it has this checksum."
        ),
    ] = None,
    target: TARGET = None,
    exclude: EXCLUDE = None,
    stage: STAGE = False,
    auto_approve: _APPROVE = False,
    yes_destroy: _YES_DESTROY = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for trainings, then promote.")
    ] = True,
    timeout: _TIMEOUT = TRAINING_PATIENCE,
    parallelism: _PARALLELISM = 8,
    max_cost: MAX_COST = None,
    allow_deletes: Annotated[
        int | None,
        typer.Option("--allow-deletes", min=0, metavar="D", help="Permit D deletions."),
    ] = None,
    allow_older_commit: Annotated[
        bool,
        typer.Option("--allow-older-commit", help="Go back behind the commit applied last."),
    ] = False,
    format_: _FORMAT = ApplyFormat.TEXT,
) -> int:
    """Make the live models agree with the manifests, or carry out a saved plan."""
    from tuneform.app.applying import Wishes
    from tuneform.app.planning import Aim
    from tuneform.domain.selection import Selection

    for option, given in (("--checksum", checksum), ("--yes-destroy", yes_destroy)):
        if planfile is None and given is not None:
            raise UsageError(f"{option} is about a saved plan", hint="name the PLANFILE")
    if planfile is not None and (target or exclude or stage):
        raise UsageError(
            "a saved plan says itself what it is about",
            hint="give --target, --exclude and --stage to `tuneform plan --out`",
        )
    wishes = Wishes(
        aim=Aim(
            selection=Selection(tuple(target or ()), tuple(exclude or ())),
            staging=stage,
            max_cost=amount(max_cost),
        ),
        saved=planfile,
        checksum=checksum,
        parallelism=parallelism,
        wait=wait,
        timeout=patience(timeout),
        allow_deletes=allow_deletes,
        allow_older_commit=allow_older_commit,
    )
    # Whoever saved a plan has seen it: naming it is the approval. To destroy takes more than that.
    approved = auto_approve or planfile is not None
    return _carry_out(common, wishes, format_, approved=approved, destroys=yes_destroy)


@with_lock
def destroy(
    common: Common,
    target: TARGET = None,
    exclude: EXCLUDE = None,
    yes_destroy: _YES_DESTROY = None,
    parallelism: _PARALLELISM = 8,
    format_: _FORMAT = ApplyFormat.TEXT,
) -> int:
    """Delete all models of this project and environment."""
    from tuneform.app.applying import Wishes
    from tuneform.app.planning import Aim
    from tuneform.domain.selection import Selection

    selection = Selection(tuple(target or ()), tuple(exclude or ()))
    wishes = Wishes(aim=Aim(selection=selection, destroy=True), parallelism=parallelism)
    return _carry_out(common, wishes, format_, destroys=yes_destroy)


@with_lock
def rollback(
    common: Common,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model.", show_default=False)],
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="VERSION", help="Remote name, id or short fingerprint; else the newest."
        ),
    ] = None,
    auto_approve: _APPROVE = False,
) -> int:
    """Let an earlier kept version serve again, until the manifest changes."""
    from tuneform.app.rolling_back import roll_back
    from tuneform.cli.progress import listening
    from tuneform.render.layout import wrap
    from tuneform.render.report import report_json, report_text

    screen = common.screen
    with roll_back(common.invocation, name, to) as prepared:
        change = prepared.plan.changes[0]
        remote = screen.err_look.clean(change.remote or "")
        if not change.steps:
            screen.note(f"{remote} serves already, pinned against the desired version.")
        else:
            screen.note(plan_words(Shown(prepared.plan), screen.err_look))
            if not auto_approve:
                confirm(screen, f"Let {remote} serve", "yes", "-y")
        with listening(common, "rollback") as ears:
            report = prepared.run(ears)
    if common.json:
        commit = prepared.wish.commit if prepared.wish else None
        screen.json({**report_json(report), "commit": commit})
    else:
        screen.result(report_text(report, screen.look, title="Rollback"))
    look = screen.err_look
    screen.note("\n".join(wrap(_in_line(name, prepared.wish, look), look)))
    return report.exit_code


def _in_line(name: str, wish: Wish | None, look: Look) -> str:
    """What has to be committed, as a pin is meant to lapse."""
    if wish is None:
        return (
            "No commit here has the manifest and data of that version: change the manifest of "
            f"{name!r} so that apply can go on."
        )
    files = ", ".join(dict.fromkeys(map(look.clean, wish.files)))
    return (
        f"To bring git in line: revert what changed {name!r} since commit {wish.commit[:10]}, or "
        f"take {files} as they were in that commit; then apply. Until then the model is held."
    )


@with_lock
def prune(
    common: Common,
    staged: Annotated[
        bool, typer.Option("--staged", help="Versions staged for branches that are gone.")
    ] = False,
    leftovers: Annotated[
        bool,
        typer.Option("--leftovers", help="What models left behind: endpoints, uploads."),
    ] = False,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="TIME", help="Such as 12h or 7d.")
    ] = "7d",
    ignore_ref: Annotated[
        list[str] | None,
        typer.Option("--ignore-ref", metavar="REF", help="Do not ask what this ref wants."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be deleted.")
    ] = False,
    auto_approve: _APPROVE = False,
) -> int:
    """Delete staged versions that no local git ref wants, or what models left behind."""
    if staged is leftovers:
        raise UsageError(
            "prune: say what is to be cleaned, one at a time",
            hint="`tuneform prune --staged`, or `tuneform prune --leftovers`",
        )
    age = timedelta(seconds=duration(older_than, "--older-than") or 0)
    if leftovers:
        return _prune_leftovers(common, age, dry_run=dry_run, approved=auto_approve)
    return _prune_staged(common, age, ignore_ref or (), dry_run=dry_run, approved=auto_approve)


def _prune_leftovers(common: Common, age: timedelta, *, dry_run: bool, approved: bool) -> int:
    from tuneform.app.cleaning import clean_leftovers
    from tuneform.domain.cleaning import CleaningReport
    from tuneform.render.cleaning import cleaning_json, cleaning_text, leftover_json, leftover_lines

    screen = common.screen
    with clean_leftovers(common.invocation, age) as cleaning:
        for line in leftover_lines(cleaning.leftovers, screen.err_look):
            screen.note(line)
        if cleaning.younger:
            screen.note(f"{cleaning.younger} more are too young, or of unknown age, and stay.")
        if dry_run or not cleaning.leftovers:
            if common.json:
                told = [leftover_json(each) for each in cleaning.leftovers]
                screen.json({"format_version": "1.0", "leftovers": [*told]})
            elif not cleaning.leftovers:
                screen.result("Nothing is left over.")
            return 0
        if not approved:
            confirm(screen, "Delete these leftovers", "yes", "-y")
        report: CleaningReport = cleaning.run()
    if common.json:
        screen.json(cleaning_json(report))
    else:
        screen.result(cleaning_text(report, screen.look))
    return report.exit_code


def _prune_staged(
    common: Common, age: timedelta, ignored: Sequence[str], *, dry_run: bool, approved: bool
) -> int:
    from tuneform.app.pruning import prune_staged
    from tuneform.cli.progress import listening
    from tuneform.render.plan_json import plan_json
    from tuneform.render.report import report_json, report_text

    screen = common.screen
    with prune_staged(common.invocation, age, ignored) as prepared:
        if not prepared.plan.changes:
            screen.note(f"Nothing to prune; {prepared.refs} refs were asked what they want.")
        else:
            screen.note(plan_words(Shown(prepared.plan), screen.err_look))
        if dry_run:
            if common.json:
                screen.json(plan_json(prepared.plan))
            return 0
        if prepared.plan.has_steps and not approved:
            confirm(screen, "Delete these versions", "yes", "-y")
        with listening(common, "prune") as ears:
            report = prepared.run(ears)
    if common.json:
        screen.json(report_json(report))
    elif prepared.plan.changes:
        screen.result(report_text(report, screen.look, title="Prune"))
    return report.exit_code


def _carry_out(
    common: Common,
    wishes: Wishes,
    format_: ApplyFormat,
    *,
    approved: bool = False,
    destroys: str | None = None,
) -> int:
    """Show the plan, have it confirmed, apply that very plan, show the report.

    Args:
        common: of the command.
        wishes: what to apply.
        format_: how it is told.
        approved: whether nobody has to be asked.
        destroys: the owner that `--yes-destroy` names.
    """
    from tuneform.app.applying import prepare

    screen = common.screen
    with prepare(common.invocation, wishes) as prepared:
        declared, decided = prepared.planned.declared, prepared.planned.plan
        screen.warnings((*declared.warnings, *prepared.planned.findings))
        shown = Shown(decided, destroy=prepared.destroys, repeated=prepared.planned.repeated)
        if format_ is ApplyFormat.TEXT:
            screen.result(plan_words(shown, screen.look))
        else:
            screen.note(plan_words(shown, screen.err_look))
        if caution := prepared.check():
            screen.note(f"warning: {caution}")
        if destroys is not None and not prepared.destroys:
            raise UsageError("--yes-destroy: this plan does not destroy", hint="leave it out")
        if decided.has_steps and prepared.destroys:
            _confirm_destroy(common, str(declared.owner), destroys)
        elif decided.has_steps and not approved:
            confirm(screen, "Apply this plan", "yes", "-y")
        report = _run(common, prepared, format_)
    return _tell(common, prepared, report, format_)


def _run(common: Common, prepared: Prepared, format_: ApplyFormat) -> Report:
    from tuneform.cli.progress import listening, listening_in_lines

    command = "destroy" if prepared.destroys else "apply"
    ears: Ears
    if format_ is ApplyFormat.JSONL:
        with listening_in_lines(common, command, prepared.planned.plan) as ears:
            return prepared.run(ears.notify, ears.stopping)
    with listening(common, command) as ears:
        return prepared.run(ears.notify, ears.stopping)


def _tell(common: Common, prepared: Prepared, report: Report, format_: ApplyFormat) -> int:
    from tuneform.render.annotations import report_annotations
    from tuneform.render.events import report_event
    from tuneform.render.markdown import report_markdown
    from tuneform.render.report import report_json, report_text

    screen, secrets = common.screen, common.screen.look.secrets
    title = "Destroy" if prepared.destroys else "Apply"
    match format_:
        case ApplyFormat.TEXT:
            if not prepared.planned.plan.is_empty:
                screen.result(f"\n{report_text(report, screen.look, title=title)}")
        case ApplyFormat.JSON:
            screen.json(report_json(report))
        case ApplyFormat.JSONL:
            screen.line(report_event(report, common.invocation.clock.now()))
        case ApplyFormat.MARKDOWN:
            screen.result(report_markdown(report, title=title, secrets=secrets))
        case ApplyFormat.GITHUB:
            from tuneform.cli.github import publish

            publish(
                common,
                report_text(report, screen.look, title=title),
                report_annotations(report, secrets=secrets),
                report_markdown(report, title=title, secrets=secrets),
            )
    return report.exit_code


def _confirm_destroy(common: Common, owner: str, given: str | None) -> None:
    """Have the owner named whose models go."""
    if given is None:
        confirm(common.screen, "Destroy these models", owner, f"--yes-destroy {owner}")
    elif given != owner:
        raise UsageError(
            f"--yes-destroy {given!r} is not the owner whose models would go",
            hint=f"the owner is {owner}",
        )
