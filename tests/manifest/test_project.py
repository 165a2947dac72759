"""tuneform.yaml: what it becomes in each environment, and each mistake with its exact place."""

from __future__ import annotations

import pytest

from tuneform.domain.diagnostic import Place
from tuneform.domain.spec import ProjectSpec, ProviderSpec
from tuneform.manifest.problems import Mistake
from tuneform.manifest.requires import satisfied

FULL = """\
apiVersion: tuneform/v1
kind: Project
metadata:
  name: demo
spec:
  requires: ">=0.1, <1"
  manifests: [./manifests/]
  provider: {type: gemini, endpoint: "https://host/${var.stage}"}
  ledger: sqlite:///${var.stage}.db
  variables: {stage: dev, token: {value: s3cret, sensitive: true}}
  environments:
    prod:
      manifests: [other]
      provider:
        type: embedded
        data: data/${var.stage}
      variables: {stage: prod}
    empty:
"""


@pytest.fixture
def full(folder, model):
    return folder.write(
        {
            "tuneform.yaml": FULL,
            "manifests/a.yaml": model("dev-model"),
            "other/b.yaml": model("prod-model"),
        }
    )


@pytest.mark.parametrize("environment", [None, "empty"])
def test_the_project_itself(full, environment):
    loaded = full.read(environment)
    assert loaded.diagnostics == ()
    assert loaded.project == ProjectSpec(
        name="demo",
        environment=environment,
        provider=ProviderSpec("gemini", "https://host/dev", place=Place("tuneform.yaml", 8, 3)),
        ledger="sqlite:///dev.db",
        manifests=("manifests",),
        secrets=("s3cret",),
    )
    assert [each.name for each in loaded.models] == ["dev-model"]


def test_an_environment_replaces_whole_keys_and_merges_variables(full):
    loaded = full.read("prod")
    assert loaded.diagnostics == ()
    assert loaded.project == ProjectSpec(
        name="demo",
        environment="prod",
        provider=ProviderSpec("embedded", data="data/prod", place=Place("tuneform.yaml", 14, 7)),
        ledger="sqlite:///prod.db",
        manifests=("other",),
        secrets=("s3cret",),
    )
    assert [each.name for each in loaded.models] == ["prod-model"]


def test_defaults(folder, model):
    project = folder.write({"manifests/a.yaml": model()}).read().project
    assert project is not None
    assert project.ledger == "sqlite:///.tuneform/ledger.db"
    assert project.provider == ProviderSpec("embedded", place=Place("tuneform.yaml", 7, 3))


EMBEDDED = "  manifests: [m]\n  provider: {type: embedded}\n"
GEMINI = "  manifests: [m]\n  provider: {type: gemini, "
VERTEX = "  manifests: [m]\n  provider: {type: vertex, project: acme-models, "

# What stands in the place of the last two lines of a project, and what is said about it
BAD = [
    ("  provider: {type: embedded}", "5:1 missing-key spec.manifests"),
    ("  manifests: [m]", "5:1 missing-key spec.provider"),
    ("  manifests:\n  provider: {type: embedded}", "6:3 wrong-type spec.manifests"),
    ("  manifests: []\n  provider: {type: embedded}", "6:14 empty-list spec.manifests"),
    ("  manifests: ''\n  provider: {type: embedded}", "6:14 wrong-type spec.manifests"),
    ("  manifests: m\n  provider: {type: embedded}", "6:14 wrong-type spec.manifests"),
    ("  manifests: ['']\n  provider: {type: embedded}", "6:15 invalid-path spec.manifests[0]"),
    ("  manifests: [m, ]\n  provider: {type: vertx}", "7:20 unknown-value spec.provider.type"),
    (VERTEX + "location: us-central1}", "7:3 missing-key spec.provider.datasetBucket"),
    (
        VERTEX + "location: us-central1-a, datasetBucket: gs://b-1}",
        "7:60 invalid-location spec.provider.location",
    ),
    (
        VERTEX + "location: US, datasetBucket: gs://b-1}",
        "7:60 invalid-location spec.provider.location",
    ),
    (
        VERTEX + "location: us, datasetBucket: gs://b-1/}",
        "7:79 invalid-bucket spec.provider.datasetBucket",
    ),
    (
        VERTEX + "location: us, datasetBucket: gs://b-1, data: x}",
        "7:89 unknown-key spec.provider.data",
    ),
    (
        "  manifests: [m]\n  provider: {type: embedded, dialekt: vertex}",
        "7:30 unknown-key spec.provider.dialekt",
    ),
    ("  manifests: [m, ~]\n  provider: {type: embedded}", "6:18 wrong-type spec.manifests[1]"),
    ("  manifests: [../m]\n  provider: {type: embedded}", "6:15 outside-project spec.manifests[0]"),
    ("  manifests: [/m]\n  provider: {type: embedded}", "6:15 invalid-path spec.manifests[0]"),
    ("  manifests: [nope]\n  provider: {type: embedded}", "6:15 missing-path spec.manifests[0]"),
    (
        "  manifests: [tuneform.yaml]\n  provider: {type: embedded}",
        "6:15 not-a-manifest spec.manifests[0]",
    ),
    ("  manifests: [m]\n  provider: embedded", "7:13 wrong-type spec.provider"),
    ("  manifests: [m]\n  provider: {}", "7:3 missing-key spec.provider.type"),
    (
        "  manifests: [m]\n  provider: {type: embedded, endpoint: 'http://h'}",
        "7:30 unknown-key spec.provider.endpoint",
    ),
    (GEMINI + "data: x}", "7:28 unknown-key spec.provider.data"),
    (
        "  manifests: [m]\n  provider: {type: embedded, data: ../x}",
        "7:36 outside-project spec.provider.data",
    ),
    (GEMINI + "endpoint: host}", "7:38 invalid-endpoint spec.provider.endpoint"),
    (GEMINI + "endpoint: 'http://u:p@h'}", "7:38 invalid-endpoint spec.provider.endpoint"),
    (GEMINI + "endpoint: 'http://h:x'}", "7:38 invalid-endpoint spec.provider.endpoint"),
    (GEMINI + "endpoint: 'http://h/?a=b'}", "7:38 invalid-endpoint spec.provider.endpoint"),
    (GEMINI + "endpoint: 'file:///x'}", "7:38 invalid-endpoint spec.provider.endpoint"),
    (EMBEDDED + "  ledger: postgres://h/d", "8:11 invalid-ledger spec.ledger"),
    (EMBEDDED + "  ledger: 'sqlite:///'", "8:11 invalid-ledger spec.ledger"),
    (EMBEDDED + "  policies: {}", "8:3 unknown-key spec.policies"),
    (EMBEDDED + "  requires: new", "8:13 invalid-requirement spec.requires"),
    (EMBEDDED + "  requires: 0.1", "8:13 wrong-type spec.requires"),
    (EMBEDDED + "  requires: '>=0.2'", "8:13 version-not-accepted spec.requires"),
    (EMBEDDED + "  environments: {Prod: {}}", "8:18 invalid-name spec.environments.Prod"),
    (
        EMBEDDED + "  environments: {prod: {requires: '>1'}}",
        "8:25 unknown-key spec.environments.prod.requires",
    ),
    (
        EMBEDDED + "  environments: {prod: {manifests: []}}",
        "8:36 empty-list spec.environments.prod.manifests",
    ),
    (EMBEDDED + "  environments: {prod: 5}", "8:24 wrong-type spec.environments.prod"),
    (EMBEDDED + "  variables: [a]", "8:14 wrong-type spec.variables"),
    (EMBEDDED + "  variables: {a b: x}", '8:15 invalid-variable spec.variables."a b"'),
    (EMBEDDED + "  variables: {a: }", "8:15 invalid-variable spec.variables.a"),
    (EMBEDDED + "  variables: {a: [x]}", "8:18 invalid-variable spec.variables.a"),
    (EMBEDDED + "  variables: {a: {sensitive: true}}", "8:18 invalid-variable spec.variables.a"),
    (
        EMBEDDED + "  variables: {a: {value: x, sensitiv: true}}",
        "8:18 invalid-variable spec.variables.a",
    ),
    (
        EMBEDDED + "  variables: {a: {value: x, sensitive: 1}}",
        "8:18 invalid-variable spec.variables.a",
    ),
    (EMBEDDED + "---\napiVersion: tuneform/v1\nkind: TunedModel", "9:1 second-document"),
]


@pytest.mark.parametrize(("lines", "said"), BAD)
def test_a_mistake(bare, model, brief, lines, said):
    head = "apiVersion: tuneform/v1\nkind: Project\nmetadata:\n  name: demo\nspec:\n"
    loaded = bare.write({"tuneform.yaml": f"{head}{lines}\n", "m/a.yaml": model()}).read()
    assert brief(loaded) == [f"tuneform.yaml:{said}"]
    # What is missing on the disk is no mistake in the text.
    assert loaded.project is None or loaded.diagnostics[0].code in {
        "missing-path",
        "not-a-manifest",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "tuneform.yaml empty-project"),
        ("# nothing\n---\n", "tuneform.yaml empty-project"),
        ("just text\n", "tuneform.yaml:1:1 wrong-type"),
        ("a: 1\n", "tuneform.yaml:1:1 not-a-manifest"),
        ("kind: Project\n", "tuneform.yaml:1:1 missing-key apiVersion"),
        ("a: [\n", "tuneform.yaml:1:4 syntax"),
        ("apiVersion: tuneform/v1\nkind: TunedModel\n", "tuneform.yaml:2:7 misplaced-model kind"),
        ("a: &a [*a]\n", "tuneform.yaml:1:4 alias-expansion"),
        (b"\xff\xfea\x00", "tuneform.yaml:1:1 not-utf8"),
    ],
)
def test_a_file_that_is_no_project(bare, brief, text, said):
    loaded = bare.write({"tuneform.yaml": text}).read()
    assert brief(loaded)[0] == said
    assert loaded.project is None
    assert loaded.models == ()


def test_no_project_file(bare, only):
    told = only(bare.read())
    assert (str(told.place), told.code) == ("tuneform.yaml", "no-project")
    assert "tuneform init" in told.hint


def test_no_folder(bare, only):
    bare.root.rmdir()
    told = only(bare.read())
    assert (told.code, told.hint) == ("no-project", "correct --project")


def test_a_folder_in_the_place_of_the_file(bare, only):
    (bare.root / "tuneform.yaml").mkdir()
    assert only(bare.read()).code == "unreadable"


def test_another_suffix(bare, only):
    assert only(bare.write({"tuneform.yml": ""}).read()).hint == "rename it"


def test_a_mistake_in_the_project_hides_none_in_manifests(folder, brief):
    project = (folder.root / "tuneform.yaml").read_text() + "  colour: red\n"
    folder.write(
        {"tuneform.yaml": project, "manifests/a.yaml": "a: 1\n", "manifests/b.yaml": "[\n"}
    )
    assert brief(folder.read()) == [
        "manifests/a.yaml:1:1 not-a-manifest",
        "manifests/b.yaml:1:1 syntax",
        "tuneform.yaml:8:3 unknown-key spec.colour",
    ]


def test_a_version_that_is_not_accepted_is_all_that_is_told(folder, brief):
    text = (folder.root / "tuneform.yaml").read_text()
    folder.write(
        {"tuneform.yaml": text + "  requires: '>=9'\n  colour: x\n", "manifests/a.yaml": "["}
    )
    assert brief(folder.read()) == ["tuneform.yaml:8:13 version-not-accepted spec.requires"]


def test_an_unknown_environment(full, only):
    told = only(full.read("prd"))
    assert (str(told.place), told.code) == ("tuneform.yaml:11:3", "unknown-environment")
    assert "`empty` and `prod`" in told.detail
    assert told.hint == "choose `prod`"


def test_an_environment_where_there_are_none(folder, model, only):
    told = only(folder.write({"manifests/a.yaml": model()}).read("prod"))
    assert (str(told.place), told.code) == ("tuneform.yaml:5:1", "unknown-environment")


def test_a_provider_that_only_environments_have(bare, model, only):
    text = """\
apiVersion: tuneform/v1
kind: Project
metadata: {name: demo}
spec:
  manifests: [m]
  environments: {prod: {provider: {type: embedded}}}
"""
    bare.write({"tuneform.yaml": text, "m/a.yaml": model()})
    assert bare.read("prod").diagnostics == ()
    told = only(bare.read())
    assert (str(told.place), told.code, told.field) == (
        "tuneform.yaml:4:1",
        "missing-key",
        "spec.provider",
    )
    assert told.hint == "choose an environment with --env"


def test_mistakes_in_environments_that_are_not_chosen_are_told(full, brief):
    text = FULL.replace("        type: embedded\n", "        type: embeded\n")
    assert brief(full.write({"tuneform.yaml": text}).read()) == [
        "tuneform.yaml:15:15 unknown-value spec.environments.prod.provider.type"
    ]


@pytest.mark.parametrize(
    ("wanted", "version", "accepted"),
    [
        (">=0.1", "0.1.0", True),
        (">=0.1", "0.0.9", False),
        (">=0.1.0", "0.1", True),
        (">0.1", "0.1.0", False),
        (">0.1", "0.1.1", True),
        ("<1", "0.99", True),
        ("<1", "1.0", False),
        ("<=1", "1.0.0", True),
        ("==0.1", "0.1.0", True),
        ("==0.1", "0.1.1", False),
        ("!=0.1", "0.1.0", False),
        ("~=0.1", "0.9", True),
        ("~=0.1", "1.0", False),
        ("~=1.4.2", "1.4.9", True),
        ("~=1.4.2", "1.5.0", False),
        (">=0.1, <1", "0.5.dev1", True),
        (" >= 0.1 ,<1", "1.0", False),
        (">=0.10", "0.9", False),
    ],
)
def test_requirements(wanted, version, accepted):
    assert satisfied(wanted, version) is accepted


@pytest.mark.parametrize("wanted", ["", "0.1", "=0.1", ">=", ">=a", ">=0.1,", "~=1", ">=1" * 200])
def test_no_requirements(wanted):
    with pytest.raises(Mistake):
        satisfied(wanted, "0.1")
