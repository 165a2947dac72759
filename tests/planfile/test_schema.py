"""The published schema fits what is printed, what is saved, and what is read."""

import copy
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given
from tests.engine.builders import declare, plan, spec, version
from tests.engine.test_laws import law
from tests.render.values import every_plan

from tuneform.planfile import schema
from tuneform.planfile.shape import FORMAT_VERSION
from tuneform.render import plan_json as encoder
from tuneform.render.plan_json import plan_json

from .documents import COST, DATA, GATE, cases, desired_of, saved_document
from .test_read import DOCUMENT, PLAIN

VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())
    assert FORMAT_VERSION == encoder.FORMAT_VERSION


@law
@given(cases())
def test_every_plan_fits_it(case):
    specs, decided = case
    VALIDATOR.validate(plan_json(decided))
    VALIDATOR.validate(saved_document(decided, desired_of(specs)))


def test_every_kind_of_step_and_value_fits_it():
    decided = plan(spec(gate=GATE), live=[version(spec(data="old"))])
    change = replace(decided.changes[0], cost=COST, data=DATA)
    VALIDATOR.validate(plan_json(replace(decided, changes=(change,)), samples=True))
    VALIDATOR.validate(plan_json(every_plan(), samples=True))
    VALIDATOR.validate(saved_document(decided, declare(spec(gate=GATE))))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("summary"),
        lambda document: document.pop("made_from"),
        lambda document: document.update(extra=1),
        lambda document: document["changes"][0]["steps"][0].update(do="explode"),
        lambda document: document["changes"][0]["steps"][0].pop("fingerprint"),
        lambda document: document["changes"][0].update(action="explode"),
        lambda document: document.update(owner="No Owner"),
    ],
)
def test_what_is_no_plan_does_not_fit_it(spoil):
    document = copy.deepcopy(PLAIN)
    spoil(document)
    assert not VALIDATOR.is_valid(document)
    assert VALIDATOR.is_valid(DOCUMENT)
