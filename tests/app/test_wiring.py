"""Which provider a project gets, and whom it speaks to with which credentials."""

import json
from contextlib import contextmanager
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tuneform.app.invocation import Invocation
from tuneform.app.wiring import capabilities_of, open_provider
from tuneform.domain.live import LiveState
from tuneform.domain.mark import Mark
from tuneform.domain.spec import Fields, Hyperparameters, ProjectSpec, ProviderSpec
from tuneform.errors import Forbidden, InvalidRequest, Refused, Unauthenticated
from tuneform.providers.base import Creation
from tuneform.service import Behaviour, open_service
from tuneform.service.server import running

MARK = Mark("demo/prod", "support", "abcdefghij", "klmnopqrst")
CREATION = Creation(
    remote=None,
    base="models/gemini-2.5-flash",
    source=None,
    hyperparameters=Hyperparameters(epoch_count=2),
    fields=Fields("Support", "Answers."),
    mark=MARK,
    data="a" * 64,
    examples=[(str(n), str(n + 1)) for n in range(8)],
    extras=(("exportLastCheckpointOnly", True),),
)
VERTEX = ProviderSpec(
    "vertex",
    project="demo-project",
    location="europe-west4",
    dataset_bucket="gs://demo-bucket/data",
)


@contextmanager
def served(**options):
    """The practice service on a port of this machine."""
    with open_service(None, **options) as service:
        service.start_training()
        with running(service) as url:
            yield url


def a_project(provider):
    return ProjectSpec("demo", "prod", provider, "sqlite:///x.db", ("models",))


@pytest.fixture(scope="module")
def private_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain).decode()


def an_account(folder, url, private_key):
    """A service account, whose tokens come from the service itself."""
    content = {
        "type": "service_account",
        "client_email": "pipeline@demo-project.iam.gserviceaccount.com",
        "private_key_id": "1",
        "private_key": private_key,
        "token_uri": f"{url}/token",
    }
    path = folder / "account.json"
    path.write_text(json.dumps(content))
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}


def trained(provider, remote):
    for _ in range(20_000):
        live = provider.observe(remote)
        if live.state is not LiveState.TRAINING:
            return live
    raise AssertionError("the training did not end")


def live_once(provider):
    live = trained(provider, provider.start(CREATION).remote)
    assert live.state is LiveState.ACTIVE, provider.training(live.remote)
    assert isinstance(provider.ask(live.address, "3"), str)
    provider.delete(live.remote)
    assert [each.kind for each in provider.leftovers(MARK.owner)] == ["upload"]
    return live


def test_tuning_jobs_are_rehearsed_in_the_process(tmp_path):
    project = a_project(ProviderSpec("embedded", dialect="vertex"))

    with open_provider(project, Invocation(tmp_path), trains=True) as opened:
        assert opened.provider.capabilities.provider == "embedded"
        live = live_once(opened.provider)

    assert live.remote.startswith("projects/practice/locations/local/tuningJobs/")


def test_what_was_trained_in_one_process_is_there_in_the_next(tmp_path):
    project = a_project(ProviderSpec("embedded", dialect="vertex"))
    with open_provider(project, Invocation(tmp_path), trains=True) as opened:
        live = trained(opened.provider, opened.provider.start(CREATION).remote)

    with open_provider(project, Invocation(tmp_path), trains=False) as opened:
        assert list(opened.provider.list()) == [live]


def test_tuning_jobs_with_a_service_account(tmp_path, private_key):
    with served(behaviour=Behaviour(only_issued_tokens=True)) as url:
        provider = replace(VERTEX, endpoint=url)
        invocation = Invocation(tmp_path, an_account(tmp_path, url, private_key))
        with open_provider(a_project(provider), invocation, trains=True) as opened:
            assert (opened.poll_first, opened.poll_most) == (0.2, 2.0)
            live = live_once(opened.provider)

    assert live.remote.startswith("projects/demo-project/locations/europe-west4/tuningJobs/")


def test_a_bucket_without_permission_begins_no_training(tmp_path, private_key):
    with served(behaviour=Behaviour(closed_buckets=("demo-bucket",))) as url:
        provider = replace(VERTEX, endpoint=url)
        invocation = Invocation(tmp_path, an_account(tmp_path, url, private_key))
        with open_provider(a_project(provider), invocation, trains=True) as opened:
            with pytest.raises(Forbidden) as failure:
                opened.provider.start(CREATION)
            assert list(opened.provider.list()) == []

    assert "roles/storage.objectUser on gs://demo-bucket" in failure.value.hint


def test_without_credentials_nobody_is_asked(tmp_path):
    environ = {"HOME": str(tmp_path), "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none")}

    with (
        pytest.raises(Unauthenticated, match="cannot be read"),
        open_provider(a_project(VERTEX), Invocation(tmp_path, environ), trains=True),
    ):
        pass


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"endpoint": "https://evil.example"}, "provider.endpoint"),
        ({"endpoint": "https://us-central1-aiplatform.googleapis.com"}, "provider.endpoint"),
        ({"storage_endpoint": "https://evil.example"}, "provider.storageEndpoint"),
        (
            {"storage_endpoint": "https://europe-west4-aiplatform.googleapis.com"},
            "provider.storageEndpoint",
        ),
    ],
)
def test_another_host_is_refused_before_credentials_are_read(tmp_path, changes, field):
    provider = replace(VERTEX, **changes)

    with (
        pytest.raises(Refused, match=field),
        open_provider(a_project(provider), Invocation(tmp_path), trains=True),
    ):
        pass


@pytest.mark.parametrize("location", ["evil.example/", "a.b", "x@y", "-", "evil.example#"])
def test_a_location_cannot_choose_a_host(tmp_path, location):
    provider = replace(VERTEX, location=location)

    with (
        pytest.raises(InvalidRequest, match=r"provider\.location"),
        open_provider(a_project(provider), Invocation(tmp_path), trains=True),
    ):
        pass


def test_what_a_provider_can_do_is_known_before_it_is_opened():
    assert capabilities_of(VERTEX).provider == "vertex"
    assert capabilities_of(ProviderSpec("embedded", dialect="vertex")).collection is None
    assert capabilities_of(ProviderSpec("embedded")).collection == "tunedModels/"
    further = ProviderSpec("vertex", bases=("models/new",))
    assert "models/new" in capabilities_of(further).offered
