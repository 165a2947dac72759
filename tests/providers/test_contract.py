"""One life of a tuned model, in each dialect and through every transport.

What `providers.base` promises holds for all of them. The practice service is an independent reading
of the same API documents.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
import pytest
from tests.providers.practice import HOME, gemini, until, until_ended, vertex

from tuneform import errors
from tuneform.domain.live import Live, LiveState
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.providers.base import Creation, Provider
from tuneform.service import open_service

EXAMPLES = [(str(n), str(n + 1)) for n in range(10)]


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def a_port(app):
    server = make_server("127.0.0.1", 0, app, server_class=Threaded, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Dialect:
    """A provider of one dialect, and what differs when it is asked for the same.

    Attributes:
        missing: a name that nothing bears.
        base: that it tunes.
        rates: hyperparameters that its API has.
    """

    provider: Provider
    missing: str
    base: str
    rates: Hyperparameters
    words: Callable[..., Creation]

    def creation(self, number: int = 0, **changes) -> Creation:
        """The same training, once more."""
        wanted = self.words(
            remote=f"tunedModels/support-{number:010d}" if self.chooses else None,
            base=self.base,
            hyperparameters=self.rates,
            fields=Fields("Support", "Answers."),
            examples=EXAMPLES,
        )
        return replace(wanted, **changes)

    @property
    def chooses(self) -> bool:
        """Whether we choose ids."""
        return self.provider.capabilities.collection is not None


def speak(dialect: str, stack: ExitStack, say, key: str, **way) -> Dialect:
    if dialect == "gemini":
        return Dialect(
            gemini(stack, key, **way),
            "tunedModels/nobody",
            "models/gemini-1.5-flash-001-tuning",
            Hyperparameters(epoch_count=3, batch_size=4, learning_rate=0.02),
            say.creation,
        )
    return Dialect(
        vertex(stack, key, **way),
        f"{HOME.path}/tuningJobs/1",
        "models/gemini-2.5-flash",
        Hyperparameters(epoch_count=3, learning_rate_multiplier=2.0, adapter_size=4),
        say.creation,
    )


@pytest.fixture(params=["in-process", "loopback"])
def way(request):
    return request.param


@pytest.fixture(params=["gemini", "vertex"])
def dialect(request, way, say):
    with ExitStack() as stack:
        service = stack.enter_context(open_service(None, api_key="planted-key"))
        service.start_training()
        if way == "loopback":
            endpoint, transport = stack.enter_context(a_port(service.wsgi)), None
        else:
            endpoint, transport = "http://localhost", httpx.WSGITransport(app=service.wsgi)
        yield speak(
            request.param, stack, say, "planted-key", endpoint=endpoint, transport=transport
        )


def test_a_life(dialect):
    provider, creation = dialect.provider, dialect.creation()
    assert provider.observe(dialect.missing) is None
    assert list(provider.list()) == []

    began = provider.start(creation)
    assert (began.state, began.mark) == (LiveState.TRAINING, creation.mark)
    assert creation.remote in (None, began.remote)

    live = until_ended(provider, began.remote)
    assert live.state is LiveState.ACTIVE
    assert live.mark == creation.mark
    assert (live.display_name, live.description) == ("Support", "Answers.")
    assert live.base == creation.base
    assert live.hyperparameters == creation.hyperparameters
    assert live.deployed
    assert not live.spent
    training = provider.training(live.remote)
    assert (training.progress, training.steps_total) == (1.0, 8)  # ceil(3 * 10 / 4)
    assert training.curve == live.curve

    (listed,) = provider.list()
    assert listed == live
    assert list(provider.list(curves=True)) == [live]
    assert provider.find(creation.mark) == (live,)
    assert isinstance(provider.ask(live.address, "3"), str)

    patched = provider.patch(live, Fields(description="New."), creation.mark.promoted())
    assert patched == replace(live, description="New.", mark=creation.mark.promoted())
    assert patched.serves
    assert provider.patch(patched, Fields("Other"), None).mark is None
    assert provider.observe(live.remote).display_name == "Other"

    provider.cancel(live.remote)
    provider.delete(live.remote)
    provider.delete(live.remote)
    assert provider.observe(live.remote) is None
    assert list(provider.list()) == []


def test_every_word_of_a_mark_is_kept(dialect, say):
    provider = dialect.provider
    live = until_ended(provider, provider.start(dialect.creation()).remote)
    mark = say.mark(serving=True, staged=True, pinned="qrstuvwxyz", revision=7, adopted=live.id)

    assert provider.patch(live, Fields(), mark).mark == mark
    assert [each.mark for each in provider.list()] == [mark]


def test_nothing_is_changed_where_nothing_differs(dialect):
    provider, creation = dialect.provider, dialect.creation()
    live = until_ended(provider, provider.start(creation).remote)

    assert provider.patch(live, Fields("Support", "Answers."), creation.mark) == live


def test_a_training_is_cancelled(dialect):
    provider = dialect.provider
    long = replace(dialect.rates, epoch_count=100_000)
    began = provider.start(dialect.creation(hyperparameters=long))

    provider.cancel(began.remote)
    provider.cancel(began.remote)

    until(provider, began.remote, lambda live: live.state is not LiveState.TRAINING)
    assert provider.training(began.remote).error.startswith("cancelled")


def test_what_the_service_rejects(dialect):
    provider = dialect.provider

    with pytest.raises((errors.NotFound, errors.InvalidRequest)) as failure:
        provider.start(dialect.creation(base="models/not-tunable"))
    assert "base" in failure.value.hint
    too_long = provider.capabilities.base("*").limits.display_name_characters + 1
    with pytest.raises(errors.InvalidRequest):
        provider.start(dialect.creation(fields=Fields("x" * too_long)))
    assert list(provider.list()) == []

    assert provider.training(dialect.missing) is None
    provider.cancel(dialect.missing)
    provider.delete(dialect.missing)


def test_nobody_answers_at_a_name_that_nothing_bears(dialect):
    missing = dialect.missing.replace("tuningJobs", "endpoints")

    with pytest.raises(errors.NotFound):
        dialect.provider.ask(missing, "3")


def test_a_prompt_that_is_no_text_is_refused_before_it_is_sent(dialect):
    missing = dialect.missing.replace("tuningJobs", "endpoints")

    with pytest.raises(errors.InvalidRequest, match="lone surrogate"):
        dialect.provider.ask(missing, "\ud800")


def test_the_offer(dialect):
    assert dialect.base in dialect.provider.tunable_bases()


def test_all_are_listed_and_found(dialect):
    provider = dialect.provider
    begun = {provider.start(dialect.creation(number)).remote for number in range(3)}

    assert {each.remote for each in provider.list()} == begun
    found = provider.find(dialect.creation().mark)
    assert {each.remote for each in found} == begun
    assert list(found) == sorted(found, key=_age)


def _age(live: Live) -> tuple[str, str]:
    return str(live.created), live.remote


def test_a_create_by_somebody_else_is_not_found(dialect, say):
    provider = dialect.provider
    provider.start(dialect.creation(mark=replace(say.mark(), owner="other")))

    assert provider.find(say.mark()) == ()


def test_nothing_is_left_over(dialect, say):
    provider = dialect.provider
    until_ended(provider, provider.start(dialect.creation()).remote)

    assert provider.leftovers(say.mark().owner) == ()


def test_the_same_create_twice_is_refused_or_seen(dialect):
    provider, creation = dialect.provider, dialect.creation()
    first = provider.start(creation)

    if dialect.chooses:
        with pytest.raises(errors.AlreadyExists):
            provider.start(creation)
    else:
        second = provider.start(creation)
        assert second.remote != first.remote
        assert {each.remote for each in provider.find(creation.mark)} == {
            first.remote,
            second.remote,
        }


def test_sampling_settings_and_curves_where_there_are_any(dialect):
    provider = dialect.provider
    sampled = "spec.temperature" not in dict(provider.capabilities.unsupported)
    fields = Fields("Support", "Answers.", temperature=0.7 if sampled else None)
    live = until_ended(provider, provider.start(dialect.creation(fields=fields)).remote)

    assert live.temperature == fields.temperature
    assert [point.step for point in live.curve] == (list(range(1, 9)) if sampled else [])
    if sampled:
        assert provider.patch(live, Fields(top_k=3), live.mark) == replace(live, top_k=3)


@pytest.mark.parametrize("name", ["gemini", "vertex"])
def test_another_key_is_turned_away(name, say):
    with ExitStack() as stack:
        service = stack.enter_context(open_service(None, api_key="planted-key"))
        transport = httpx.WSGITransport(app=service.wsgi)
        spoken = speak(name, stack, say, "other-key", transport=transport)

        with pytest.raises(errors.Unauthenticated):
            list(spoken.provider.list())


@pytest.mark.parametrize("name", ["gemini", "vertex"])
def test_nobody_listens(name, say):
    with a_port(lambda *_: []) as endpoint:
        pass  # the port is free again
    with ExitStack() as stack:
        spoken = speak(name, stack, say, "planted-key", endpoint=endpoint)

        with pytest.raises(errors.Unreachable) as failure:
            list(spoken.provider.list())

    assert not failure.value.sent
    assert "tuneform serve" in failure.value.hint
