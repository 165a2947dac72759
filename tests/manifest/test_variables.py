"""Variables: who wins, what is put in, what is refused, and that secrets stay secret."""

from __future__ import annotations

from pathlib import Path

import pytest

PROJECT = """\
apiVersion: tuneform/v1
kind: Project
metadata: {name: demo}
spec:
  manifests: [m]
  provider: {type: embedded}
  variables:
    title: base
    epochs: 5
    rate: 1.10
    token: {value: s3cret, sensitive: true}
    whole: "${var.title} v${var.rate}"
    only: "no"
  environments:
    prod:
      variables: {title: prod, extra: more}
"""


@pytest.fixture
def project(bare, model):
    def make(*spec, metadata=""):
        return bare.write(
            {"tuneform.yaml": PROJECT, "m/a.yaml": model("a", *spec, metadata=metadata)}
        )

    return make


def title(loaded):
    assert loaded.diagnostics == ()
    (spec,) = loaded.models
    return spec.fields.display_name


def test_later_sources_win(project, tmp_path):
    folder = project("displayName: ${var.title}")
    first, second = tmp_path / "one.yaml", tmp_path / "two.json"
    first.write_text("title: file one\n")
    second.write_text('{"title": "file two"}')
    environment = {"title": "from environment"}
    assert title(folder.read()) == "base"
    assert title(folder.read("prod")) == "prod"
    assert title(folder.read("prod", from_environment=environment)) == "from environment"
    files = (first, second)
    assert title(folder.read("prod", from_environment=environment, files=files)) == "file two"
    assert title(folder.read(files=files[::-1])) == "file one"
    every = {"from_environment": environment, "files": files, "options": {"title": "option"}}
    assert title(folder.read("prod", **every)) == "option"


@pytest.mark.parametrize(
    ("written", "put"),
    [
        ("a ${var.title} b ${var.title}", "a base b base"),
        ("${var.rate}", "1.10"),
        ("v${var.epochs}", "v5"),
        ("${var.epochs}", "5"),
        ("${var.only}", "no"),
        ("${var.whole}", "base v1.10"),
        ("$${var.title}", "${var.title}"),
        ("$$${var.title}", "$${var.title}"),
        ("$ {var.title} $x {y} 5$", "$ {var.title} $x {y} 5$"),
    ],
)
def test_what_is_put_in(project, written, put):
    assert title(project(f"displayName: '{written}'").read()) == put


def test_escapes_of_yaml_do_not_hide_a_variable(project):
    assert title(project('displayName: "\\x24{var.title}"').read()) == "base"


def test_variables_work_everywhere_but_in_keys(project):
    folder = project(
        "lifecycle: {deletionPolicy: '${var.title}'}",
        "hyperparameters: {epochCount: '${var.epochs}', learningRate: '${var.rate}'}",
        metadata="labels: {'a${var.title}': '${var.title}'}",
    )
    loaded = folder.read(options={"title": "retain"})
    assert [each.code for each in loaded.diagnostics] == ["invalid-label"]
    loaded = project(
        "lifecycle: {deletionPolicy: '${var.title}'}",
        "hyperparameters: {epochCount: '${var.epochs}', learningRate: '${var.rate}'}",
        metadata="labels: {a: '${var.title}'}",
    ).read(options={"title": "retain", "epochs": "7"})
    (spec,) = loaded.models
    assert spec.deletion_policy == "retain"
    assert spec.labels == (("a", "retain"),)
    assert spec.hyperparameters.as_api() == {"epochCount": 7, "learningRate": 1.1}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("7.0", "wrong-type"),
        ("many", "wrong-type"),
        ("true", "wrong-type"),
        ("null", "wrong-type"),
        ("", "wrong-type"),
        ("0", "out-of-range"),
        ("1_000", "wrong-type"),
    ],
)
def test_a_number_from_outside_is_checked_as_one_from_inside(project, only, text, code):
    folder = project("hyperparameters: {epochCount: '${var.epochs}'}")
    assert only(folder.read(options={"epochs": text})).code == code


def test_text_around_a_variable_makes_text(project, only):
    told = only(project("hyperparameters: {epochCount: '1${var.epochs}'}").read())
    assert told.code == "wrong-type"


@pytest.mark.parametrize(
    ("written", "code", "hint"),
    [
        ("${var.titel}", "unknown-variable", "write `${var.title}`"),
        ("${var.zzz}", "unknown-variable", "declare it in `spec.variables` of tuneform.yaml"),
        ("${var.extra}", "unknown-variable", "choose an environment with --env, or declare"),
        ("${env.HOME}", "invalid-interpolation", "set TUNEFORM_VAR_NAME"),
        ("${title}", "invalid-interpolation", "write `${var.title}`"),
        ("${ var.title }", "invalid-interpolation", "write `${var.title}`"),
        ("${var.title", "invalid-interpolation", "write `$${` where"),
        ("${}", "invalid-interpolation", "write `$${` where"),
        ("${var.a.b}", "invalid-interpolation", "write `$${` where"),
        ("${file(x)}", "invalid-interpolation", "write `$${` where"),
    ],
)
def test_what_is_refused(project, only, written, code, hint):
    told = only(project(f"displayName: '{written}'").read())
    assert (str(told.place), told.code, told.field) == ("m/a.yaml:9:16", code, "spec.displayName")
    assert hint in told.hint


@pytest.mark.parametrize(
    "line",
    ["topK: '${var.zzz}'", "lifecycle: {deletionPolicy: '${var.zzz}'}", "tunedFrom: ${var.zzz}"],
)
def test_what_cannot_be_known_is_told_once(project, line):
    told = project(line).read().diagnostics
    assert [each.code for each in told if each.code != "conflicting-bases"] == ["unknown-variable"]


def test_what_cannot_be_known_in_the_project_is_told_once(project, only):
    folder = project()
    text = PROJECT.replace("type: embedded", "type: '${var.zzz}'")
    assert only(folder.write({"tuneform.yaml": text}).read()).code == "unknown-variable"


def test_variables_of_an_environment_are_known_there(project):
    assert title(project("displayName: ${var.extra}").read("prod")) == "more"


def test_unknown_names_from_outside(project, tmp_path, brief):
    path = tmp_path / "vars.yaml"
    path.write_text("epochs: 3\nepoch: 4\n")
    loaded = project().read(
        from_environment={"nobody": "x"}, files=(path,), options={"titel": "x", "zzz": "y"}
    )
    assert brief(loaded) == [
        "None unknown-variable",
        "None unknown-variable",
        f"{path}:2:1 unknown-variable",
    ]
    assert [each.hint for each in loaded.diagnostics] == [
        "write `title`",
        "declare it in `spec.variables` of tuneform.yaml",
        "write `epochs`",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- a\n", ":1:1 wrong-type"),
        ("title: [a]\n", ":1:8 invalid-variable title"),
        ("title: {value: x}\n", ":1:8 invalid-variable title"),
        ("title:\n", ":1:1 invalid-variable title"),
        ("title: a\ntitle: b\n", ":2:1 duplicate-key"),
        ("title: [\n", ":1:8 syntax"),
        (b"\xff\xfe", ":1:1 not-utf8"),
        ("a: &a [*a]\n", ":1:4 alias-expansion"),
        (None, " unreadable"),
    ],
)
def test_a_variable_file_with_mistakes(project, tmp_path, brief, content, said):
    path = tmp_path / "vars.yaml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    loaded = project().read(files=(path,))
    assert brief(loaded) == [f"{path}{said}"]
    assert loaded.diagnostics[0].snippet == ""


def test_a_folder_is_no_variable_file(project, only):
    assert only(project().read(files=(Path("/"),))).code == "unreadable"


def test_half_a_character_from_outside(project):
    loaded = project("displayName: ${var.title}").read(options={"title": "a\udcff"})
    assert {each.code for each in loaded.diagnostics} == {"half-character"}
    for each in loaded.diagnostics:
        (each.detail + each.hint + each.snippet).encode()


def with_variables(bare, model, *lines):
    head = PROJECT[: PROJECT.index("    title")]
    text = head + "".join(f"    {line}\n" for line in lines)
    return bare.write({"tuneform.yaml": text, "m/a.yaml": model("a", "displayName: ${var.a}")})


def test_a_circle_is_told_once(bare, model, only):
    folder = with_variables(bare, model, "a: x${var.b}", "b: ${var.c}", "c: ${var.a}")
    told = only(folder.read())
    assert (str(told.place), told.code) == ("tuneform.yaml:8:8", "variable-cycle")
    assert "a → b → c → a" in told.detail


def test_a_broken_variable_is_told_where_it_is_declared_only(bare, model, brief):
    folder = with_variables(bare, model, "a: [x]")
    assert brief(folder.read()) == ["tuneform.yaml:8:8 invalid-variable spec.variables.a"]


def test_a_variable_in_a_variable_that_is_not_there(bare, model, brief):
    folder = with_variables(bare, model, "a: ${var.b}")
    assert brief(folder.read()) == ["tuneform.yaml:8:8 unknown-variable spec.variables.a"]


def test_growth_without_end_is_refused(bare, model):
    lines = [
        f"{a}: {'${var.' + b + '}' * 1}${{var.{b}}}${{var.{b}}}"
        for a, b in zip("abcdefghijklmnopqrs", "bcdefghijklmnopqrst", strict=True)
    ]
    loaded = with_variables(bare, model, *lines, f"t: {'x' * 50}").read()
    assert {each.code for each in loaded.diagnostics} == {"too-long"}


def test_a_long_chain_is_refused(bare, model):
    lines = [f"v{n}: ${{var.v{n + 1}}}" for n in range(3000)]
    loaded = with_variables(bare, model, "a: ${var.v0}", *lines, "v3000: x").read()
    assert {each.code for each in loaded.diagnostics} == {"variable-cycle"}


def test_a_value_from_outside_is_literal(project):
    folder = project("displayName: ${var.title}")
    assert title(folder.read(options={"title": "${var.rate}"})) == "${var.rate}"


class TestSecrets:
    def test_they_are_collected_whoever_sets_them(self, project):
        folder = project()
        loaded = folder.read("prod", options={"token": "given"}, from_environment={"token": "env"})
        assert loaded.project is not None
        assert loaded.project.secrets == ("given", "s3cret")

    def test_what_contains_one_is_one(self, bare, model):
        folder = with_variables(bare, model, "a: k-${var.b}", "b: {value: hidden, sensitive: true}")
        project = folder.read().project
        assert project is not None
        assert project.secrets == ("hidden", "k-hidden")

    def test_an_environment_does_not_make_one_public(self, bare, model):
        text = PROJECT.replace("{title: prod, extra: more}", "{token: other}")
        loaded = bare.write({"tuneform.yaml": text, "m/a.yaml": model()}).read("prod")
        assert loaded.project is not None
        assert loaded.project.secrets == ("other", "s3cret")

    def test_an_empty_one_is_none(self, project):
        loaded = project().read(options={"token": ""})
        assert loaded.project is not None
        assert loaded.project.secrets == ("s3cret",)

    @pytest.mark.parametrize(
        "line",
        [
            f"displayName: '${{var.token}} is too long for a name{'!' * 128}'",
            "topK: '${var.token}'",
            "baseModel: '${var.token}'",
            "topK: [s3cret]",
            "s3cret: x",
        ],
    )
    def test_no_message_shows_one(self, project, line):
        loaded = project(line).read()
        assert loaded.diagnostics
        for each in loaded.diagnostics:
            assert "s3cret" not in each.detail + each.hint + each.snippet

    def test_no_message_about_the_project_shows_one(self, bare):
        for broken in (
            PROJECT.replace("sensitive: true", "sensitiv: true"),
            PROJECT.replace("value: s3cret,", "value: [s3cret],"),
            PROJECT.replace("sensitive: true}", "sensitive: true"),
            PROJECT.replace("value: s3cret", "valeu: s3cret"),
            PROJECT.replace("token: {value: s3cret", "token: {value: s3cret, value: s3cret"),
            PROJECT.replace(
                "{value: s3cret, sensitive: true}", "\n      value: s3cret\n      odd: x"
            ),
            PROJECT.replace("manifests: [m]", "manifests: ['${var.token}']"),
            PROJECT.replace("type: embedded", "type: '${var.token}'"),
        ):
            loaded = bare.write({"tuneform.yaml": broken}).read()
            assert loaded.diagnostics
            for each in loaded.diagnostics:
                assert "s3cret" not in each.detail + each.hint + each.snippet
