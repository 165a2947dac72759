"""A page that is wrong is found out, and one that only tells another time is not."""

import shutil

import pytest
from tests.cli.project import BARE_ENVIRONMENT
from tests.guide.play import difference, playing

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


@pytest.fixture
def played(tmp_path):
    """Plays a page in an empty folder."""
    home = tmp_path / "home"
    home.mkdir()

    def play(*blocks):
        with playing(home, BARE_ENVIRONMENT) as play:
            return play.page("".join(blocks))

    return play


def console(*lines):
    return "\n".join(("Look:", "", "```console", *lines, "```", "", ""))


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (["$ echo one", "two"], ["$ echo one", "one"]),
        (["$ echo one"], ["$ echo one", "one"]),
        (["$ true", "two"], ["$ true"]),
        (["$ echo one >&2", "$ true"], ["$ echo one >&2", "one", "", "$ true"]),
    ],
)
def test_other_output_replaces_what_the_page_shows(played, shown, printed):
    assert played(console(*shown)) == console(*printed)
    assert difference(console(*shown), console(*printed)).startswith("line ")


def test_a_command_finds_what_the_one_before_left_behind(played):
    page = console(
        "$ export WORD=there",
        "$ mkdir folder && cd folder",
        "$ echo $WORD; basename \\",
        "    $PWD",
        "there",
        "folder",
        "",
        "$ (exit 6)",
        "$ echo $?",
        "6",
    )
    assert played(page) == page


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("made 2026-11-22T17:50:13.311Z", "made 2025-01-02T03:04:05.678Z"),
        ("started on 2026-11-22", "started on 2025-01-02"),
        ("loss 0.186, 12.3 s", "loss 0.186, 0.3 s"),
        ("commit 4b15a01", "commit 316a6c&#8203;6"),
    ],
)
def test_what_differs_from_run_to_run_is_compared_by_its_shape(played, printed, shown):
    page = console(f"$ echo '{printed}'", shown)
    assert played(page) == page


def test_a_loss_is_no_time(played):
    page = console("$ echo loss 0.186, 0.3 s", "loss 0.187, 0.3 s")
    assert played(page) != page


def test_a_command_gets_the_checksum_of_this_run(played):
    page = console(
        "$ printf $RANDOM | sha256sum | cut -c 1-64 | tee sum",
        "a" * 64,
        "",
        f"$ test $(cat sum) = {'a' * 64} && echo same",
        "same",
    )
    assert played(page) == page


def test_an_edit_that_does_not_fit_is_an_error(played):
    edit = "```diff\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+two\n```\n"
    assert played(console("$ echo one >x"), edit, console("$ cat x", "two"))
    with pytest.raises(AssertionError, match="an edit does not fit"):
        played(console("$ echo three >x"), edit)


def test_an_excerpt_stands_in_its_file(played):
    excerpt = "```yaml excerpt=x.yaml\none: 1\n```\n"
    assert played(console("$ printf 'zero: 0\\none: 1\\n' >x.yaml"), excerpt)
    with pytest.raises(AssertionError, match=r"not in x\.yaml"):
        played(console("$ echo 'one: 2' >x.yaml"), excerpt)


def test_every_block_is_played(played):
    with pytest.raises(AssertionError, match="a block that nobody can play: json"):
        played("```json\n{}\n```\n")
