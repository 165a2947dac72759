"""`provider: {type: vertex}` in tuneform.yaml, and `spec.vertex` in a manifest."""

from __future__ import annotations

import pytest

from tuneform.domain.diagnostic import Place
from tuneform.domain.spec import DatasetRef, Hyperparameters, ProviderSpec

HEAD = "apiVersion: tuneform/v1\nkind: Project\nmetadata:\n  name: demo\nspec:\n  manifests: [m]\n"
KEY = "projects/acme-models/locations/europe-west4/keyRings/ml/cryptoKeys/tuning"
WHOLE = DatasetRef("manifests/train.jsonl", "jsonl")


@pytest.fixture
def project(bare, model):
    """Reads a project with these lines below `provider:`."""

    def read(*lines, environment=None):
        text = HEAD + "  provider:\n" + "".join(f"    {line}\n" for line in lines)
        return bare.write({"tuneform.yaml": text, "m/a.yaml": model()}).read(environment)

    return read


@pytest.fixture
def vertex(folder, model):
    """Reads a model with these lines below `spec.vertex`, and others below `spec`."""

    def read(*lines, spec=()):
        text = model("support", *spec, "vertex:", *(f"  {line}" for line in lines))
        return folder.write({"manifests/a.yaml": text}).read()

    return read


NEEDED = ("type: vertex", "project: acme-models", "location: us", "datasetBucket: gs://b-1/x")


def test_a_provider_with_all_it_has(project):
    loaded = project(
        *NEEDED,
        "endpoint: http://127.0.0.1:1",
        "storageEndpoint: http://127.0.0.1:2",
        "endpointPolicy: servingOnly",
        "bases: [models/new, models/newer]",
    )
    assert loaded.diagnostics == ()
    assert loaded.project.provider == ProviderSpec(
        "vertex",
        endpoint="http://127.0.0.1:1",
        project="acme-models",
        location="us",
        dataset_bucket="gs://b-1/x",
        storage_endpoint="http://127.0.0.1:2",
        endpoint_policy="servingOnly",
        bases=("models/new", "models/newer"),
        place=Place("tuneform.yaml", 7, 3),
    )


def test_what_it_lacks_is_told_in_one_run(project, brief):
    loaded = project("type: vertex")
    assert brief(loaded) == [
        f"tuneform.yaml:7:3 missing-key spec.provider.{key}"
        for key in ("datasetBucket", "location", "project")
    ]
    assert loaded.diagnostics[0].hint == (
        "add `datasetBucket: gs://acme-tuning/datasets`, with your own"
    )


def test_an_environment_has_a_block_of_its_own(bare, model, brief):
    text = HEAD + (
        "  provider: {type: embedded, dialect: vertex}\n"
        "  variables: {place: us-central1}\n"
        "  environments:\n"
        "    prod:\n"
        "      provider: {type: vertex, project: acme-models, location: '${var.place}',"
        " datasetBucket: gs://b-1}\n"
        "    test:\n"
        "      provider: {type: vertex, project: acme-models, location: us}\n"
    )
    folder = bare.write({"tuneform.yaml": text, "m/a.yaml": model()})
    mend = text.replace("location: us}", "location: us, datasetBucket: gs://b-1}")
    assert brief(folder.read()) == [
        "tuneform.yaml:13:7 missing-key spec.environments.test.provider.datasetBucket"
    ]
    bare.write({"tuneform.yaml": mend})
    assert folder.read().project.provider.dialect == "vertex"
    assert folder.read("prod").project.provider.location == "us-central1"


@pytest.mark.parametrize(
    ("line", "code", "hint"),
    [
        ("location: us-central1-b", "invalid-location", "write `us-central1`"),
        ("location: Europe-West4", "invalid-location", "write `europe-west4`"),
        ("location: mars", "invalid-location", ""),
        ("datasetBucket: b-1", "invalid-bucket", "write `gs://b-1`"),
        ("datasetBucket: gs://b-1/x/", "invalid-bucket", "write `gs://b-1/x`"),
        ("datasetBucket: s3://b-1", "invalid-bucket", ""),
        ("datasetBucket: gs://b-1//x", "invalid-bucket", ""),
        ("datasetBucket: gs://b-1/../x", "invalid-bucket", ""),
        ("project: Acme-Models", "invalid-project", "write `acme-models`"),
        ("project: acme/models", "invalid-project", "`gcloud projects list` shows the ids"),
        ("project: acme", "invalid-project", "`gcloud projects list` shows the ids"),
        ("endpointPolicy: serving_only", "unknown-value", "write `servingOnly`"),
        ("bases: [gemini-9]", "invalid-base-model", "write `models/gemini-9`"),
        ("type: vertexai", "unknown-value", "write `vertex`"),
        ("datsetBucket: gs://b-1", "unknown-key", "write `datasetBucket`"),
    ],
)
def test_a_slip_gets_a_suggestion(project, line, code, hint):
    lines = [each for each in NEEDED if each.split(":")[0] != line.split(":")[0]]
    told = next(each for each in project(*lines, line).diagnostics if each.code == code)
    assert told.hint == hint
    assert told.place.line > 7


@pytest.mark.parametrize("hostile", ["us-central1.example", "us/x", "us@x", "us-central1\\n"])
def test_a_location_is_part_of_a_host_name_and_nothing_else(project, hostile):
    lines = [each for each in NEEDED if not each.startswith("location")]
    (told,) = project(*lines, f'location: "{hostile}"').diagnostics
    assert told.code == "invalid-location"


def test_settings_of_a_model(vertex):
    (model,) = vertex(
        "adapterSize: 8",
        "exportLastCheckpointOnly: false",
        f"encryptionKey: {KEY}",
        "serviceAccount: a@p.iam.gserviceaccount.com",
        "validation: {path: v.csv, fields: {input: q}}",
        spec=("hyperparameters: {epochCount: 2}",),
    ).models
    assert model.hyperparameters == Hyperparameters(epoch_count=2, adapter_size=8)
    assert model.hyperparameters.as_api() == {"epochCount": 2, "adapterSize": 8}
    assert model.dataset == WHOLE
    assert model.validation == DatasetRef("manifests/v.csv", "csv", "q")
    assert model.extras == (
        ("exportLastCheckpointOnly", False),
        ("kmsKeyName", KEY),
        ("serviceAccount", "a@p.iam.gserviceaccount.com"),
    )


def test_an_adapter_size_alone(vertex):
    (model,) = vertex("adapterSize: 4").models
    assert model.hyperparameters.as_api() == {"adapterSize": 4}
    assert (model.validation, model.extras) == (None, ())


def test_a_share_is_cut_from_what_trains(folder, model):
    text = model("support", "vertex: {validation: {share: 0.2}}").replace(
        "    path: train.jsonl", "    path: train.jsonl\n    preamble: 'Q: '"
    )
    (found,) = folder.write({"manifests/a.yaml": text}).read().models
    part = DatasetRef("manifests/train.jsonl", "jsonl", preamble="Q: ", holdout=0.2)
    assert found.dataset == part
    assert (found.validation.holdout, found.validation.held_out) == (0.2, True)
    assert found.validation.preamble == "Q: "


HOLDOUT = ("gate: {dataset: {holdout: 0.1}, metrics: {exactMatch: {min: 0.5}}}",)


@pytest.mark.parametrize(
    ("lines", "spec", "told"),
    [
        (("validation: {}",), (), ["10:5 missing-key spec.vertex.validation.path"]),
        (
            ("validation: {share: 0.1, path: a.csv}",),
            (),
            ["10:30 conflicting-datasets spec.vertex.validation"],
        ),
        (
            ("validation: {share: 0.1, format: csv}",),
            (),
            ["10:30 conflicting-datasets spec.vertex.validation"],
        ),
        (
            ("validation: {share: 0.1}",),
            HOLDOUT,
            ["11:18 conflicting-datasets spec.vertex.validation"],
        ),
        (("validation: {path: a.csv}",), HOLDOUT, []),
        (
            ("validation: {path: ../../a.csv}",),
            (),
            ["10:24 outside-project spec.vertex.validation.path"],
        ),
        (("validation: {path: a}",), (), ["10:24 unknown-format spec.vertex.validation.path"]),
        (("validation: 5",), (), ["10:17 wrong-type spec.vertex.validation"]),
        (("adapterSize: 5",), (), ["10:18 out-of-range spec.vertex.adapterSize"]),
        (("adaptersize: 4",), (), ["10:5 unknown-key spec.vertex.adaptersize"]),
        (("encryptionKey: k",), (), ["10:20 invalid-key spec.vertex.encryptionKey"]),
        (("serviceAccount: k",), (), ["10:21 invalid-account spec.vertex.serviceAccount"]),
    ],
)
def test_mistakes(vertex, brief, lines, spec, told):
    assert brief(vertex(*lines, spec=spec)) == [f"manifests/a.yaml:{each}" for each in told]


def test_a_key_that_stands_a_level_too_high_is_sent_home(folder, model, only):
    loaded = folder.write({"manifests/a.yaml": model("support", "adapterSize: 4")}).read()
    assert only(loaded).hint == "`adapterSize` belongs under `spec.vertex`"


def test_datasets_are_known_where_something_else_is_wrong(vertex):
    loaded = vertex("validation: {path: v.csv}", spec=("temperature: hot",))
    assert loaded.models == ()
    assert loaded.datasets == (WHOLE, DatasetRef("manifests/v.csv", "csv"))


def test_a_share_is_known_where_something_else_is_wrong(vertex):
    loaded = vertex("validation: {share: 0.2}", spec=("temperature: hot",))
    assert [(each.holdout, each.held_out) for each in loaded.datasets] == [
        (0.2, False),
        (0.2, True),
    ]


def test_a_variable_gives_an_adapter_size(folder, model):
    text = (folder.root / "tuneform.yaml").read_text() + "  variables: {size: 16}\n"
    lines = model("support", "vertex:", "  adapterSize: ${var.size}")
    (found,) = folder.write({"tuneform.yaml": text, "manifests/a.yaml": lines}).read().models
    assert found.hyperparameters.adapter_size == 16
