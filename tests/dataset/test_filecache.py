"""A cache knows what is still true, and is silent about everything else."""

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.clock import SteeredClock
from tuneform.dataset.filecache import FileCache, same


@dataclass(frozen=True)
class Fact:
    words: int
    first: str | None = None


@pytest.fixture
def store(tmp_path, later):
    def load(salt="1", type_=Fact, clock=later):
        return FileCache(tmp_path / "made" / "facts.json", type_, salt=salt, clock=clock)

    return load


@pytest.fixture
def text(tmp_path):
    place = tmp_path / "text"
    place.write_text("one two")
    return place


def remember(cache, key, place, fact):
    cache.put(key, os.lstat(place), fact)
    cache.save()


def test_a_fact_is_known_to_the_next_run(store, text):
    first = store()
    assert first.get("text", os.lstat(text)) is None
    remember(first, "text", text, Fact(2, "one"))
    assert store().get("text", os.lstat(text)) == Fact(2, "one")


def edit(place):
    place.write_text("two one")


def touch(place):
    os.utime(place, ns=(1, 1))


def grow(place):
    os.truncate(place, 100)


def replace(place):
    seen = place.stat()
    shutil.copy(place, place.with_name("copy"))
    os.utime(place.with_name("copy"), ns=(seen.st_atime_ns, seen.st_mtime_ns))
    place.with_name("copy").replace(place)


@pytest.mark.parametrize("change", [edit, touch, grow, replace])
def test_a_file_that_changed_in_any_way_is_unknown(store, text, change):
    remember(store(), "text", text, Fact(2))
    change(text)
    assert store().get("text", os.lstat(text)) is None


def test_each_part_of_the_identity_counts(store, text):
    seen = os.lstat(text)
    remember(store(), "text", text, Fact(2))
    for name in ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino"):
        other = Look(seen, **{name: getattr(seen, name) + 1})
        assert store().get("text", other) is None
        assert not same(seen, other)
    assert same(seen, Look(seen))


class Look:
    """A stat result with some values changed."""

    def __init__(self, seen, **changes):
        for name in ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino"):
            setattr(self, name, changes.get(name, getattr(seen, name)))


@pytest.mark.parametrize(("age", "known"), [(-60, False), (0, False), (1.9, False), (2.1, True)])
@pytest.mark.parametrize("stamp", ["st_mtime_ns", "st_ctime_ns"])
def test_a_file_younger_than_two_seconds_is_not_remembered(store, text, age, known, stamp):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    old = int((now - timedelta(days=1)).timestamp() * 1e9)
    stamped = int((now - timedelta(seconds=age)).timestamp() * 1e9)
    look = Look(os.lstat(text), **{"st_mtime_ns": old, "st_ctime_ns": old, stamp: stamped})
    cache = store(clock=SteeredClock(now))
    cache.put("text", look, Fact(2))
    cache.save()
    assert (store().get("text", look) is not None) is known


def test_another_salt_knows_nothing(store, text):
    remember(store(salt="1"), "text", text, Fact(2))
    assert store(salt="2").get("text", os.lstat(text)) is None
    assert store(salt="1").get("text", os.lstat(text)) == Fact(2)


def test_keys_are_told_apart(store, text):
    remember(store(), "text", text, Fact(2))
    assert store().get("text\n{}", os.lstat(text)) is None


def test_what_is_no_longer_asked_for_is_dropped(store, text):
    cache = store()
    cache.put("a", os.lstat(text), Fact(1))
    remember(cache, "b", text, Fact(2))
    cache = store()
    assert cache.get("b", os.lstat(text)) == Fact(2)
    cache.save()
    assert store().get("a", os.lstat(text)) is None
    assert store().get("b", os.lstat(text)) == Fact(2)


def test_nothing_is_written_when_nothing_changed(store, text, tmp_path):
    remember(store(), "text", text, Fact(2))
    before = (tmp_path / "made" / "facts.json").stat()
    cache = store()
    cache.get("text", os.lstat(text))
    cache.save()
    assert same(before, (tmp_path / "made" / "facts.json").stat())


def test_nothing_known_and_nothing_found_leaves_no_trace(store, tmp_path):
    store().save()
    assert not (tmp_path / "made").exists()


def test_only_the_cache_itself_is_left_behind(store, text, tmp_path):
    remember(store(), "text", text, Fact(2))
    remember(store(), "text", text, Fact(3))
    assert [each.name for each in (tmp_path / "made").iterdir()] == ["facts.json"]


def test_a_fact_of_another_shape_is_unknown(store, text):
    remember(store(type_=str), "text", text, "two words")
    assert store().get("text", os.lstat(text)) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'[1,"1"]',
        b'[2,"1",{}]',
        b'[1,"1",{"text":[1,2,3]}]',
        b'[1,"1",{"text":["a","b","c","d",{}]}]',
        b"[" * 100_000,
        b'[1,"1",{"text":[1,2,3,4,' + b"[" * 100_000,
        b"\0" * 4096,
    ],
    ids=range(12),
)
def test_a_broken_cache_file_is_ignored_and_replaced(store, text, tmp_path, content):
    place = tmp_path / "made" / "facts.json"
    place.parent.mkdir()
    place.write_bytes(content)
    cache = store()
    assert cache.get("text", os.lstat(text)) is None
    remember(cache, "text", text, Fact(2))
    assert store().get("text", os.lstat(text)) == Fact(2)


@given(st.data())
def test_no_content_of_the_file_is_an_error(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("cache")
    clock = SteeredClock(datetime.now(UTC) + timedelta(seconds=10))
    place = folder / "facts.json"
    cache = FileCache(place, Fact, salt="1", clock=clock)
    remember(cache, "text", folder, Fact(2))
    good = place.read_bytes()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    place.write_bytes(good[:start] + data.draw(st.binary(max_size=8)) + good[end:])
    found = FileCache(place, Fact, salt="1", clock=clock).get("text", os.lstat(folder))
    assert found is None or isinstance(found, Fact)


def a_folder(place):
    place.mkdir(parents=True)


def a_pipe(place):
    place.parent.mkdir()
    os.mkfifo(place)


def a_link_to_a_device(place):
    place.parent.mkdir()
    place.symlink_to("/dev/zero")


def below_a_file(place):
    place.parent.write_text("not a folder")


@pytest.mark.parametrize("obstacle", [a_folder, a_pipe, a_link_to_a_device, below_a_file])
def test_a_place_that_cannot_be_used_is_no_error(store, text, tmp_path, obstacle):
    obstacle(tmp_path / "made" / "facts.json")
    cache = store()
    assert cache.get("text", os.lstat(text)) is None
    remember(cache, "text", text, Fact(2))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_checkout_is_no_error(store, text, tmp_path):
    (tmp_path / "made").mkdir(mode=0o555)
    remember(store(), "text", text, Fact(2))
    assert list((tmp_path / "made").iterdir()) == []


def test_a_file_name_that_is_not_text_stays_unknown(store, text):
    key = os.fsdecode(b"caf\xe9")
    cache = store()
    cache.put("text", os.lstat(text), Fact(1))
    remember(cache, key, text, Fact(2))
    assert store().get(key, os.lstat(text)) is None
    assert store().get("text", os.lstat(text)) == Fact(1)


def test_a_committed_cache_file_matches_no_other_copy_of_the_file(store, text, tmp_path):
    remember(store(), "text", text, Fact(999))
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    shutil.copy2(text, checkout / "text")
    assert store().get("text", os.lstat(checkout / "text")) is None


def test_the_file_is_small_json(store, text, tmp_path):
    remember(store(), "text", text, Fact(2, "one"))
    assert msgspec.json.decode((tmp_path / "made" / "facts.json").read_bytes())[2].keys() == {
        "text"
    }
