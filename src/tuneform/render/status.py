"""What is live: a table for people, the contract's shape for programs."""

from __future__ import annotations

from collections.abc import Iterator

from tuneform.domain.live import LiveState
from tuneform.domain.status import ModelState, ModelStatus, StatusReport, VersionStatus
from tuneform.render.cleaning import leftover_json, leftover_lines
from tuneform.render.cost import amount_words
from tuneform.render.layout import GAP, counted, flow, joined, short_number, table, wrap
from tuneform.render.look import Look, Style
from tuneform.render.mark import verdict_word
from tuneform.render.plain import JsonValue

_HEADINGS = ("MODEL", "STATE", "VERSION", "", "GATE", "DONE", "LOSS")
_GATE = _HEADINGS.index("GATE")


def status_text(report: StatusReport, look: Look) -> str:
    """All models: a table where it fits, else a few lines for each."""
    title = wrap(f"{report.owner} on {report.provider}", look, style=Style.BOLD)
    rest = [*_unexplained(report, look), *_leftovers(report, look), *_spent(report, look)]
    if not report.models and not report.unexplained:
        return joined([*title, "", *wrap("No models, declared or live.", look), *rest])
    lines = [*title, ""]
    if report.models:
        table_lines = _table(report, look, ids=False) or _table(report, look, ids=True)
        lines += table_lines or _stack(report, look)
        lines += _remarks(report, look)
    return joined([*lines, *rest])


def _spent(report: StatusReport, look: Look) -> list[str]:
    """What was spent, where anything was: free trainings need no line."""
    told = [
        f"{amount_words(each.likely, None, None, each.currency)} for "
        f"{counted(each.trainings, 'training')}"
        + (f", {each.counted:,} of them by the service's own count" if each.counted else "")
        for each in report.spent
        if each.likely
    ]
    if not told:
        return []
    text = f"Spent, as far as the ledger knows: {', '.join(told)}."
    return ["", *wrap(text, look)]


def _table(report: StatusReport, look: Look, *, ids: bool) -> list[str] | None:
    """One row for each version, by its full name or its id alone; None where that is too wide."""
    rows: list[tuple[str, ...]] = [_HEADINGS]
    for model in report.models:
        name, state = look.clean(model.model), model.state.value
        for version in model.versions:
            named = look.clean(version.live.id if ids else version.live.remote)
            rows.append((name, state, named, *_cells(model, version)))
            name = state = ""
        if not model.versions:
            rows.append((name, state, *[""] * (len(_HEADINGS) - 2)))
    if not any(row[_GATE] for row in rows[1:]):
        rows = [(*row[:_GATE], *row[_GATE + 1 :]) for row in rows]
    return table(rows, look)


def _cells(model: ModelStatus, version: VersionStatus) -> tuple[str, str, str, str]:
    """What is said of a version besides its name."""
    return (
        version_word(version, model.serving),
        verdict_word(version.live.mark),
        progress_word(version),
        _loss(version),
    )


def version_word(version: VersionStatus, serving: str | None) -> str:
    """A version in one word: where it is in its life, or that it serves, by whose wish."""
    live = version.live
    if live.remote == serving:
        return "serving, pinned" if live.mark is not None and live.mark.pinned else "serving"
    if live.mark is not None and live.mark.cancelled:
        return "cancelled"
    if live.mark is not None and live.mark.staged and live.state is LiveState.ACTIVE:
        return "staged"
    if live.state is LiveState.ACTIVE and not live.deployed:
        return "not deployed"
    return live.state.value


def progress_word(version: VersionStatus) -> str:
    """How far a training is; nothing is said of one that is complete."""
    done = min(max(version.progress, 0.0), 1.0)
    if done >= 1 and version.live.state is not LiveState.TRAINING:
        return ""
    return f"{int(done * 100)} %"


def _loss(version: VersionStatus) -> str:
    return "" if version.last is None else short_number(version.last.loss)


def _stack(report: StatusReport, look: Look) -> list[str]:
    """The same for narrow terminals: a line for the model, and lines for each version."""
    lines: list[str] = []
    for model in report.models:
        lines += flow((look.clean(model.model), model.state.value), look, "", Style.BOLD)
        for version in model.versions:
            word, verdict, progress, loss = _cells(model, version)
            lines += flow((look.clean(version.live.remote),), look, GAP)
            told = (word, verdict and f"gate {verdict}", progress, loss and f"loss {loss}")
            lines += flow(told, look, GAP * 2)
    return lines


def _remarks(report: StatusReport, look: Look) -> list[str]:
    """Sentences that no column holds."""
    lines: list[str] = []
    for model in report.models:
        for text in _told(model):
            lines += wrap(f"{model.model}: {text}", look, rest=GAP)
    return ["", *lines] if lines else []


def _told(model: ModelStatus) -> Iterator[str]:
    if model.note:
        yield model.note
    if model.address and model.address != model.serving:
        yield f"applications call {model.address}."
    for version in model.versions:
        if version.error:
            yield f"the service says of {version.live.remote}: {version.error}"


def _unexplained(report: StatusReport, look: Look) -> list[str]:
    if not report.unexplained:
        return []
    title = "Unexplained objects: they bear our mark, or our id without one. Nothing touches them."
    named = [line for remote in report.unexplained for line in wrap(remote, look, first=GAP)]
    next_step = (
        "`tuneform import REMOTE --as NAME --dataset FILE` takes one up. Of any other take the "
        "mark off, or delete it, with the service's own tools."
    )
    return ["", *wrap(title, look, style=Style.BOLD_YELLOW), *named, *wrap(next_step, look)]


def _leftovers(report: StatusReport, look: Look) -> list[str]:
    if report.unread:
        return ["", *wrap(report.unread, look)]
    if not report.leftovers:
        return []
    title = "Left over: nothing uses them any more. `tuneform prune --leftovers` deletes them."
    named = leftover_lines(report.leftovers, look)
    return ["", *wrap(title, look, style=Style.BOLD_YELLOW), *named]


def status_json(report: StatusReport) -> dict[str, JsonValue]:
    """The shape of the contract, section 7; `leftovers` where there are any."""
    told: dict[str, JsonValue] = {
        "format_version": "1.0",
        "models": [_model_json(model) for model in report.models],
        "unexplained": list(report.unexplained),
    }
    if report.leftovers:
        told["leftovers"] = [leftover_json(each) for each in report.leftovers]
    return told


def _model_json(model: ModelStatus) -> JsonValue:
    state: ModelState = model.state
    told: dict[str, JsonValue] = {
        "model": model.model,
        "state": state.value,
        "serving": model.serving,
        "versions": [
            {
                "remote": version.live.remote,
                "fingerprint": version.live.mark.fingerprint if version.live.mark else None,
                "state": version.live.state.value,
                "progress": version.progress,
            }
            for version in model.versions
        ],
    }
    if model.address and model.address != model.serving:
        told["address"] = model.address
    return told
