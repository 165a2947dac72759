"""Threads whose answers are taken up by one."""

from threading import Event, get_ident

import pytest

from tuneform.execute.crew import Crew


def test_answers_are_taken_up_by_the_thread_that_collects():
    taken = []
    with Crew(2) as crew:
        for number in range(5):
            crew.send(
                lambda n=number: n * n, lambda done: taken.append((done.result(), get_ident()))
            )
        while crew.busy:
            crew.collect(1.0)
    assert sorted(taken) == [(n * n, get_ident()) for n in range(5)]


def test_an_error_is_handed_over_as_well():
    errors = []
    with Crew(1) as crew:
        crew.send(lambda: 1 / 0, lambda done: errors.append(done.exception()))
        while crew.busy:
            crew.collect(1.0)
    assert isinstance(errors[0], ZeroDivisionError)


def test_nothing_finished_is_no_reason_to_wait():
    with Crew(1) as crew:
        crew.collect(0.0)
        assert crew.busy == 0


def test_an_error_that_passes_through_does_not_wait_for_work():
    go_on, finished = Event(), Event()

    def work():
        go_on.wait(600)
        finished.set()

    def interrupted():
        with Crew(1) as crew:
            crew.send(work, lambda _: None)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not finished.is_set()
    go_on.set()
    assert finished.wait(600)
