"""Many questions at a time: order, threads, and how it ends early."""

from threading import Barrier, Event, Lock, get_ident

import pytest

from tuneform.errors import Exhausted, RemoteError, Unanswered
from tuneform.gate.asking import Errand, Interrupted, ask_all

PATIENCE = 600
"""Seconds before a test gives up; what is waited for comes at once."""


def never():
    return False


def silent(done, total):
    pass


def ask(texts, by, at_a_time=4, stopping=never, notify=silent):
    errands = [Errand(by, text) for text in texts]
    return ask_all(errands, at_a_time=at_a_time, stopping=stopping, notify=notify)


@pytest.mark.parametrize("at_a_time", [1, 2, 7, 64])
def test_answers_come_in_the_order_of_the_questions(at_a_time):
    texts = [str(number) for number in range(50)]
    assert ask(texts, lambda text: text * 2, at_a_time) == [text * 2 for text in texts]


def test_nothing_to_ask():
    assert ask([], str) == []


def test_as_many_at_a_time_as_was_said_and_no_more():
    together, lock, busy, most = Barrier(3), Lock(), set(), []

    def by(text):
        with lock:
            busy.add(text)
            most.append(len(busy))
        together.wait(PATIENCE)
        with lock:
            busy.remove(text)
        return text

    texts = [str(number) for number in range(9)]
    assert ask(texts, by, at_a_time=3) == texts
    assert max(most) == 3


def test_progress_is_told_in_the_calling_thread():
    told = []
    ask("abc", str.upper, notify=lambda done, total: told.append((done, total, get_ident())))
    assert told == [(done, 3, get_ident()) for done in range(4)]


def test_no_answer_is_an_empty_one():
    def by(text):
        if text == "b":
            raise Unanswered("withheld", hint="another prompt")
        return text

    assert ask("abc", by) == ["a", "", "c"]


def test_a_failure_of_the_plainest_kind_is_no_answer():
    def by(text):
        raise RemoteError("the certificate is not trusted")

    with pytest.raises(RemoteError, match="certificate"):
        ask("abc", by)


def test_a_failure_ends_it_and_nothing_more_is_asked():
    seen = []

    def by(text):
        seen.append(text)
        if text == "c":
            raise Exhausted("quota")
        return text

    with pytest.raises(Exhausted, match="quota"):
        ask("abcdefgh", by, at_a_time=1)
    assert seen == ["a", "b", "c"]


def test_a_failure_does_not_wait_for_answers_under_way():
    go_on, finished = Event(), Event()

    def by(text):
        if text == "slow":
            go_on.wait(PATIENCE)
            finished.set()
        raise Exhausted("quota")

    with pytest.raises(Exhausted):
        ask(["slow", "quick"], by, at_a_time=2)
    assert not finished.is_set()
    go_on.set()
    assert finished.wait(PATIENCE)


def test_a_bug_is_not_taken_for_an_answer():
    with pytest.raises(ZeroDivisionError):
        ask("a", lambda _: 1 / 0)


def test_stopped_before_it_began():
    asked = []
    with pytest.raises(Interrupted):
        ask("abc", asked.append, stopping=lambda: True)
    assert not asked


def test_stopped_while_an_answer_is_under_way():
    go_on, under_way = Event(), Event()

    def by(text):
        under_way.set()
        go_on.wait(PATIENCE)
        return text

    with pytest.raises(Interrupted):
        ask("abc", by, at_a_time=1, stopping=under_way.is_set)
    go_on.set()


def test_an_interruption_is_no_error_for_users():
    assert Interrupted.__bases__ == (Exception,)
