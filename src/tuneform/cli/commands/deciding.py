"""validate, plan, apply, destroy."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tuneform.cli.options import Common, with_common
from tuneform.errors import InvalidProject, TuneformError, UsageError

if TYPE_CHECKING:
    from tuneform.domain.plan import Plan
    from tuneform.render.look import Look

_TARGET = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="NAME",
        help="Only this model and its parents; a glob, or LABEL=GLOB; may be repeated.",
    ),
]
_EXCLUDE = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="NAME", help="Not this model and its children; as --target."),
]
_PARALLELISM = Annotated[
    int, typer.Option("--parallelism", min=1, max=64, metavar="N", help="Requests at a time.")
]
_TIMEOUT = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        metavar="TIME",
        help="Stop waiting for trainings after this time, such as 90s, 30m or 2h; they go on.",
    ),
]


@with_common
def validate(common: Common) -> int:
    """Check manifests and datasets offline; no key is needed."""
    from tuneform.app.declare import declare
    from tuneform.render.diagnostics import diagnostics_json

    screen = common.screen
    try:
        declared = declare(common.invocation)
    except InvalidProject as error:
        if not common.json:
            raise
        screen.protect(error.secrets)
        found = diagnostics_json(screen.diagnostics_of(error))
        screen.json({"format_version": "1.0", "valid": False, "diagnostics": found})
        return error.exit_code
    screen.protect(declared.project.secrets)
    models = len(declared.desired.models)
    if common.json:
        found = diagnostics_json(declared.warnings)
        screen.json({"format_version": "1.0", "valid": True, "diagnostics": found})
    else:
        screen.warnings(declared.warnings)
        screen.result(f"Valid: {models} model{'' if models == 1 else 's'}.")
    return 0


@with_common
def plan(
    common: Common,
    target: _TARGET = None,
    exclude: _EXCLUDE = None,
    destroy: Annotated[bool, typer.Option("--destroy", help="Show what destroy would do.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 where there is anything to do.")
    ] = False,
    allow_deletes: Annotated[
        int | None,
        typer.Option("--allow-deletes", min=0, metavar="D", help="Do not warn of D deletions."),
    ] = None,
) -> int:
    """Show what apply would do. Nothing is changed."""
    from tuneform.app.planning import plan_project
    from tuneform.domain.selection import Selection
    from tuneform.render.plan import plan_json

    screen = common.screen
    selection = Selection(tuple(target or ()), tuple(exclude or ()))
    with _uncollected():
        planned = plan_project(common.invocation, selection, destroy=destroy)
    screen.protect(planned.declared.project.secrets)
    screen.warnings(planned.declared.warnings)
    if common.json:
        screen.json(plan_json(planned.plan))
    else:
        screen.result(_plan_text(planned.plan, screen.look, destroy=destroy))
    refusal = None if destroy else planned.refusal(allow_deletes)
    if refusal:
        screen.note(f"warning: apply will refuse this: {refusal.message}; {refusal.hint}")
    return 2 if detailed_exitcode and not planned.plan.is_empty else 0


@with_common
def apply(
    common: Common,
    target: _TARGET = None,
    exclude: _EXCLUDE = None,
    auto_approve: Annotated[bool, typer.Option("--auto-approve", "-y", help="Do not ask.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for trainings, then promote.")
    ] = True,
    timeout: _TIMEOUT = None,
    parallelism: _PARALLELISM = 8,
    allow_deletes: Annotated[
        int | None,
        typer.Option("--allow-deletes", min=0, metavar="D", help="Permit D deletions."),
    ] = None,
) -> int:
    """Make the live models agree with the manifests."""
    from tuneform.app.applying import Wishes
    from tuneform.domain.selection import Selection

    wishes = Wishes(
        selection=Selection(tuple(target or ()), tuple(exclude or ())),
        parallelism=parallelism,
        wait=wait,
        timeout=duration(timeout),
        allow_deletes=allow_deletes,
    )
    return _carry_out(common, wishes, None if auto_approve else "yes")


@with_common
def destroy(
    common: Common,
    target: _TARGET = None,
    exclude: _EXCLUDE = None,
    yes_destroy: Annotated[
        str | None,
        typer.Option("--yes-destroy", metavar="OWNER", help="Do not ask; name whose models go."),
    ] = None,
    parallelism: _PARALLELISM = 8,
) -> int:
    """Delete all models of this project and environment."""
    from tuneform.app.applying import Wishes
    from tuneform.domain.selection import Selection

    wishes = Wishes(
        selection=Selection(tuple(target or ()), tuple(exclude or ())),
        parallelism=parallelism,
        destroy=True,
    )
    return _carry_out(common, wishes, "", yes_destroy)


def duration(text: str | None) -> float | None:
    """Seconds from `90`, `90s`, `30m` or `2h`.

    Raises:
        UsageError: it is none of these.
    """
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smh]?)", text.strip())
    if not match:
        raise UsageError(f"--timeout {text!r} is not a time", hint="such as 90s, 30m or 2h")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


def _carry_out(common: Common, wishes: object, answer: str | None, given: str | None = None) -> int:
    """Show the plan, have it confirmed, apply that very plan, show the report."""
    from tuneform.app.applying import Wishes, prepare
    from tuneform.cli.progress import listening
    from tuneform.render.report import report_json, report_text

    assert isinstance(wishes, Wishes)
    screen = common.screen
    with prepare(common.invocation, wishes) as prepared:
        declared, decided = prepared.planned.declared, prepared.planned.plan
        screen.protect(declared.project.secrets)
        screen.warnings(declared.warnings)
        if common.json:
            screen.note(_plan_text(decided, screen.err_look, destroy=wishes.destroy))
        else:
            screen.result(_plan_text(decided, screen.look, destroy=wishes.destroy))
        prepared.check()
        if decided.has_steps and answer is not None:
            _confirm(common, answer or str(declared.owner), given, destroy=wishes.destroy)
        with listening(common, "destroy" if wishes.destroy else "apply") as ears:
            report = prepared.run(ears.notify, ears.stopping)
    if common.json:
        screen.json(report_json(report))
    elif not decided.is_empty:
        title = "Destroy" if wishes.destroy else "Apply"
        screen.result(f"\n{report_text(report, screen.look, title=title)}")
    return report.exit_code


def _plan_text(plan: Plan, look: Look, *, destroy: bool) -> str:
    from tuneform.render.plan import plan_text

    if destroy and plan.is_empty:
        return f"Nothing to destroy: no live model belongs to {plan.owner}."
    return plan_text(plan, look)


@contextmanager
def _uncollected() -> Iterator[None]:
    """One short stretch that keeps nearly everything it makes: collecting only costs time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _confirm(common: Common, answer: str, given: str | None, *, destroy: bool) -> None:
    """Have the plan confirmed by the exact word.

    Raises:
        UsageError: nobody can be asked, or the option names another owner.
        TuneformError: somebody said no.
    """
    screen = common.screen
    flag = f"--yes-destroy {answer}" if destroy else "-y"
    if given is not None:
        if given != answer:
            raise UsageError(
                f"--yes-destroy {given!r} is not the owner whose models would go",
                hint=f"the owner is {answer}",
            )
        return
    if not screen.converses:
        raise UsageError(
            "there is no terminal to ask at, and nothing was changed",
            hint=f"look at the plan above, then add {flag}",
        )
    verb = "Destroy these models" if destroy else "Apply this plan"
    if screen.ask(f"\n{verb}? Type `{answer}` to go on:") != answer:
        raise TuneformError("not confirmed: nothing was changed")
    screen.note("")
