"""One plan against the practice service, through the real client: the fake is not all there is."""

from contextlib import ExitStack
from dataclasses import replace

import httpx
import pytest
from tests.execute.world import World, change, create, remote, start

from tuneform.clock import SystemClock
from tuneform.domain.plan import Action, Delete, Patch, Promote, Start, Watch
from tuneform.domain.report import Status
from tuneform.domain.spec import Fields
from tuneform.providers.gemini.bases import capabilities
from tuneform.providers.gemini.provider import GeminiProvider
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.credentials import ApiKey
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.trust import check_endpoint
from tuneform.service import open_service

BASE = "models/gemini-1.5-flash-001-tuning"
QUICK = {"poll_first": 0.02, "poll_most": 0.2}


@pytest.fixture
def world():
    """Time is real here: the service trains in threads of its own, in milliseconds."""
    clock = SystemClock()
    endpoint = check_endpoint("http://127.0.0.1", ())
    with ExitStack() as stack:
        service = stack.enter_context(open_service(None, clock=clock, require_key=False))
        service.start_training()
        transport = httpx.WSGITransport(service.wsgi)
        http = stack.enter_context(open_client(endpoint, transport=transport))
        retrier = Retrier(clock, lambda: 0.0)
        client = ApiClient(http, endpoint, ApiKey("practice"), clock=clock, retrier=retrier)
        made = World(clock=clock)
        made.provider = GeminiProvider(client, capabilities("embedded"))
        yield made


def on_practice_base(planned):
    """The same change on a base that the practice service offers."""
    steps = (
        replace(step, base=BASE) if isinstance(step, Start) and step.base else step
        for step in planned.steps
    )
    return replace(planned, steps=tuple(steps))


def test_a_chain_is_created_replaced_and_deleted(world):
    first = world.apply(
        on_practice_base(create("parent")),
        create("child", source=remote("parent"), parent="parent"),
        **QUICK,
    )
    assert {outcome.status for outcome in first.outcomes} == {Status.DONE}
    assert all(outcome.loss is not None for outcome in first.outcomes)

    live = world.plan_live()
    assert all(each.serves for each in live.values())
    assert live[remote("child")].source == remote("parent")

    parent, child = live[remote("parent")], live[remote("child")]
    new = start("child", "secondfing", source=parent.remote)
    second = world.apply(
        change(
            "child",
            Action.REPLACE,
            new,
            Watch(new.remote),
            Promote(new.remote, (child.remote,)),
            Delete(child.remote),
            versions=[child],
        ),
        change(
            "parent",
            Action.UPDATE,
            Patch(parent.remote, Fields(display_name="Parent", temperature=0.7), parent.mark),
            versions=[parent],
        ),
        **QUICK,
    )
    assert {outcome.status for outcome in second.outcomes} == {Status.DONE}

    live = world.plan_live()
    assert sorted(live) == sorted([new.remote, parent.remote])
    assert live[parent.remote].display_name == "Parent"
    gone = [
        change(each.mark.model, Action.DELETE, Delete(each.remote), versions=[each])
        for each in live.values()
    ]
    third = world.apply(*gone, **QUICK)
    assert {outcome.status for outcome in third.outcomes} == {Status.DONE}
    assert world.plan_live() == {}


def test_a_start_that_was_made_before_is_found(world):
    planned = on_practice_base(create())
    started = world.apply(planned, wait=False)
    assert [outcome.status for outcome in started.outcomes] == [Status.STARTED]
    again = world.apply(planned, **QUICK)
    assert [outcome.status for outcome in again.outcomes] == [Status.DONE]
    assert list(world.plan_live()) == [remote()]


def test_a_base_that_is_not_offered_is_a_failure_with_the_words_of_the_service(world):
    (outcome,) = world.apply(create()).outcomes
    assert (outcome.status, outcome.code) == (Status.FAILED, "not-found")
    assert "models/base" in outcome.message
