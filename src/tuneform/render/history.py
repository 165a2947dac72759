"""Runs of the past: who did what, when, from which commit, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuneform.domain.names import Owner
from tuneform.domain.record import PastRun, PastStep
from tuneform.render.layout import GAP, duration, flow, joined, wrap
from tuneform.render.look import Look, Style
from tuneform.render.plain import JsonValue

_COMMIT = 10


def history_text(owner: Owner, runs: Sequence[PastRun], look: Look) -> str:
    """A few lines for each run, newest first."""
    if not runs:
        return joined(wrap(f"No run of {owner} is recorded.", look))
    lines: list[str] = []
    for run in runs:
        lines += ["", *_run(run, look)]
    return joined(lines[1:])


def run_words(run: PastRun) -> Iterator[str]:
    """A run in a few words: when, what, who and where, commit, how it ended."""
    yield moment(run.began)
    yield run.command
    yield f"by {actor(run)}"
    if run.commit:
        yield f"commit {run.commit[:_COMMIT]}{', files differed' if run.dirty else ''}"
    yield _end(run)


def actor(run: PastRun) -> str:
    """Who ran it, and where."""
    return f"{run.who}@{run.host}" if run.who else run.host


def moment(at: datetime) -> str:
    """A time of the past."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def step_words(step: PastStep) -> str:
    """One step and what became of it."""
    outcome = step.outcome or "its outcome is not recorded"
    detail = f": {step.detail}" if step.detail else ""
    return f"{step.step} {step.remote or '(not named yet)'}: {outcome}{detail}"


def _end(run: PastRun) -> str:
    if run.ended is None:
        return "under way, or died"
    code = "" if run.exit_code is None else f", exit {run.exit_code}"
    return f"ended after {duration((run.ended - run.began).total_seconds())}{code}"


def _run(run: PastRun, look: Look) -> list[str]:
    lines = flow(map(look.clean, run_words(run)), look, "", Style.BOLD)
    for step in run.steps:
        lines += wrap(f"{step.model}  {step_words(step)}", look, first=GAP, rest=GAP * 2)
    return lines


def history_json(owner: Owner, runs: Sequence[PastRun]) -> dict[str, JsonValue]:
    """The same for programs."""
    return {
        "format_version": "1.0",
        "owner": str(owner),
        "runs": [
            {**run_json(run), "steps": [_step_json(each) for each in run.steps]} for run in runs
        ],
    }


def run_json(run: PastRun) -> dict[str, JsonValue]:
    """A run without its steps. Times are ISO 8601, UTC."""
    return {
        "run": run.run,
        "command": run.command,
        "who": run.who or None,
        "host": run.host,
        "commit": run.commit,
        "dirty": run.dirty if run.commit else None,
        "began": run.began.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
        "exit_code": run.exit_code,
    }


def _step_json(step: PastStep) -> dict[str, JsonValue]:
    return {"model": step.model, "remote": step.remote, **done_json(step)}


def done_json(step: PastStep) -> dict[str, JsonValue]:
    """What was done, without to what."""
    return {
        "do": step.step,
        "at": step.at.isoformat(),
        "outcome": step.outcome,
        "detail": step.detail or None,
    }
