"""What is sent again, how often, and after how long, on a clock that is steered."""

import pytest

from tuneform.clock import SteeredClock
from tuneform.errors import (
    BadReply,
    Exhausted,
    Forbidden,
    InvalidRequest,
    NotFound,
    RemoteError,
    ServiceFailure,
    Unauthenticated,
    Unreachable,
)
from tuneform.providers.google.retry import Retrier, RetryPolicy

POLICY = RetryPolicy(attempts=5, first_delay=1.0, longest_delay=3.0, total=60.0)


class Flaky:
    """Fails with each of the errors in turn, then succeeds."""

    def __init__(self, *errors):
        self.errors, self.calls = list(errors), 0

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def run(attempt, *, chance=1.0, policy=POLICY):
    clock, notices = SteeredClock(), []
    retrier = Retrier(clock, lambda: chance, policy, notices.append)
    try:
        outcome = retrier.run(attempt)
    except RemoteError as error:
        outcome = error
    return outcome, clock.monotonic(), notices


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("x"),
        Unreachable("x", sent=False),
        Exhausted("x", status=429),
        *(ServiceFailure("x", status=status) for status in (500, 502, 503, 504)),
    ],
)
def test_transient_errors_are_tried_again(error):
    attempt = Flaky(error, error)

    assert run(attempt)[0] == "done"
    assert attempt.calls == 3


@pytest.mark.parametrize(
    ("earlier", "sent"),
    [
        (Unreachable("lost"), True),
        (ServiceFailure("broke", status=503), True),
        (Exhausted("busy"), False),
        (Unreachable("refused", sent=False), False),
    ],
)
def test_what_may_have_arrived_is_not_called_unsent_for_what_came_later(earlier, sent):
    refused = [Unreachable("refused", sent=False) for _ in range(4)]

    error, _, _ = run(Flaky(earlier, *refused))

    assert error is refused[-1]
    assert error.sent is sent


@pytest.mark.parametrize(
    "error",
    [
        *(kind("x") for kind in (Forbidden, InvalidRequest, NotFound, Unauthenticated)),
        BadReply("x", status=404),
        BadReply("x", status=302),
        ServiceFailure("x", status=501),
        ServiceFailure("x", status=409),
        RemoteError("x"),
    ],
)
def test_other_errors_are_final(error):
    attempt = Flaky(error)

    assert run(attempt)[0] is error
    assert attempt.calls == 1


@pytest.mark.parametrize(("broken", "calls", "mended"), [(1, 2, True), (2, 3, True), (3, 3, False)])
def test_a_broken_reply_is_given_two_more_chances(broken, calls, mended):
    attempt = Flaky(*[BadReply("x")] * broken)

    assert (run(attempt)[0] == "done") is mended
    assert attempt.calls == calls


def test_pauses_double_up_to_the_longest_and_attempts_are_counted():
    attempt = Flaky(*[Unreachable("x")] * 9)

    outcome, slept, notices = run(attempt)

    assert isinstance(outcome, Unreachable)
    assert (attempt.calls, slept) == (5, 1 + 2 + 3 + 3)
    assert notices[0] == "x; trying again in 1.0 s"


@pytest.mark.parametrize(("chance", "slept"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0)])
def test_a_pause_is_a_matter_of_chance(chance, slept):
    assert run(Flaky(Unreachable("x")), chance=chance)[1] == slept


def test_retry_after_is_the_least():
    error = Exhausted("x", status=429, retry_after=7.0)

    assert run(Flaky(error), chance=0.5)[1] == 7.5


@pytest.mark.parametrize(("retry_after", "calls"), [(58.0, 2), (61.0, 1), (3600.0, 1)])
def test_no_pause_ends_after_the_patience(retry_after, calls):
    attempt = Flaky(Exhausted("x", status=429, retry_after=retry_after))

    _, slept, _ = run(attempt)

    assert attempt.calls == calls
    assert slept <= POLICY.total


def test_time_that_attempts_take_counts():
    clock = SteeredClock()
    calls = []

    def slow():
        calls.append(1)
        clock.sleep(40)
        raise Unreachable("x")

    with pytest.raises(Unreachable):
        Retrier(clock, lambda: 1.0, POLICY).run(slow)

    assert len(calls) == 2
