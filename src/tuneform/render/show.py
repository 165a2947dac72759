"""One model in full: what is declared, its versions, the loss curve, advice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from tuneform.domain.desired import Desired
from tuneform.domain.live import Live, LiveState, LossPoint
from tuneform.domain.settings import EXTRAS
from tuneform.domain.spec import GateSpec, Hyperparameters, ModelSpec
from tuneform.domain.status import VersionStatus
from tuneform.render.chart import chart_lines
from tuneform.render.layout import counted, joined, number, pairs, short_number, wrap
from tuneform.render.look import Look, Style
from tuneform.render.mark import mark_json, mark_rows, verdict_row
from tuneform.render.plain import JsonValue
from tuneform.render.plan_json import FORMAT_VERSION, training_json, whereabouts_json
from tuneform.render.status import progress_word, version_word
from tuneform.render.steps import fields_set, training_words
from tuneform.render.thresholds import gate_words, metrics_words

_INDENT = "  "

_Extras: TypeAlias = Iterable[tuple[str, str | bool]]
"""By API name, as in `ModelSpec.extras`."""


@dataclass(frozen=True, slots=True)
class ShowView:
    """What there is to say about one model.

    Attributes:
        model: its name.
        declared: whether a manifest declares it.
        spec: the manifest, where it could be read.
        desired: its identity, where its dataset could be read.
        versions: newest first, with loss curves.
        advice: sentences made from the curve of `drawn`.
    """

    model: str
    declared: bool
    spec: ModelSpec | None
    desired: Desired | None
    versions: tuple[VersionStatus, ...]
    advice: tuple[str, ...] = ()

    @property
    def serving(self) -> str | None:
        """The remote name of the version that applications call."""
        return next((each.live.remote for each in self.versions if each.live.serves), None)

    @property
    def drawn(self) -> VersionStatus | None:
        """The version whose curve is drawn and advised on: the newest that has one."""
        return next((each for each in self.versions if each.live.curve), None)


def show_text(view: ShowView, look: Look) -> str:
    """One model as text, the curve at its end."""
    remark = "" if view.declared else ": live, but no manifest declares it"
    title = wrap(view.model + remark, look, style=Style.BOLD)
    blocks = [joined([*title, *_declared(view, look)]), _versions(view, look)]
    drawn = view.drawn
    if drawn is not None:
        heading = wrap(f"Loss of {drawn.live.remote}", look, style=Style.BOLD)
        blocks.append(joined([*heading, *chart_lines(drawn.live.curve, look)]))
    if view.advice:
        blocks.append(joined([look.paint("Advice", Style.BOLD), *_advice(view.advice, look)]))
    return "\n\n".join(blocks)


def _advice(advice: Iterable[str], look: Look) -> list[str]:
    return [line for text in advice for line in wrap(text, look, first="  - ")]


def _declared(view: ShowView, look: Look) -> list[str]:
    """The manifest's side."""
    if view.spec is None:
        return []
    spec, desired = view.spec, view.desired
    lifecycle = spec.deletion_policy.value
    rows = [
        ("manifest", str(spec.place)),
        ("tuned from", spec.tuned_from or ""),
        ("base", spec.base_model or ""),
        ("dataset", spec.dataset.path),
        ("training", training_words(desired.training) if desired else ""),
        ("settings", _settings(spec.hyperparameters, spec.extras)),
        *((name, str(value)) for name, value in fields_set(spec.fields).items()),
        ("revision", str(spec.revision)),
        ("labels", _labels(spec.labels)),
        ("gate", _gate(spec.gate, desired)),
        ("lifecycle", f"deletionPolicy {lifecycle}, keepVersions {spec.keep_versions}"),
        ("fingerprint", desired.fingerprint_short if desired else ""),
        ("data", desired.data_short if desired else ""),
    ]
    return pairs(rows, look, indent=_INDENT)


def _gate(spec: GateSpec | None, desired: Desired | None) -> str:
    """What a version must pass; without counts where the datasets could not be read."""
    if desired and desired.gate:
        return gate_words(desired.gate, compared=True)
    return "; ".join(metrics_words(spec)) if spec else ""


def _settings(settings: Hyperparameters, extras: _Extras) -> str:
    only = {name: value if isinstance(value, str) else "true" for name, value in _named(extras)}
    return ", ".join(f"{name} {value}" for name, value in {**settings.as_api(), **only}.items())


def _named(extras: _Extras) -> Iterator[tuple[str, str | bool]]:
    """Under their keys in manifests; what is false is what is left out."""
    return ((EXTRAS[name].rpartition(".")[2], value) for name, value in extras if value)


def _versions(view: ShowView, look: Look) -> str:
    if not view.versions:
        return "No version is live."
    lines = [look.paint(counted(len(view.versions), "version"), Style.BOLD)]
    for version in view.versions:
        lines += wrap(version.live.remote, look, first=_INDENT, style=Style.CYAN)
        lines += _version(version, view, look)
    return joined(lines)


def _version(version: VersionStatus, view: ShowView, look: Look) -> list[str]:
    """The live side of one version."""
    live, mark, last = version.live, version.live.mark, version.last
    state = " ".join(filter(None, (version_word(version, view.serving), progress_word(version))))
    sampling = (("temperature", live.temperature), ("topP", live.top_p), ("topK", live.top_k))
    rows = [
        ("state", state),
        *mark_rows(mark),
        ("gate", verdict_row(mark, view.desired.gate if view.desired else None)),
        ("error", version.error or ""),
        ("created", f"{live.created:%Y-%m-%d %H:%M:%S %Z}" if live.created else ""),
        ("tuned from", live.source or ""),
        ("base", live.base or ""),
        ("called as", _address(live)),
        ("tokens", f"{live.tokens:,} billed for its training" if live.tokens is not None else ""),
        ("labels", _labels(live.labels)),
        ("settings", _settings(live.hyperparameters, live.extras or ())),
        ("sampling", ", ".join(f"{name} {value}" for name, value in sampling if value is not None)),
        ("loss", f"{short_number(last.loss)} at step {last.step:,}" if last else ""),
        ("mark", str(mark) if mark else "none"),
    ]
    return pairs(rows, look, indent=_INDENT * 2)


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels)


def _address(live: Live) -> str:
    """What applications call, where its remote name does not say it."""
    if live.state is LiveState.ACTIVE and not live.deployed:
        return "nothing: it is not deployed"
    return live.endpoint or ""


def show_json(view: ShowView) -> dict[str, JsonValue]:
    """The same for programs, with every point of every curve."""
    return {
        "format_version": FORMAT_VERSION,
        "model": view.model,
        "declared": view.declared,
        "serving": view.serving,
        "manifest": _spec_json(view.spec),
        "fingerprint": view.desired.fingerprint if view.desired else None,
        "data_digest": view.desired.data.digest if view.desired else None,
        "training": training_json(view.desired.training) if view.desired else None,
        "gate": _gate_json(view),
        "versions": [_version_json(version) for version in view.versions],
        "advice": list(view.advice),
    }


def _spec_json(spec: ModelSpec | None) -> JsonValue:
    if spec is None:
        return None
    place = spec.place
    return {
        "place": {"file": place.file, "line": place.line, "column": place.column},
        "base_model": spec.base_model,
        "tuned_from": spec.tuned_from,
        "dataset": spec.dataset.path,
        "hyperparameters": {**spec.hyperparameters.as_api()},
        "fields": {**fields_set(spec.fields)},
        "revision": spec.revision,
        "formerly": list(spec.formerly),
        "labels": dict(spec.labels),
        "deletion_policy": spec.deletion_policy.value,
        "keep_versions": spec.keep_versions,
    }


def _gate_json(view: ShowView) -> JsonValue:
    """What a version must pass; digest and counts null where the datasets could not be read."""
    spec = view.spec.gate if view.spec else None
    gate = view.desired.gate if view.desired else None
    if spec is None:
        return None
    return {
        "digest": gate.digest if gate else None,
        "examples": gate.examples if gate else None,
        "must_pass": gate.must_pass if gate else None,
        "repeats": spec.repeats,
        "metrics": [
            {
                "metric": str(metric.name),
                "label": metric.label,
                "minimum": number(metric.minimum),
                "max_regression": number(metric.max_regression),
            }
            for metric in spec.metrics
        ],
    }


def _version_json(version: VersionStatus) -> JsonValue:
    live = version.live
    told: dict[str, JsonValue] = {
        "remote": live.remote,
        "state": live.state.value,
        "progress": number(version.progress),
        "error": version.error,
        "mark": str(live.mark) if live.mark else None,
        "words": mark_json(live.mark),
        "display_name": live.display_name,
        "description": live.description,
        "base": live.base,
        "source": live.source,
        "hyperparameters": {**live.hyperparameters.as_api()},
        "temperature": number(live.temperature),
        "top_p": number(live.top_p),
        "top_k": live.top_k,
        "created": live.created.isoformat() if live.created else None,
        "curve": [_point_json(point) for point in live.curve],
    }
    if live.extras:
        told["extras"] = {**dict(_named(live.extras))}
    if live.labels:
        told["labels"] = dict(live.labels)
    if live.tokens is not None:
        told["tokens"] = live.tokens
    return told | whereabouts_json(live)


def _point_json(point: LossPoint) -> JsonValue:
    return {"step": point.step, "epoch": point.epoch, "loss": number(point.loss)}
