"""What a manifest names is found inside the project, and nowhere else."""

from pathlib import Path

import pytest

from tuneform.dataset.files import Files, OutsideProject, inside


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "project"
    (root / "data" / "deep").mkdir(parents=True)
    (root / "data" / "a.jsonl").write_text("inside")
    (tmp_path / "secret.jsonl").write_text("outside")
    (tmp_path / "projectile").mkdir()
    (tmp_path / "projectile" / "a.jsonl").write_text("outside")
    return root


@pytest.mark.parametrize(
    "relative",
    [
        "data/a.jsonl",
        "./data/a.jsonl",
        "data//a.jsonl",
        "data/deep/../a.jsonl",
        "data/missing/../a.jsonl",
        "data/./a.jsonl",
    ],
)
def test_inside(tree, relative):
    assert inside(tree, relative) == tree / "data" / "a.jsonl"
    path, found = Files(tree).look(relative)
    assert (path, found.st_size) == (str(tree / "data" / "a.jsonl"), 6)


@pytest.mark.parametrize(
    "relative",
    [
        "../secret.jsonl",
        "data/../../secret.jsonl",
        "../projectile/a.jsonl",
        "../project/data/a.jsonl",
        "..",
        "/etc/passwd",
        "//etc/passwd",
        "data/\0",
        "data/\ud800",
    ],
)
def test_outside(tree, relative):
    for find in (Files(tree).inside, Files(tree).look):
        with pytest.raises(OutsideProject):
            find(relative)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("data/link.jsonl", "../../secret.jsonl"),
        ("data/link.jsonl", "/etc/passwd"),
        ("data/link.jsonl", "../../projectile/a.jsonl"),
        ("data/link.jsonl", "/"),
    ],
)
def test_a_link_out_of_the_project(tree, link, target):
    (tree / link).symlink_to(target)
    for find in (Files(tree).inside, Files(tree).look):
        with pytest.raises(OutsideProject, match="symbolic link"):
            find(link)


@pytest.mark.parametrize("target", ["../..", "/", "../../projectile"])
def test_a_folder_that_is_a_link_out_of_the_project(tree, target):
    (tree / "data" / "linked").symlink_to(target)
    files = Files(tree)
    for find in (files.inside, files.look):
        with pytest.raises(OutsideProject):
            find("data/linked/a.jsonl")


def test_a_chain_of_links_is_followed_to_its_end(tree):
    (tree / "one").symlink_to("two")
    (tree / "two").symlink_to("../secret.jsonl")
    with pytest.raises(OutsideProject):
        Files(tree).look("one")


def test_a_link_that_stays_inside_is_followed(tree):
    (tree / "link.jsonl").symlink_to("data/a.jsonl")
    (tree / "folder").symlink_to("data")
    assert inside(tree, "link.jsonl") == tree / "data" / "a.jsonl"
    assert Files(tree).look("link.jsonl")[1].st_size == 6
    assert Files(tree).look("folder/a.jsonl")[0] == str(tree / "data" / "a.jsonl")


def test_the_project_itself_may_be_reached_through_a_link(tree, tmp_path):
    (tmp_path / "alias").symlink_to("project")
    assert inside(tmp_path / "alias", "data/a.jsonl") == tree / "data" / "a.jsonl"


def test_what_is_not_there_is_still_inside(tree):
    assert inside(tree, "data/new/b.jsonl") == tree / "data" / "new" / "b.jsonl"
    with pytest.raises(FileNotFoundError):
        Files(tree).look("data/new/b.jsonl")


@pytest.mark.parametrize("relative", ["loop", "loop/a.jsonl"])
def test_a_loop_of_links_is_no_file(tree, relative):
    (tree / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="levels of symbolic links"):
        Files(tree).look(relative)


def test_many_files_of_a_folder_are_found_alike(tree):
    files = Files(tree)
    assert files.look("data/a.jsonl")[0] == files.look("data/a.jsonl")[0]
    with pytest.raises(FileNotFoundError):
        files.look("data/b.jsonl")


def test_the_root_of_the_file_system_may_be_the_project():
    assert inside(Path("/"), "etc/../dev/null") == Path("/dev/null")
