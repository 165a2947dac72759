"""What can still be checked of a document with mistakes: its datasets, as far as they are sound."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import ValidationError

from tuneform.domain.spec import DatasetRef
from tuneform.manifest import datasets, gate, shape, vertex
from tuneform.manifest.gate_shape import GateDataset, MustPass
from tuneform.manifest.parts import Section
from tuneform.manifest.provider_shape import Validation
from tuneform.manifest.scopes import mapping_at
from tuneform.manifest.words import Path

T = TypeVar("T", bound=Section)


def sound_datasets(value: Any, folder: str, faulty: Collection[Path]) -> Iterator[DatasetRef]:
    """The datasets of a document that no mistake is about, so that their rows are checked as well.

    Where the training dataset has a mistake, those of the gate are read without its preamble.

    Args:
        value: of the document, with variables put in.
        folder: of the manifest, relative to the project.
        faulty: the paths of all that is wrong.
    """

    def sound(kind: type[T], at: Path) -> T | None:
        written = mapping_at(value, at)
        if not written or any(path[: len(at)] == at for path in faulty):
            return None
        # In a document of another version or kind nobody has looked at this yet.
        if any(datasets.relations(written, at, folder)):
            return None
        with suppress(ValidationError):
            return kind.model_validate(written)
        return None

    if () in faulty:  # not one of our documents at all
        return
    dataset = sound(shape.Dataset, ("spec", "dataset"))
    evaluated = sound(GateDataset, gate.DATASET)
    must_pass = sound(MustPass, gate.MUST_PASS)
    validation = sound(Validation, vertex.VALIDATION)
    whole = datasets.DEFAULTS
    if dataset:
        whole = datasets.dataset_ref(dataset, folder, dataset.preamble or "")
        yield vertex.trained_on(gate.trained_on(whole, evaluated), validation)
    if evaluated and (dataset or not evaluated.holdout):
        yield gate.asked(evaluated, whole, folder)
    if must_pass:
        yield datasets.dataset_ref(must_pass, folder, whole.preamble)
    if validation and (dataset or not validation.share):
        yield vertex.measured_with(validation, whole, folder)
