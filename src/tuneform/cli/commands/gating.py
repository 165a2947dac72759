"""evaluate, gate."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from tuneform.cli.options import Common, with_common, with_lock
from tuneform.errors import GateFailed

if TYPE_CHECKING:
    from tuneform.domain.gate import Evaluation


class GateFormat(StrEnum):
    """How answers are printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    GITHUB = "github"


_FORMAT = Annotated[GateFormat, typer.Option("--format", help="How results are printed.")]


@with_lock
def evaluate(
    common: Common,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model.", show_default=False)],
    version: Annotated[
        str | None,
        typer.Option(
            "--version",
            metavar="VERSION",
            help="Remote name, id or short fingerprint; else the desired version.",
        ),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Write the verdict into the mark and the ledger.")
    ] = False,
    worst: Annotated[
        int, typer.Option("--worst", min=0, max=1000, metavar="N", help="Worst cases to show.")
    ] = 10,
    no_samples: Annotated[
        bool, typer.Option("--no-samples", help="Show no example text: the data is private.")
    ] = False,
    format_: _FORMAT = GateFormat.TEXT,
) -> int:
    """Ask a version what its gate asks, and show where it falls short."""
    from tuneform.app import gating

    trial = gating.Trial(name, version, worst)
    if record:
        return _record(common, trial, format_, samples=not no_samples)
    from tuneform.cli.progress import counting

    with counting(common, "evaluating") as ears:
        evaluation = gating.try_gate(common.invocation, trial, ears.notify, ears.stopping)
    _show(common, evaluation, format_, samples=not no_samples)
    return 0 if evaluation.passed else GateFailed.exit_code


def _record(common: Common, trial: object, format_: GateFormat, *, samples: bool) -> int:
    from tuneform.app import gating
    from tuneform.cli.progress import listening
    from tuneform.render.report import report_json, report_text

    assert isinstance(trial, gating.Trial)
    screen = common.screen
    with listening(common, "evaluate") as ears:
        report = gating.record_gate(common.invocation, trial, ears)
    (outcome,) = report.outcomes
    if outcome.evaluation is not None:
        _show(common, outcome.evaluation, format_, samples=samples)
    elif common.json:
        screen.json(report_json(report))
    else:
        screen.note(report_text(report, screen.err_look, title="Evaluation"))
    return report.exit_code


def _show(common: Common, evaluation: Evaluation, format_: GateFormat, *, samples: bool) -> None:
    from tuneform.render.annotations import evaluation_annotations
    from tuneform.render.evaluation import evaluation_json, evaluation_text
    from tuneform.render.junit import evaluation_junit
    from tuneform.render.markdown import evaluation_markdown

    screen, secrets = common.screen, common.screen.look.secrets
    match format_:
        case GateFormat.TEXT:
            screen.result(evaluation_text(evaluation, screen.look, samples=samples))
        case GateFormat.JSON:
            screen.json(evaluation_json(evaluation, samples=samples))
        case GateFormat.MARKDOWN:
            screen.result(evaluation_markdown(evaluation, samples=samples, secrets=secrets))
        case GateFormat.JUNIT:
            screen.result(evaluation_junit([evaluation], secrets=secrets))
        case GateFormat.GITHUB:
            from tuneform.cli.github import publish

            publish(
                common,
                evaluation_text(evaluation, screen.look, samples=samples),
                evaluation_annotations(evaluation, secrets=secrets),
                evaluation_markdown(evaluation, samples=samples, secrets=secrets),
            )
        case _:
            assert_never(format_)


@with_common
def gate(
    common: Common,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Models; else all.", show_default=False),
    ] = None,
    format_: _FORMAT = GateFormat.TEXT,
) -> int:
    """Tell whether models may go live: exit 0 only if the desired versions serve and are proven."""
    from tuneform.app.gating import ask_gate
    from tuneform.render.annotations import gate_annotations
    from tuneform.render.gate import gate_json, gate_text
    from tuneform.render.junit import gate_junit
    from tuneform.render.markdown import gate_markdown

    declared, answers = ask_gate(common.invocation, names or ())
    screen = common.screen
    screen.warnings(declared.warnings)
    secrets = screen.look.secrets
    match format_:
        case GateFormat.TEXT:
            screen.result(gate_text(answers, screen.look))
        case GateFormat.JSON:
            screen.json(gate_json(answers))
        case GateFormat.MARKDOWN:
            screen.result(gate_markdown(answers, secrets=secrets))
        case GateFormat.JUNIT:
            screen.result(gate_junit(answers, secrets=secrets))
        case GateFormat.GITHUB:
            from tuneform.cli.github import publish

            publish(
                common,
                gate_text(answers, screen.look),
                gate_annotations(answers, secrets=secrets),
                gate_markdown(answers, secrets=secrets),
            )
        case _:
            assert_never(format_)
    # Where nothing is declared, a pipeline most likely looks into the wrong folder.
    passed = bool(answers) and all(each.passed for each in answers)
    return 0 if passed else GateFailed.exit_code
