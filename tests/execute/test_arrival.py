"""The table of what to do after a create that did not simply succeed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.execute.fake import trained
from tests.execute.world import in_training, mark, remote, start

from tuneform.domain.live import LiveState
from tuneform.domain.plan import ReasonCode
from tuneform.domain.report import Status
from tuneform.domain.spec import Hyperparameters
from tuneform.errors import (
    AlreadyExists,
    BadReply,
    Exhausted,
    Forbidden,
    InvalidRequest,
    NotFound,
    ServiceFailure,
    Unauthenticated,
    Unreachable,
)
from tuneform.execute.arrival import (
    Again,
    Begun,
    Blank,
    Tried,
    after_create,
    after_unnamed,
    recognise,
)
from tuneform.execute.ending import Ending

LOST = [Unreachable("no reply"), ServiceFailure("500"), BadReply("not JSON")]
TAKEN = AlreadyExists("the id is taken")
OURS = in_training()
ACTIVE = trained(remote(), mark())


def decide(error, look, **tried):
    return after_create("support", start(), error, look, Tried(**tried))


@pytest.mark.parametrize("error", [*LOST, TAKEN], ids=lambda each: each.code)
class TestWhateverTheErrorWas:
    @pytest.mark.parametrize("look", [OURS, ACTIVE], ids=["training", "active"])
    def test_our_own_training_is_a_success(self, error, look):
        assert decide(error, look) == Begun(look)

    def test_words_of_later_steps_do_not_make_it_foreign(self, error):
        served = replace(ACTIVE, mark=mark(serving=True, staged=True))
        assert decide(error, served) == Begun(served)

    @pytest.mark.parametrize(
        ("look", "code"),
        [
            (replace(OURS, state=LiveState.FAILED), ReasonCode.TRAINING_FAILED),
            (replace(OURS, state=LiveState.UNKNOWN), ReasonCode.STATE_UNKNOWN),
            (replace(OURS, mark=mark(cancelled=True)), ReasonCode.TRAINING_CANCELLED),
            (replace(ACTIVE, mark=mark(cancelled=True)), ReasonCode.TRAINING_CANCELLED),
            (replace(OURS, mark=None), ReasonCode.MARK_MISSING),
            (replace(OURS, mark=mark(unknown=("later=1",))), ReasonCode.UNKNOWN_WORD),
            (replace(OURS, mark=mark(model="other")), ReasonCode.ID_TAKEN),
            (replace(OURS, mark=mark(fingerprint="otherfinge")), ReasonCode.ID_TAKEN),
            (replace(OURS, mark=replace(mark(), owner="demo/prod")), ReasonCode.ID_TAKEN),
            (Blank.HIDDEN, ReasonCode.ID_TAKEN),
            (replace(OURS, base="models/other"), ReasonCode.INPUTS_CONTRADICT),
            (
                replace(OURS, hyperparameters=Hyperparameters(batch_size=8)),
                ReasonCode.INPUTS_CONTRADICT,
            ),
        ],
    )
    def test_anything_else_under_the_id_is_held(self, error, look, code):
        decision = decide(error, look)
        assert isinstance(decision, Ending)
        assert (decision.status, decision.code) == (Status.HELD, code)
        assert decision.hint

    def test_single_precision_is_no_contradiction(self, error):
        rounded = Hyperparameters(batch_size=4, learning_rate=0.0010000000474974513)
        assert isinstance(decide(error, replace(OURS, hyperparameters=rounded)), Begun)

    def test_a_look_that_fails_is_repeated_for_a_minute_and_then_nothing_is_known(self, error):
        assert decide(error, Blank.UNSEEN, waited=59.0).look
        decision = decide(error, Blank.UNSEEN, waited=60.0)
        assert decision.status is Status.FAILED
        assert "may have begun" in decision.message


@pytest.mark.parametrize("error", LOST, ids=lambda each: each.code)
def test_not_found_after_a_lost_reply_sends_the_same_again(error):
    decision = decide(error, Blank.ABSENT, lost=True)
    assert isinstance(decision, Again)
    assert not decision.look


@pytest.mark.parametrize("error", LOST, ids=lambda each: each.code)
def test_sending_again_has_an_end(error):
    decision = decide(error, Blank.ABSENT, lost=True, sends=6)
    assert (decision.status, decision.code) == (Status.FAILED, error.code)
    assert "finds a training that has begun" in decision.hint


def test_not_found_after_409_looks_again_for_a_minute_and_then_the_id_is_spent():
    assert decide(TAKEN, Blank.ABSENT, waited=59.0) == Again(look=True, seconds=3.0)
    decision = decide(TAKEN, Blank.ABSENT, waited=60.0)
    assert (decision.status, decision.code) == (Status.HELD, "id-spent")
    assert "raise `spec.revision`" in decision.hint


def test_409_after_a_lost_reply_means_that_it_had_arrived():
    assert decide(TAKEN, Blank.ABSENT, lost=True, waited=1.0).look
    decision = decide(TAKEN, Blank.ABSENT, lost=True, waited=60.0)
    assert decision.status is Status.FAILED, "another revision would train a second time"


@pytest.mark.parametrize(
    "error",
    [
        Forbidden("tuning is not permitted"),
        NotFound("the base is not found for CREATE TUNED MODEL"),
        InvalidRequest("bad"),
        Unauthenticated("no key"),
    ],
    ids=lambda each: each.code,
)
def test_a_refusal_of_the_create_is_a_failure(error):
    decision = decide(error, Blank.UNSEEN)
    assert (decision.status, decision.code, decision.message) == (
        Status.FAILED,
        error.code,
        error.message,
    )
    assert decision.for_all is isinstance(error, Unauthenticated)


def test_a_request_that_never_left_is_sent_again():
    decision = decide(Unreachable("refused", sent=False), Blank.UNSEEN)
    assert isinstance(decision, Again)
    assert not decision.look
    last = decide(Unreachable("refused", sent=False), Blank.UNSEEN, sends=6)
    assert last.message == "refused", "nothing can have arrived"


def test_a_quota_is_waited_for_as_long_as_the_service_says():
    assert decide(Exhausted("quota", retry_after=42.0), Blank.UNSEEN) == Again(
        look=False, seconds=42.0
    )


def test_a_quota_without_a_word_is_waited_for_ever_longer_up_to_a_bound():
    waits = [decide(Exhausted("quota"), Blank.UNSEEN, sends=n).seconds for n in range(1, 40)]
    assert 0.5 <= waits[0] < 1.5
    assert all(30 <= seconds < 90 for seconds in waits[7:])


def test_a_quota_is_not_waited_for_longer_than_an_hour():
    assert decide(Exhausted("quota", retry_after=3601.0), Blank.UNSEEN).code == "exhausted"
    assert decide(Exhausted("quota"), Blank.UNSEEN, waited=3600.0).code == "exhausted"


class TestWithoutAnId:
    """Where the provider assigns ids, a look shows all that was created with the mark."""

    nameless = replace(start(), remote=None)

    @pytest.mark.parametrize("error", LOST, ids=lambda each: each.code)
    def test_after_a_lost_reply_nothing_is_sent_again(self, error):
        early = after_unnamed(self.nameless, error, Tried(lost=True, waited=59.0))
        assert early == Again(look=True, seconds=3.0)
        late = after_unnamed(self.nameless, error, Tried(lost=True, waited=60.0))
        assert (late.status, late.code) == (Status.FAILED, error.code)
        assert "may have begun" in late.message

    @pytest.mark.parametrize("error", [TAKEN, NotFound("no base"), Forbidden("no")])
    def test_what_was_refused_ends_the_change(self, error):
        assert after_unnamed(self.nameless, error, Tried()).code == error.code

    def test_what_did_not_begin_may_be_sent_again(self):
        again = after_unnamed(self.nameless, Exhausted("quota", retry_after=9.0), Tried())
        assert again == Again(look=False, seconds=9.0)
        assert not after_unnamed(self.nameless, Unreachable("off", sent=False), Tried()).look

    def recognise(self, *found):
        return recognise("support", self.nameless, found)

    def test_nothing_that_was_found_is_nothing(self):
        assert self.recognise() is None

    def test_the_eldest_good_one_goes_on(self):
        elder = replace(OURS, remote="jobs/2", created=datetime(2026, 1, 1, tzinfo=UTC))
        younger = replace(ACTIVE, remote="jobs/1", created=datetime(2026, 1, 2, tzinfo=UTC))
        assert self.recognise(younger, elder) == Begun(elder)
        assert self.recognise(replace(elder, state=LiveState.FAILED), younger) == Begun(younger)

    def test_a_try_that_came_to_nothing_is_not_repeated(self):
        failed = replace(OURS, state=LiveState.FAILED, spent=True)
        assert self.recognise(failed).code == ReasonCode.TRAINING_FAILED
        stopped = replace(failed, mark=mark(cancelled=True))
        assert self.recognise(failed, stopped).code == ReasonCode.TRAINING_CANCELLED

    def test_a_lost_mark_holds_and_another_mark_is_another_model(self):
        assert self.recognise(replace(ACTIVE, mark=None)).code == ReasonCode.MARK_MISSING
        assert self.recognise(replace(ACTIVE, mark=mark("renamed"))) is None
