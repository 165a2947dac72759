"""Transactions: all or nothing, and two threads at once."""

import threading

import pytest

from tuneform.service.records import Order, Permission
from tuneform.service.store import Store

ORDER = Order(b'[["1","2"]]', "digest", 1, 5, 4, 0.001, 2, "models/b")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "p.db", service_id="s")
    yield store
    store.close()


def half_a_create(store):
    with store.writing() as tables:
        seq = tables.add_model("a", {"name": "tunedModels/a"})
        tables.add_training(seq, "a", "op", "A", ORDER, "now")
        raise ZeroDivisionError


def test_a_transaction_that_fails_leaves_nothing(store):
    with pytest.raises(ZeroDivisionError):
        half_a_create(store)
    with store.reading() as tables:
        assert tables.model("a") is None
        assert tables.trainings() == []


def test_a_reader_sees_one_moment(store):
    with store.reading() as before:
        assert before.model("a") is None
        with store.writing() as tables:
            tables.add_model("a", {})
        assert before.model("a") is None
    with store.reading() as after:
        assert after.model("a").resource == {}


def test_writers_of_many_threads_take_turns(store):
    def write(name):
        for n in range(20):
            with store.writing() as tables:
                tables.add_model(f"{name}{n}", {})

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as tables:
        assert len(list(tables.models_after(0))) == 80


def test_a_training_ends_once(store):
    with store.writing() as tables:
        seq = tables.add_model("a", {})
        tables.put_permission(seq, Permission("1", "USER", "me", "OWNER"))
        tables.add_training(seq, "a", "op", "A", ORDER, "now")
        assert tables.order(seq) == ORDER
        assert tables.unfinished() == [seq]
        assert tables.progress(seq, "begun", 1)
        assert tables.finish(seq, "SUCCEEDED", "later")
        assert not tables.finish(seq, "CANCELLED", "still later")
        assert not tables.progress(seq, "begun", 2)
        assert tables.order(seq) is None
        training = tables.training(seq)
        assert (training.outcome, training.finished, training.completed_steps) == (
            "SUCCEEDED",
            "later",
            1,
        )
        tables.remove_model(seq)
        assert tables.permissions(seq) == []
        assert tables.trainings() == [training]


def test_the_file_keeps_its_name(tmp_path):
    for service_id in ("first", "second"):
        store = Store(tmp_path / "p.db", service_id=service_id)
        assert store.service_id == "first"
        store.close()


def test_training_data_is_gone_once_the_training_has_ended(store):
    with store.writing() as tables:
        for name in ("finished", "removed"):
            seq = tables.add_model(name, {})
            tables.add_training(seq, name, "op", "A", ORDER, "now")
            if name == "finished":
                tables.finish(seq, "SUCCEEDED", "later")
            else:
                tables.remove_model(seq)
    with store._database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM inputs").fetchone() == (0,)
