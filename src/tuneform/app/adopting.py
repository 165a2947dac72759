"""Takes an object under management: `import`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tuneform.app.adoptable import (
    check_dataset,
    check_declared,
    check_editable,
    check_object,
    check_steps,
    check_undeclared,
    mark_for,
)
from tuneform.app.applying import Ears, Wishes, carry_out
from tuneform.app.datasets import format_of
from tuneform.app.declare import Declared, check_datasets, declare
from tuneform.app.invocation import Invocation
from tuneform.app.manifest_file import write_manifest
from tuneform.app.starter import project_name
from tuneform.app.wiring import Opened, open_to_write
from tuneform.dataset.files import OutsideProject, inside
from tuneform.domain.desired import Desired
from tuneform.domain.diagnostic import has_errors
from tuneform.domain.live import Live, LiveSet
from tuneform.domain.names import NAME_RULE, is_name
from tuneform.domain.plan import Action, Change, Plan, Reason, ReasonCode, Rewrite
from tuneform.domain.report import Report
from tuneform.domain.spec import DatasetFacts, DatasetRef
from tuneform.engine.estate import sort_out
from tuneform.errors import InvalidProject, LocalError, UsageError
from tuneform.providers.base import Provider


@dataclass(frozen=True, slots=True)
class Adoption:
    """What `import` was asked for.

    Attributes:
        remote: full name, or the bare id, of the live object.
        name: of the model that it becomes a version of.
        dataset: the file that it was trained from, as given on the command line.
    """

    remote: str
    name: str
    dataset: Path


@dataclass(frozen=True, slots=True)
class Adopted:
    """What `import` did.

    Attributes:
        manifest: the file that was written, relative to the project; None where the model was
            declared already.
        remote: full name of the object.
        report: of writing the mark; without outcomes where the object bore it already.
    """

    manifest: str | None
    remote: str
    report: Report


def adopt(invocation: Invocation, adoption: Adoption, ears: Ears) -> Adopted:
    """Write the manifest, atomically, then mark the object `staged` and `adopted`.

    The order matters: an object that is marked before its manifest exists would be deleted by the
    next apply. Run again after any crash, it goes on where it stopped.

    Raises:
        UsageError: the name or the dataset makes no sense.
        InvalidProject: the project has mistakes, or would have them with that manifest.
        Refused: the object failed, belongs to somebody else, or was trained from other data.
    """
    if not is_name(adoption.name):
        raise UsageError(
            f"--as {adoption.name!r}: {NAME_RULE}", hint=f"such as {project_name(adoption.name)}"
        )
    declared = declare(invocation)
    with open_to_write(
        declared.project, declared.owner, "import", invocation, trains=False
    ) as opened:
        live = _find(opened.provider, adoption, declared)
        check_object(live, declared.owner, adoption.name)
        check_editable(live, declared.capabilities)
        dataset = _inside_project(invocation, adoption.dataset)
        estate = sort_out(declared.desired, LiveSet(tuple(opened.provider.list())))
        others = [
            each for each in estate.versions.get(adoption.name, ()) if each.remote != live.remote
        ]
        manifest = None
        if desired := _desired(declared, adoption.name):
            check_dataset(desired, dataset)
            check_steps(opened.provider, live, desired.data.examples)
            check_declared(live, desired, others, estate)
        else:
            check_undeclared(adoption.name, others)
            facts = _read(invocation, declared, live, dataset)
            check_steps(opened.provider, live, facts.examples)
            manifest = write_manifest(invocation, declared, adoption.name, live, dataset, estate)
            declared = _declared_with(invocation, manifest)
            desired = _desired(declared, adoption.name)
        if desired is None:
            raise LocalError(
                f"{manifest} was written, but no manifest of the project declares "
                f"{adoption.name!r} now",
                hint="run `tuneform validate`, then the import again",
            )
        return Adopted(
            manifest, live.remote, _mark(invocation, declared, opened, live, desired, ears)
        )


def _declared_with(invocation: Invocation, manifest: str) -> Declared:
    """The project with the manifest that was just written, which is taken back if it spoils it.

    Raises:
        InvalidProject: it does, such as where another model was formerly called so.
    """
    try:
        return declare(invocation)
    except InvalidProject:
        (invocation.root / manifest).unlink(missing_ok=True)
        raise


def _desired(declared: Declared, name: str) -> Desired | None:
    return next((each for each in declared.desired.models if each.name == name), None)


def _find(provider: Provider, adoption: Adoption, declared: Declared) -> Live:
    """The object, by its full name or by its bare id.

    A provider that assigns ids completes a bare one itself: it alone knows what names are like.
    """
    collection = declared.capabilities.collection
    is_whole = "/" in adoption.remote or collection is None
    remote = adoption.remote if is_whole else f"{collection}{adoption.remote}"
    live = provider.observe(remote)
    if live is None:
        how = f"such as {collection}my-model" if collection else "by its full resource name"
        raise UsageError(
            f"there is no {remote}", hint=f"name an object as the service lists it, {how}"
        )
    return live


def _read(invocation: Invocation, declared: Declared, live: Live, dataset: str) -> DatasetFacts:
    """What the dataset holds, checked against the limits of the object's base."""
    ref = DatasetRef(dataset, format_of(dataset))
    limits = declared.capabilities.base(live.base or "*").limits
    checked = check_datasets(invocation, [(ref, limits)])[ref]
    if checked.facts is None or has_errors(checked.diagnostics):
        raise InvalidProject(checked.diagnostics)
    return checked.facts


def _inside_project(invocation: Invocation, dataset: Path) -> str:
    """The dataset as given at the prompt, relative to the project."""
    path = os.path.relpath(dataset.absolute(), invocation.root)
    try:
        found = inside(invocation.root, path.replace(os.sep, "/"))
    except OutsideProject as error:
        raise UsageError(
            f"--dataset {str(dataset)!r} is not in the project",
            hint="copy it next to the manifests: git has to keep it",
        ) from error
    if not found.is_file():
        raise UsageError(
            f"--dataset: there is no file {str(dataset)!r}",
            hint="the path is relative to the folder that you are in",
        )
    return path.replace(os.sep, "/")


def _is_adopted(live: Live, desired: Desired) -> bool:
    """Whether the object bears a sound mark of this very version, and one of its own."""
    mark = live.mark
    if mark is None or mark.unknown or mark.fingerprint != desired.fingerprint_short:
        return False
    needs_no_word = live.remote == desired.remote or desired.remote is mark.adopted is None
    return needs_no_word or mark.adopted == live.id


def _mark(
    invocation: Invocation,
    declared: Declared,
    opened: Opened,
    live: Live,
    desired: Desired,
    ears: Ears,
) -> Report:
    if _is_adopted(live, desired):
        return Report(declared.owner, declared.project.provider.type)
    mark = mark_for(live, desired)
    change = Change(
        desired.name,
        Action.UPDATE,
        Reason(ReasonCode.MARK_CHANGED, f"{live.remote} is adopted as {desired.name}."),
        remote=live.remote,
        steps=(Rewrite(live.remote, mark),),
        versions=(live,),
    )
    plan = Plan(declared.owner, declared.project.provider.type, (change,))
    return carry_out(invocation, declared, opened, plan, Wishes(), ears)
