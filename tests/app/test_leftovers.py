"""What `prune --leftovers` deletes, and what an import makes of a provider that assigns ids."""

from dataclasses import replace

import pytest
from tests.engine.builders import declare, spec
from tests.engine.test_assigned_ids import SERVICE, job
from tests.execute.assigning import AssigningProvider, leftover

from tuneform.app.adoptable import check_editable, mark_for
from tuneform.app.cleaning import Cleaning
from tuneform.app.declare import Declared
from tuneform.app.wiring import Opened
from tuneform.clock import SteeredClock
from tuneform.domain.live import LiveState
from tuneform.domain.spec import ProjectSpec, ProviderSpec
from tuneform.errors import Forbidden, Refused, Unauthenticated

WANT = spec()


def project() -> ProjectSpec:
    return ProjectSpec("demo", None, ProviderSpec("gemini"), "", ("models",))


def cleaning(provider, *found) -> Cleaning:
    desired = declare(WANT, capabilities=SERVICE)
    declared = Declared(project(), desired.owner, desired, {}, SERVICE, ())
    provider.left = list(found)
    return Cleaning(declared, Opened(provider, 1.0, 1.0), tuple(found), 0)


def test_one_that_cannot_be_deleted_does_not_stop_the_others():
    provider = AssigningProvider(SteeredClock())
    provider.fault("discard", Forbidden("no permission"))
    report = cleaning(provider, leftover(1), leftover(2)).run()
    assert [each.error for each in report.results] == ["no permission", ""]
    assert provider.discarded == ["gs://bucket/2.jsonl"]
    assert report.exit_code == 8


def test_without_credentials_nothing_more_is_tried():
    provider = AssigningProvider(SteeredClock())
    provider.fault("discard", Unauthenticated("expired"))
    with pytest.raises(Unauthenticated):
        cleaning(provider, leftover(1), leftover(2)).run()
    assert provider.count("discard") == 1


def test_a_restored_mark_needs_no_word_for_an_object_that_was_created_as_this_version():
    (model,) = declare(WANT, capabilities=SERVICE).models
    native = replace(job(WANT), mark=None)
    assert mark_for(native, model).adopted is None
    assert mark_for(replace(native, origin=None), model).adopted == "1"
    other = job(spec(data="old"))
    assert mark_for(replace(other, mark=None), model).adopted == "1"


def test_what_cannot_be_marked_yet_is_not_imported():
    training = replace(job(WANT), mark=None, state=LiveState.TRAINING)
    with pytest.raises(Refused, match="is in training"):
        check_editable(training, SERVICE)
    check_editable(training, replace(SERVICE, edits_training=True))
    check_editable(job(WANT), SERVICE)
