"""Which files are read: nothing is missed in silence, nothing outside is touched."""

from __future__ import annotations

import os

import pytest

from tuneform.domain.diagnostic import Severity

ROOT = os.geteuid() == 0


def names(loaded):
    return [each.name for each in loaded.models]


def entries(folder, *paths):
    text = (folder.root / "tuneform.yaml").read_text()
    listed = ", ".join(f'"{path}"' for path in paths)
    return folder.write({"tuneform.yaml": text.replace("[manifests]", f"[{listed}]")})


def test_folders_are_searched_with_all_below(folder, model):
    folder.write(
        {
            "manifests/b.yaml": model("b"),
            "manifests/deep/er/a.yml": model("a"),
            "manifests/C.YAML": model("c"),
            "manifests/.hidden.yaml": model("hidden"),
            "manifests/.git/x.yaml": model("hidden-too"),
            "manifests/train.jsonl": "{}",
            "manifests/notes.yaml.bak": "[",
            "elsewhere/d.yaml": model("d"),
        }
    )
    loaded = folder.read()
    assert loaded.diagnostics == ()
    assert names(loaded) == ["a", "b", "c"]
    assert {each.place.file for each in loaded.models} == {
        "manifests/b.yaml",
        "manifests/deep/er/a.yml",
        "manifests/C.YAML",
    }


def test_a_file_may_be_named_whatever_its_suffix_and_is_read_once(folder, model):
    folder.write({"manifests/a.yaml": model("a"), "one.txt": model("one")})
    entries(folder, "manifests", "manifests/a.yaml", "./manifests/../manifests/", "one.txt")
    loaded = folder.read()
    assert loaded.diagnostics == ()
    assert names(loaded) == ["a", "one"]


def test_the_whole_project_may_be_named(folder, model):
    folder.write({"manifests/a.yaml": model("a"), "b.yaml": model("b")})
    loaded = entries(folder, ".").read()
    assert loaded.diagnostics == ()
    assert names(loaded) == ["a", "b"]


def test_a_project_within_the_project_is_an_error(folder, brief):
    folder.write({"sub/tuneform.yaml": (folder.root / "tuneform.yaml").read_text()})
    assert brief(entries(folder, ".").read()) == ["sub/tuneform.yaml:2:7 second-project kind"]


@pytest.mark.parametrize("content", [{}, {"manifests/readme.md": "x"}, {"manifests/sub/x.txt": ""}])
def test_an_empty_folder_is_a_warning(folder, only, content):
    told = only(folder.write(content).read())
    assert (str(told.place), told.code) == ("tuneform.yaml:6:15", "declares-nothing")
    assert told.severity is Severity.WARNING


@pytest.mark.parametrize("content", ["", "# all of it commented out\n", "---\n---\n"])
def test_an_empty_file_is_a_warning(folder, only, content):
    told = only(folder.write({"manifests/a.yaml": content}).read())
    assert (str(told.place), told.code) == ("manifests/a.yaml", "declares-nothing")
    assert told.severity is Severity.WARNING


def test_a_pattern_gets_a_hint(folder, only):
    told = only(entries(folder, "manifests/*.yaml").read())
    assert told.code == "missing-path"
    assert told.hint == "name the folder: all *.yaml and *.yml files below it are read"


class TestLinks:
    def test_out_of_the_project_they_are_refused(self, folder, brief, tmp_path_factory, model):
        outside = tmp_path_factory.mktemp("outside")
        (outside / "x.yaml").write_text(model("x"))
        (folder.root / "manifests" / "file.yaml").symlink_to(outside / "x.yaml")
        (folder.root / "manifests" / "folder").symlink_to(outside)
        (folder.root / "manifests" / "data.bin").symlink_to(outside / "x.yaml")
        (folder.root / "named").symlink_to(outside)
        loaded = entries(folder, "manifests", "named").read()
        assert loaded.models == ()
        assert brief(loaded) == [
            "manifests/file.yaml outside-project",
            "manifests/folder outside-project",
            "tuneform.yaml:6:15 declares-nothing spec.manifests[0]",
            "tuneform.yaml:6:28 outside-project spec.manifests[1]",
        ]

    def test_inside_they_are_the_file_they_lead_to(self, folder, model):
        folder.write({"real/a.yaml": model("a"), "manifests/b.yaml": model("b")})
        (folder.root / "manifests" / "link.yaml").symlink_to("../real/a.yaml")
        (folder.root / "manifests" / "again").symlink_to("../real")
        loaded = folder.read()
        assert loaded.diagnostics == ()
        assert [str(each.place) for each in loaded.models] == [
            "real/a.yaml:4:9",
            "manifests/b.yaml:4:9",
        ]
        assert [each.dataset.path for each in loaded.models] == [
            "real/train.jsonl",
            "manifests/train.jsonl",
        ]

    def test_circles_end(self, folder, model):
        folder.write({"manifests/sub/a.yaml": model("a")})
        (folder.root / "manifests" / "sub" / "up").symlink_to("..")
        (folder.root / "manifests" / "sub" / "self").symlink_to("self")
        loaded = folder.read()
        assert loaded.diagnostics == ()
        assert names(loaded) == ["a"]

    def test_to_nowhere_they_are_an_error(self, folder, brief):
        (folder.root / "manifests" / "a.yaml").symlink_to("gone.yaml")
        assert "manifests/a.yaml unreadable" in brief(folder.read())

    def test_the_project_file_stays_in_the_project(self, bare, only, tmp_path_factory):
        outside = tmp_path_factory.mktemp("outside") / "tuneform.yaml"
        outside.write_text("kind: Project\n")
        (bare.root / "tuneform.yaml").symlink_to(outside)
        assert only(bare.read()).code == "outside-project"


def test_a_pipe_is_not_waited_for(folder, brief):
    os.mkfifo(folder.root / "manifests" / "a.yaml")
    assert brief(folder.read()) == ["manifests/a.yaml not-a-file"]


def test_a_folder_called_like_a_manifest_is_a_folder(folder, model):
    assert names(folder.write({"manifests/a.yaml/b.yaml": model("b")}).read()) == ["b"]


def test_names_that_cannot_be_shown(folder, only, model):
    folder.write({"manifests/a\nb.yaml": model("a")})
    told = only(folder.read())
    assert told.code == "unusable-name"
    assert str(told.place) == "manifests/a\ufffdb.yaml"


def test_names_that_are_not_unicode(folder, only, model):
    folder.write({os.fsdecode(b"manifests/a\xff.yaml"): model("a")})
    told = only(folder.read())
    assert told.code == "unusable-name"
    str(told.place).encode()


@pytest.mark.skipif(ROOT, reason="nothing is unreadable for root")
def test_what_cannot_be_read_is_an_error(folder, brief, model):
    folder.write({"manifests/a.yaml": model("a"), "manifests/sub/b.yaml": model("b")})
    (folder.root / "manifests" / "a.yaml").chmod(0)
    (folder.root / "manifests" / "sub").chmod(0)
    try:
        assert brief(folder.read()) == ["manifests/a.yaml unreadable", "manifests/sub unreadable"]
    finally:
        (folder.root / "manifests" / "sub").chmod(0o700)


def test_a_file_that_is_too_large(folder, brief):
    with (folder.root / "manifests" / "a.yaml").open("wb") as file:
        file.truncate(16_000_001)
    assert brief(folder.read()) == ["manifests/a.yaml too-large"]
