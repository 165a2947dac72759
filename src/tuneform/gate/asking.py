"""Asks many questions in threads. What is asked, and what an answer is worth, is not known here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeAlias

from tuneform.errors import Unanswered

Ask: TypeAlias = Callable[[str], str]
"""Sends a text, preamble included, and returns the answer. Safe for threads. Raises RemoteError."""

Notify: TypeAlias = Callable[[int, int], None]
"""Is told how many answers are there, and how many there will be."""

_GLANCE = 0.1
"""Seconds, in real time, between two questions whether to stop."""


class Interrupted(Exception):
    """It was stopped before all answers were there. There is no verdict."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One text to be sent, and to whom."""

    ask: Ask
    text: str


def ask_all(
    errands: Sequence[Errand], *, at_a_time: int, stopping: Callable[[], bool], notify: Notify
) -> list[str]:
    """The answers, in the order of the errands; empty where the version gave none.

    The first failure ends it: nothing more is asked, and answers under way are not waited for.

    Args:
        errands: what to ask.
        at_a_time: count of threads, from 1.
        stopping: is asked often, in the calling thread, whether to give up.
        notify: is told of progress, in the calling thread.

    Raises:
        Interrupted: `stopping` said so.
        RemoteError: an ask failed.
    """
    answers = [""] * len(errands)
    finished: SimpleQueue[tuple[int, Future[str]]] = SimpleQueue()
    pool = ThreadPoolExecutor(at_a_time, thread_name_prefix="tuneform-gate")
    sent = 0
    notify(0, len(errands))
    try:
        for done in range(len(errands)):
            # Never more than the threads can take up: nothing is left to be called off.
            while sent < len(errands) and sent - done < at_a_time:
                if stopping():
                    raise Interrupted
                _send(pool, sent, errands[sent], finished)
                sent += 1
            index, future = _next(finished, stopping)
            answers[index] = future.result()
            notify(done + 1, len(errands))
    finally:
        # All were collected, or it ends early: then nobody waits for a slow service.
        pool.shutdown(wait=False, cancel_futures=True)
    return answers


def _send(
    pool: ThreadPoolExecutor,
    index: int,
    errand: Errand,
    finished: SimpleQueue[tuple[int, Future[str]]],
) -> None:
    future = pool.submit(_answer, errand)
    future.add_done_callback(lambda done: finished.put((index, done)))


def _next(
    finished: SimpleQueue[tuple[int, Future[str]]], stopping: Callable[[], bool]
) -> tuple[int, Future[str]]:
    while not stopping():
        try:
            return finished.get(timeout=_GLANCE)
        except Empty:
            continue
    raise Interrupted


def _answer(errand: Errand) -> str:
    try:
        return errand.ask(errand.text)
    except Unanswered:  # that is what a model does, and no failure of the evaluation
        return ""
