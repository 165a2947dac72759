"""Writes the manifest of an imported object. What it means to import one is not known here."""

from __future__ import annotations

from dataclasses import replace
from posixpath import relpath
from typing import Any

import yaml

from tuneform.app.atomic import write_atomically
from tuneform.app.declare import Declared
from tuneform.app.invocation import Invocation
from tuneform.dataset.files import inside
from tuneform.domain.desired import Desired
from tuneform.domain.live import Live
from tuneform.domain.settings import setting_field
from tuneform.engine.estate import Estate
from tuneform.engine.situation import situation_of
from tuneform.errors import LocalError, Refused
from tuneform.manifest.interpolate import literal
from tuneform.manifest.problems import Mistake
from tuneform.manifest.rules import label_key, label_value
from tuneform.render import plain


def write_manifest(
    invocation: Invocation,
    declared: Declared,
    name: str,
    live: Live,
    dataset: str,
    estate: Estate,
) -> str:
    """Write a manifest with the object's effective settings, in the first folder of manifests.

    Args:
        invocation: of the command.
        declared: the project as it is.
        name: of the model, which is not declared yet.
        live: the object.
        dataset: its dataset, relative to the project.
        estate: tells which object the declared model is that it was tuned from.

    Returns:
        The file, relative to the project.

    Raises:
        LocalError: it cannot be written, or is there already.
        Refused: the object was tuned from another one that no manifest wants.
    """
    parent = _parent_of(live, declared, estate)
    target = _manifest_path(invocation, declared, name)
    folder = target.rpartition("/")[0]
    labels = live.labels if declared.capabilities.stores_labels else ()
    text = _manifest_text(
        name,
        replace(live, labels=labels),
        relpath(dataset, folder or "."),
        parent.name if parent else None,
    )
    path = inside(invocation.root, target)
    if path.exists():
        raise LocalError(
            f"{target} exists, and does not declare {name!r}",
            hint="move it, or declare the model there and run the import again",
        )
    write_atomically(path, text)
    return target


def _parent_of(live: Live, declared: Declared, estate: Estate) -> Desired | None:
    """The declared model that the object was tuned from."""
    if live.source is None:
        return None
    for model in declared.desired.models:
        wanted = situation_of(model, estate).wanted
        if live.source == (wanted.remote if wanted else model.remote):
            return model
    raise Refused(
        f"{live.remote} was tuned from {live.source}, which no manifest wants as it is",
        hint="import that one first, under the name of a declared model",
    )


def _manifest_path(invocation: Invocation, declared: Declared, name: str) -> str:
    for each in declared.project.manifests:
        if inside(invocation.root, each).is_dir():
            return f"{each.strip('/')}/{name}.yaml".removeprefix("./")
    raise LocalError(
        "tuneform.yaml lists no folder under manifests, only files",
        hint="list a folder there, or declare the model in one of the files and import again",
    )


def _manifest_text(name: str, live: Live, dataset: str, parent: str | None) -> str:
    """The manifest of an imported object, with every setting that it was trained with.

    The object's texts are somebody else's: they are written so that no variable is put into them,
    and so that every character can be seen by whoever reviews the file.

    Args:
        name: of the model.
        live: the object.
        dataset: path relative to the manifest.
        parent: the declared model that it was tuned from, if any.
    """
    spec: dict[str, Any] = {"displayName": literal(live.display_name or name)}
    if live.description:
        spec["description"] = literal(live.description)
    base = live.base and literal(live.base)
    spec |= {"tunedFrom": parent} if parent else {"baseModel": base}
    spec["dataset"] = {"path": literal(dataset)}
    settings = live.hyperparameters.as_api()
    if settings.get("learningRate") and "learningRateMultiplier" in settings:
        # The service echoes both; the rate is what was effective.
        del settings["learningRateMultiplier"]
    for setting, value in settings.items():
        section, _, key = setting_field(setting).removeprefix("spec.").partition(".")
        spec.setdefault(section, {})[key] = value
    metadata: dict[str, Any] = {"name": name}
    if labels := {key: literal(value) for key, value in live.labels if _is_label(key, value)}:
        metadata["labels"] = labels
    document = {
        "apiVersion": "tuneform/v1",
        "kind": "TunedModel",
        "metadata": metadata,
        "spec": spec,
    }
    words = "".join(value for _, value in live.labels)
    texts = f"{live.display_name}{live.description}{live.base}{dataset}{words}".replace("\n", "")
    readable = plain.HIDDEN.search(texts) is None
    body = yaml.safe_dump(document, sort_keys=False, allow_unicode=readable, width=100)
    return f"# Imported from {plain.clean(live.remote)}.\n{body}"


def _is_label(key: str, value: str) -> bool:
    """Whether a manifest may have this label; one that it may not have stays unmanaged."""
    try:
        label_key(key)
        label_value(value)
    except Mistake:
        return False
    return True
