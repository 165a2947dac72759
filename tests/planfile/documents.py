"""Plans of random worlds and of our own making, saved as the app saves them."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st
from tests.engine.builders import declare, destroy, plan
from tests.engine.worlds import worlds

from tuneform.domain.cost import Cost, Range
from tuneform.domain.data_change import DataChange, Sample
from tuneform.domain.desired import DesiredSet
from tuneform.domain.plan import Plan
from tuneform.domain.selection import EVERYTHING, Selection
from tuneform.domain.spec import DatasetRef, GateSpec, Metric, ModelSpec, ProviderSpec
from tuneform.planfile import made_from, read_document, restore, seal
from tuneform.planfile.sealing import checksum
from tuneform.render.json_text import json_text
from tuneform.render.plan_json import plan_json

PROVIDER = ProviderSpec("embedded")
COST = Cost(
    Range(900, 1_000, 1_200),
    likely=Decimal("0.0080"),
    least=Decimal("1E+1"),
    most=Decimal("12.5"),
    currency="USD",
    as_of=date(2026, 1, 31),
)
UNPRICED = Cost(Range(1, 2, 3))
DATA = DataChange(
    added=1,
    removed=2,
    changed=3,
    unchanged=4,
    characters=-5,
    source="git",
    commit="0a1b2c3",
    samples=(Sample("changed", "held by nobody", "yes", "no"),),
)
GATE = GateSpec(
    DatasetRef("datasets/first.jsonl", "jsonl", preamble="Q: ", holdout=0.1, held_out=True),
    (
        Metric("exactMatch", minimum=0.9, max_regression=0.02),
        Metric("precision", label="billing", minimum=1.0),
        Metric("regex", pattern="[a-z]+"),
        Metric("jsonFields", fields=("city", "date")),
        Metric("rhyme", options='{"strict":true}'),
    ),
    must_pass=DatasetRef("datasets/golden.csv", "csv", input_field="question"),
    must_pass_measure="contains",
    repeats=3,
    concurrency=9,
)


def saved_document(
    decided: Plan,
    desired: DesiredSet,
    selection: Selection = EVERYTHING,
    *,
    destroying: bool = False,
):
    origin = made_from(desired, decided, selection, destroying, PROVIDER, "0.1.0")
    return seal(plan_json(decided), origin)


def as_file(document) -> bytes:
    return json_text(document).encode()


def read_back(document, approved=None):
    return read_document(as_file(document), approved)


def resealed(document, **changed):
    """The document with keys changed, and a checksum that fits: what a forger would write."""
    forged = {**document, **changed}
    return {**forged, "checksum": checksum(forged)}


def round_trip(decided: Plan, desired: DesiredSet) -> Plan:
    return restore(read_back(saved_document(decided, desired)), desired)


@st.composite
def cases(draw) -> tuple[tuple[ModelSpec, ...], Plan]:
    """Manifests, and one of the plans that may be saved for them."""
    world = draw(worlds())
    kind = draw(st.sampled_from(["apply", "apply", "stage", "destroy"]))
    if kind == "destroy":
        return world.specs, destroy(*world.specs, live=world.live)
    return world.specs, plan(*world.specs, live=world.live, staging=kind == "stage")


def desired_of(specs) -> DesiredSet:
    return declare(*specs)
