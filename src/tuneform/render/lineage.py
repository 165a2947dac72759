"""Where versions come from: inputs, parent, data, commit, who and when, verdicts, cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuneform.domain.names import Owner
from tuneform.domain.record import (
    Inputs,
    PastCost,
    PastEvaluation,
    PastRun,
    PastVersion,
    Trained,
)
from tuneform.domain.report import Status
from tuneform.render.cost import amount_words
from tuneform.render.history import actor, done_json, moment, run_json, run_words, step_words
from tuneform.render.layout import GAP, counted, duration, joined, number, pairs, short_number, wrap
from tuneform.render.look import Look, Style
from tuneform.render.plain import JsonValue


def lineage_text(owner: Owner, model: str, versions: Sequence[PastVersion], look: Look) -> str:
    """Each version with what is known of it, oldest first."""
    if not versions:
        return joined(wrap(f"No version of {model} of {owner} is recorded.", look))
    lines = wrap(f"{model} of {owner}", look, style=Style.BOLD)
    for version in versions:
        lines += ["", *wrap(version.remote, look, style=Style.BOLD)]
        lines += pairs(tuple(_facts(version)), look, indent=GAP)
        lines += _events(version, look)
    return joined(lines)


def _facts(version: PastVersion) -> Iterator[tuple[str, str]]:
    if version.inputs is None:
        yield (
            "inputs",
            "not recorded: it was begun with another ledger or release",
        )
    else:
        yield from _inputs(version.inputs)
    begun = _begun(version)
    if begun is not None:
        yield "begun", f"{moment(begun.began)} by {actor(begun)}"
        yield "commit", _commit(begun)
    yield from _trained(version.trained)
    for cost in version.costs:
        yield "cost", _cost(cost)
    for evaluation in version.evaluations:
        yield "evaluated", _evaluation(evaluation)


def _inputs(inputs: Inputs) -> Iterator[tuple[str, str]]:
    yield "fingerprint", inputs.fingerprint
    yield "base", inputs.base or ""
    yield "parent", inputs.source or ""
    yield "", f"fingerprint {inputs.parent_fingerprint}" if inputs.parent_fingerprint else ""
    yield "dataset", f"{inputs.dataset}, digest {inputs.data}"
    yield "set", _settings(inputs.hyperparameters)
    yield "revision", str(inputs.revision)


def _trained(trained: Trained) -> Iterator[tuple[str, str]]:
    yield "effective", _settings(trained.hyperparameters.as_api())
    yield "operation", trained.operation or ""
    yield "loss", "" if trained.loss is None else short_number(trained.loss)
    yield "trained in", "" if trained.seconds is None else duration(trained.seconds)


def _settings(found: dict[str, int | float]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items())


def _commit(run: PastRun) -> str:
    if not run.commit:
        return ""
    return f"{run.commit}{', files differed from it' if run.dirty else ''}"


def _cost(cost: PastCost) -> str:
    likely, currency = cost.likely, cost.currency
    price = "no known price" if likely is None else amount_words(likely, None, None, currency)
    how = "by the service's own count" if cost.counted else "by estimate"
    return f"{price}, {counted(cost.tokens, 'token')}, {how}, in run {cost.run}"


def _evaluation(evaluation: PastEvaluation) -> str:
    scores = [
        f"{score.metric} {'undefined' if score.value is None else short_number(score.value)}"
        for score in evaluation.scores
    ]
    if evaluation.must_pass:
        passed = evaluation.must_pass - evaluation.must_pass_failed
        scores.append(f"{passed} of {evaluation.must_pass} that must pass")
    verdict = "passed" if evaluation.passed else "failed"
    told = f": {', '.join(scores)}" if scores else ""
    return f"{moment(evaluation.at)} {verdict} gate {evaluation.gate}{told}"


def _events(version: PastVersion, look: Look) -> list[str]:
    lines: list[str] = []
    for run in version.runs:
        lines += wrap(", ".join(run_words(run)), look, first=GAP, rest=GAP * 2)
        for step in run.steps:
            lines += wrap(step_words(step), look, first=GAP * 2, rest=GAP * 3)
    return lines


def _begun(version: PastVersion) -> PastRun | None:
    """The run that began its training: the last one that tried, where none is known to have."""
    starts = [(run, step) for run in version.runs for step in run.steps if step.step == "start"]
    done = [run for run, step in starts if step.outcome == Status.DONE]
    return next(iter(done), None) or next((run for run, _ in reversed(starts)), None)


def lineage_json(owner: Owner, model: str, versions: Sequence[PastVersion]) -> dict[str, JsonValue]:
    """The same for programs, complete. What is not recorded is null; times are ISO 8601, UTC."""
    return {
        "format_version": "1.0",
        "owner": str(owner),
        "model": model,
        "versions": [_version_json(each) for each in versions],
    }


def _version_json(version: PastVersion) -> JsonValue:
    begun = _begun(version)
    trained = version.trained
    return {
        "remote": version.remote,
        "inputs": None if version.inputs is None else _inputs_json(version.inputs),
        "begun": None if begun is None else run_json(begun),
        "training": {
            "operation": trained.operation,
            "hyperparameters": dict(trained.hyperparameters.as_api()) or None,
            "loss": number(trained.loss),
            "seconds": trained.seconds,
            "tokens": trained.tokens,
        },
        "costs": [
            {
                "run": each.run,
                "tokens": each.tokens,
                "counted": each.counted,
                "likely": None if each.likely is None else str(each.likely),
                "currency": each.currency or None,
            }
            for each in version.costs
        ],
        "evaluations": [_evaluation_json(each) for each in version.evaluations],
        "runs": [
            {**run_json(run), "steps": [done_json(each) for each in run.steps]}
            for run in version.runs
        ],
    }


def _inputs_json(inputs: Inputs) -> JsonValue:
    return {
        "fingerprint": inputs.fingerprint,
        "base": inputs.base,
        "parent": None
        if inputs.source is None
        else {
            "model": inputs.parent,
            "remote": inputs.source,
            "fingerprint": inputs.parent_fingerprint,
        },
        "dataset": {"path": inputs.dataset, "digest": inputs.data},
        "hyperparameters": dict(inputs.hyperparameters),
        "revision": inputs.revision,
    }


def _evaluation_json(evaluation: PastEvaluation) -> JsonValue:
    return {
        "at": evaluation.at.isoformat(),
        "gate": evaluation.gate,
        "passed": evaluation.passed,
        "scores": [
            {
                "metric": score.metric,
                "value": number(score.value),
                "baseline": number(score.baseline),
                "passed": score.passed,
            }
            for score in evaluation.scores
        ],
        "must_pass": evaluation.must_pass,
        "must_pass_failed": evaluation.must_pass_failed,
    }
