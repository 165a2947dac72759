"""One life of a tuned model, through every transport: what `providers.base` promises holds.

The practice service is an independent reading of the same API document.
"""

import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
import pytest

from tuneform import errors
from tuneform.clock import SystemClock
from tuneform.domain.live import LiveState
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.providers.base import Creation, Provider
from tuneform.providers.gemini.provider import GeminiProvider, capabilities
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.credentials import ApiKey
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.trust import check_endpoint
from tuneform.service import open_service

PATIENCE = 60.0  # seconds; a training of a few steps takes a fraction of one


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


@pytest.fixture(params=["in-process", "loopback"])
def provider(request):
    with ExitStack() as stack:
        service = stack.enter_context(open_service(None, api_key="planted-key"))
        service.start_training()
        if request.param == "loopback":
            endpoint, transport = stack.enter_context(a_port(service.wsgi)), None
        else:
            endpoint, transport = "http://localhost", httpx.WSGITransport(app=service.wsgi)
        admitted = check_endpoint(endpoint)
        http = stack.enter_context(open_client(admitted, transport=transport))
        clock = SystemClock()
        retrier = Retrier(clock, lambda: 0.0)
        yield GeminiProvider(
            ApiClient(http, admitted, ApiKey("planted-key"), clock=clock, retrier=retrier),
            capabilities("embedded"),
        )


@pytest.fixture
def creation(say) -> Creation:
    return say.creation(
        hyperparameters=Hyperparameters(epoch_count=3, batch_size=4, learning_rate=0.02),
        examples=[(str(n), str(n + 1)) for n in range(10)],
    )


def until_ended(provider: Provider, remote: str):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        live = provider.observe(remote)
        if live is None or live.state is not LiveState.TRAINING:
            return live
        time.sleep(0.01)
    raise AssertionError("the training did not end")


def test_a_life(provider, creation):
    remote = creation.remote
    assert provider.observe(remote) is None
    assert list(provider.list()) == []

    began = provider.start(creation)
    assert (began.state, began.mark) == (LiveState.TRAINING, creation.mark)

    live = until_ended(provider, remote)
    assert live.state is LiveState.ACTIVE
    assert live.mark == creation.mark
    assert (live.display_name, live.description) == ("Support", "Answers.")
    assert live.base == creation.base
    assert live.hyperparameters == creation.hyperparameters
    assert live.temperature == 0.7
    assert [point.step for point in live.curve] == list(range(1, 9))  # ceil(3 * 10 / 4)
    assert provider.training(remote).progress == 1.0
    assert provider.training(remote).curve == live.curve

    (listed,) = provider.list()
    assert listed == replace(live, curve=())
    assert list(provider.list(curves=True)) == [live]
    assert isinstance(provider.ask(remote, "3"), str)

    patched = provider.patch(live, Fields(description="New.", top_k=3), creation.mark.promoted())
    assert patched == replace(live, description="New.", top_k=3, mark=creation.mark.promoted())
    assert provider.patch(patched, Fields(), None).mark is None

    provider.cancel(remote)
    provider.delete(remote)
    provider.delete(remote)
    assert provider.observe(remote) is None
    assert list(provider.list()) == []


def test_an_id_is_given_once(provider, creation):
    provider.start(creation)

    with pytest.raises(errors.AlreadyExists):
        provider.start(creation)


def test_a_training_is_cancelled(provider, creation):
    long = replace(creation, hyperparameters=Hyperparameters(epoch_count=100_000, batch_size=1))
    provider.start(long)

    provider.cancel(long.remote)

    until_ended(provider, long.remote)
    assert provider.training(long.remote).error.startswith("cancelled")


def test_what_the_service_rejects(provider, creation):
    with pytest.raises(errors.NotFound) as failure:
        provider.start(replace(creation, base="models/not-tunable"))
    assert "does not offer this base" in failure.value.hint

    with pytest.raises(errors.InvalidRequest):
        provider.start(replace(creation, fields=Fields(display_name="x" * 41)))
    with pytest.raises(errors.NotFound):
        provider.ask("tunedModels/nobody", "3")
    assert provider.training("tunedModels/nobody") is None
    provider.cancel("tunedModels/nobody")


def test_the_offer(provider):
    assert "models/gemini-1.5-flash-001-tuning" in provider.tunable_bases()


def test_all_are_listed(provider, creation):
    names = {f"tunedModels/support-{n:010d}" for n in range(3)}
    for name in names:
        provider.start(replace(creation, remote=name, mark=creation.mark))

    assert {each.remote for each in provider.list()} == names


def test_another_key_is_turned_away():
    with open_service(None, api_key="planted-key") as service:
        endpoint = check_endpoint("http://localhost")
        clock = SystemClock()
        with open_client(endpoint, transport=httpx.WSGITransport(app=service.wsgi)) as http:
            retrier = Retrier(clock, lambda: 0.0)
            client = ApiClient(http, endpoint, ApiKey("other-key"), clock=clock, retrier=retrier)
            with pytest.raises(errors.Unauthenticated, match="API key not valid"):
                list(GeminiProvider(client, capabilities("embedded")).list())


def test_nobody_listens():
    with a_port(lambda *_: []) as endpoint:
        pass  # the port is free again
    admitted, clock = check_endpoint(endpoint), SystemClock()
    with open_client(admitted) as http:
        retrier = Retrier(clock, lambda: 0.0)
        client = ApiClient(http, admitted, ApiKey("planted-key"), clock=clock, retrier=retrier)
        with pytest.raises(errors.Unreachable) as failure:
            list(GeminiProvider(client, capabilities("gemini")).list())

    assert not failure.value.sent
    assert "tuneform serve" in failure.value.hint
