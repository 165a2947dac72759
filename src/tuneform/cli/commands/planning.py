"""plan, diff; and how a plan is printed, wherever it comes from."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from tuneform.cli.options import Common, with_common
from tuneform.cli.values import amount
from tuneform.errors import PolicyDenied, UsageError

if TYPE_CHECKING:
    from tuneform.domain.diagnostic import Diagnostic
    from tuneform.domain.plan import Plan
    from tuneform.render.look import Look
    from tuneform.render.plan_json import Texts


class PlanFormat(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"


TARGET = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="NAME",
        help="Only this model and its parents; a glob, or LABEL=GLOB; may be repeated.",
    ),
]
EXCLUDE = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="NAME", help="Not this model and its children; as --target."),
]
STAGE = Annotated[
    bool,
    typer.Option("--stage", help="Train and evaluate for a branch; touch nothing that serves."),
]
MAX_COST = Annotated[
    str | None,
    typer.Option(
        "--max-cost", metavar="AMOUNT", help="Refuse trainings that likely cost more than this."
    ),
]
FORMAT = Annotated[PlanFormat, typer.Option("--format", help="How results are printed.")]
SAMPLES = Annotated[
    int, typer.Option("--samples", min=0, max=50, metavar="N", help="Changed examples to show.")
]
NO_SAMPLES = Annotated[
    bool, typer.Option("--no-samples", help="Show no example text: the data is private.")
]
DEFAULT_SAMPLES = 3


@with_common
def plan(
    common: Common,
    target: TARGET = None,
    exclude: EXCLUDE = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Save the plan, for `apply FILE`."),
    ] = None,
    stage: STAGE = False,
    destroy: Annotated[bool, typer.Option("--destroy", help="Show what destroy would do.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 where there is anything to do.")
    ] = False,
    max_cost: MAX_COST = None,
    allow_deletes: Annotated[
        int | None,
        typer.Option("--allow-deletes", min=0, metavar="D", help="Do not warn of D deletions."),
    ] = None,
    samples: SAMPLES = DEFAULT_SAMPLES,
    no_samples: NO_SAMPLES = False,
    format_: FORMAT = PlanFormat.TEXT,
) -> int:
    """Show what apply would do. Nothing is changed."""
    from tuneform.app.planning import Aim, plan_project
    from tuneform.app.saved import save_plan
    from tuneform.domain.selection import Selection

    if stage and destroy:
        raise UsageError("--stage and --destroy contradict each other", hint="choose one")
    screen = common.screen
    aim = Aim(
        selection=Selection(tuple(target or ()), tuple(exclude or ())),
        destroy=destroy,
        staging=stage,
        max_cost=amount(max_cost),
        samples=0 if no_samples else samples,
    )
    with _uncollected():
        planned = plan_project(common.invocation, aim)
    # Saved first: a plan that cannot be is an error and no result.
    checksum = save_plan(planned, out) if out else ""
    shown = Shown(planned.plan, (*planned.declared.warnings, *planned.findings), destroy=destroy)
    show_plan(common, format_, shown)
    if checksum:
        screen.note(f"Saved the plan to {screen.err_look.clean(str(out))}, checksum {checksum}.")
    refusal = None if destroy else planned.refusal(allow_deletes)
    if refusal:
        screen.note(f"warning: apply will refuse this: {refusal.message}; {refusal.hint}")
    if planned.denial():
        raise PolicyDenied(())  # the findings stand beside the plan
    return 2 if detailed_exitcode and not planned.plan.is_empty else 0


@with_common
def diff(
    common: Common,
    base: Annotated[
        str,
        typer.Argument(metavar="BASE", help="A git revision, such as main.", show_default=False),
    ],
    target: TARGET = None,
    exclude: EXCLUDE = None,
    samples: SAMPLES = DEFAULT_SAMPLES,
    no_samples: NO_SAMPLES = False,
    format_: FORMAT = PlanFormat.TEXT,
) -> int:
    """Show what a branch changes, from git alone: no key is needed."""
    from tuneform.app.branch import compare_branch
    from tuneform.domain.selection import Selection

    selection = Selection(tuple(target or ()), tuple(exclude or ()))
    found = compare_branch(common.invocation, base, 0 if no_samples else samples, selection)
    diagnostics = (*found.declared.warnings, *found.findings)
    show_plan(common, format_, Shown(found.plan, diagnostics, against=base))
    if any(each.severity == "error" for each in found.findings):
        raise PolicyDenied(())
    return 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan that is to be printed.

    Attributes:
        plan: the decision.
        diagnostics: about the files that it was made from, and of the policy.
        destroy: whether it deletes all.
        against: the git revision that it is compared with, of `diff`; else empty.
        texts: digests of the live objects' texts, of a saved plan, which has no others.
        repeated: whether it is what is left of a saved plan that was carried out before.
    """

    plan: Plan
    diagnostics: Sequence[Diagnostic] = ()
    destroy: bool = False
    against: str = ""
    texts: Texts = field(default_factory=dict)
    repeated: bool = False

    @property
    def title(self) -> str:
        """What stands above it; empty for what every plan says."""
        return f"Changes against {self.against}" if self.against else ""


def show_plan(common: Common, format_: PlanFormat, shown: Shown) -> None:
    """Print a plan: its warnings beside it where the format has no place for them."""
    from tuneform.render.annotations import diagnostics_annotations, plan_annotations
    from tuneform.render.markdown import plan_markdown
    from tuneform.render.plan_json import plan_json

    screen, secrets = common.screen, common.screen.look.secrets
    match format_:
        case PlanFormat.TEXT:
            screen.warnings(shown.diagnostics)
            screen.result(plan_words(shown, screen.look))
        case PlanFormat.JSON:
            screen.warnings(shown.diagnostics)
            screen.json(plan_json(shown.plan, texts=shown.texts))
        case PlanFormat.MARKDOWN:
            screen.result(
                plan_markdown(
                    shown.plan, diagnostics=shown.diagnostics, title=shown.title, secrets=secrets
                )
            )
        case PlanFormat.GITHUB:
            from tuneform.app.history import folder_in_repository
            from tuneform.cli.github import publish

            folder = folder_in_repository(common.invocation)
            screen.warnings(shown.diagnostics)
            publish(
                common,
                plan_words(shown, screen.look),
                diagnostics_annotations(shown.diagnostics, folder=folder, secrets=secrets)
                + plan_annotations(shown.plan, secrets=secrets),
                plan_markdown(
                    shown.plan, diagnostics=shown.diagnostics, title=shown.title, secrets=secrets
                ),
            )
        case _:
            assert_never(format_)


def plan_words(shown: Shown, look: Look) -> str:
    """A plan as text."""
    from tuneform.render.plan import plan_text

    if shown.repeated:
        return "Nothing is left to do: this plan was carried out before."
    if shown.destroy and shown.plan.is_empty:
        return f"Nothing to destroy: no live model belongs to {shown.plan.owner}."
    if shown.against and shown.plan.is_empty:
        return f"No changes against {look.clean(shown.against)}."
    return plan_text(shown.plan, look, title=shown.title)


@contextmanager
def _uncollected() -> Iterator[None]:
    """One short stretch that keeps nearly everything it makes: collecting only costs time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
