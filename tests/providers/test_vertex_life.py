"""Versions on the practice service: deployed, deleted by killed processes, and left behind."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest
from tests.providers.practice import HOME, Stopped, practice, until_ended

from tuneform import errors
from tuneform.domain.live import LiveState
from tuneform.domain.mark import Mark
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.providers.vertex.labels import read_mark
from tuneform.providers.vertex.names import Home
from tuneform.service import Behaviour
from tuneform.service.fault_file import faults_of

MARK = Mark("demo/prod", "support", "abcdefghij", "klmnopqrst")
SLOW_OPERATIONS = Behaviour(operation_seconds=0.02)
DATA = "a" * 64


@pytest.fixture
def world():
    with practice() as opened:
        yield opened


@pytest.fixture
def creation(say):
    return say.creation(
        remote=None,
        base="models/gemini-2.5-flash",
        hyperparameters=Hyperparameters(epoch_count=3),
        fields=Fields("Support", "Answers.", labels=(("team", "growth"),)),
        mark=MARK,
        data=DATA,
        examples=[(str(n), str(n + 1)) for n in range(12)],
        extras=(("exportLastCheckpointOnly", True),),
    )


def trained(world, creation):
    provider = world.provider()
    live = until_ended(provider, provider.start(creation).remote)
    assert live.state is LiveState.ACTIVE, provider.training(live.remote)
    return live


def resources(world, kind):
    """Names of all there are, asked without our client."""
    return [each["name"] for each in send(world, "GET", f"{HOME.path}/{kind}").get(kind, [])]


def raw(world):
    return httpx.Client(
        transport=httpx.WSGITransport(app=world.service.wsgi), base_url="http://localhost"
    )


def send(world, method, path, body=None, **query):
    with raw(world) as http:
        reply = http.request(method, f"/v1/{path}", json=body, params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def raw_done(world, operation):
    for _ in range(20_000):
        found = send(world, "GET", operation["name"])
        if found.get("done"):
            return found["response"]
    raise AssertionError("the operation does not end")


# a life


def test_a_life(world, creation):
    provider = world.provider()

    began = provider.start(creation)
    assert (began.state, began.mark, began.origin) == (LiveState.TRAINING, MARK, MARK)
    assert [each.remote for each in provider.find(MARK)] == [began.remote]

    live = until_ended(provider, began.remote)
    assert live.state is LiveState.ACTIVE
    assert (live.mark, live.origin, live.labels) == (MARK, MARK, (("team", "growth"),))
    assert (live.display_name, live.description) == ("Support", "Answers.")
    assert (live.base, live.hyperparameters) == (creation.base, creation.hyperparameters)
    assert live.address.startswith(f"{HOME.path}/endpoints/")
    assert live.tokens > 0
    assert provider.training(live.remote).progress == 1.0
    assert list(provider.list()) == [live]
    assert isinstance(provider.ask(live.address, "3"), str)

    serving = provider.patch(live, Fields(), MARK.promoted())
    assert serving.serves
    assert serving == replace(live, mark=MARK.promoted())
    (endpoint,) = resources(world, "endpoints")
    shown = send(world, "GET", endpoint)
    assert shown["labels"]["tuneform-serving"] == "true"

    edited = provider.patch(serving, Fields("New", "", labels=(("team", "core"),)), MARK.promoted())
    assert (edited.display_name, edited.description) == ("New", "")
    assert edited.labels == (("team", "core"),)

    assert provider.patch(edited, Fields(), None).mark is None

    provider.delete(live.remote)
    provider.delete(live.remote)
    assert provider.observe(live.remote) is None
    assert list(provider.list()) == []
    assert resources(world, "models") == resources(world, "endpoints") == []


def test_names_with_the_number_of_the_project(creation):
    with practice(behaviour=Behaviour(project_names="number")) as world:
        live = trained(world, creation)
        provider = world.provider()

        assert live.remote.startswith(f"{HOME.path}/tuningJobs/")
        assert list(provider.list()) == [live]
        provider.delete(live.remote)
        assert list(provider.list()) == []


def test_checkpoints_go_with_their_version(world, creation):
    live = trained(world, replace(creation, extras=()))
    assert len(resources(world, "endpoints")) == 3

    world.provider().delete(live.remote)

    assert resources(world, "models") == resources(world, "endpoints") == []


def test_a_version_that_is_forgotten_leaves_our_words_on_none_of_its_endpoints(world, creation):
    live = trained(world, replace(creation, extras=()))

    world.provider().patch(live, Fields(), None)

    shown = [send(world, "GET", name) for name in resources(world, "endpoints")]
    assert len(shown) == 3
    assert not any(key.startswith("tuneform") for each in shown for key in each.get("labels", {}))


def test_a_training_that_is_cancelled_is_spent(creation):
    with practice(trains=False) as world:
        provider = world.provider()
        live = provider.start(creation)
        provider.cancel(live.remote)
        provider.cancel(live.remote)

        gone = until_ended(provider, live.remote)
        assert (gone.state, gone.spent, gone.mark.cancelled) == (LiveState.FAILED, True, True)
        assert provider.training(live.remote).error.startswith("cancelled")
        assert provider.find(MARK) == (gone,)
        provider.delete(live.remote)
        assert provider.observe(live.remote) == gone


def test_what_is_in_training_cannot_be_edited(creation):
    with practice(trains=False) as world:
        provider = world.provider()
        live = provider.start(creation)

        with pytest.raises(errors.InvalidRequest, match="stays as it was created"):
            provider.patch(live, Fields(), MARK.promoted())


def test_what_the_service_rejects(world, creation):
    provider = world.provider()

    with pytest.raises(errors.InvalidRequest) as failure:
        provider.start(replace(creation, base="models/gemini-1.0"))
    assert "spec.baseModel" in failure.value.hint
    with pytest.raises(errors.InvalidRequest) as failure:
        provider.start(replace(creation, hyperparameters=Hyperparameters(adapter_size=32)))
    assert "adapterSize" in failure.value.hint
    with pytest.raises(errors.NotFound):
        provider.ask(f"{HOME.path}/endpoints/1", "3")
    assert provider.training(f"{HOME.path}/tuningJobs/1") is None
    assert resources(world, "tuningJobs") == []


def test_a_chain_is_of_models_of_their_own(world, creation):
    parent = trained(world, creation)
    mark = replace(MARK, model="child", fingerprint="b" * 10)
    child = trained(world, replace(creation, base=None, source=parent.remote, mark=mark))

    assert child.source == parent.remote
    assert child.base == creation.base
    assert child.display_name == "Support bbbbbbbbbb"
    assert len(resources(world, "models")) == 2
    assert {each.remote: each for each in world.provider().list()}[child.remote] == child

    world.provider().delete(parent.remote)
    assert world.provider().observe(child.remote) == child


# who sees what


def test_racing_creates_are_all_seen(creation):
    with practice(trains=False) as world:
        racers = [world.provider() for _ in range(10)]
        with ThreadPoolExecutor(10) as pool:
            begun = list(pool.map(lambda each: each.start(creation).remote, racers))

        found = world.provider().find(MARK)

    assert len(set(begun)) == 10
    assert {each.remote for each in found} == set(begun)
    assert list(found) == sorted(found, key=lambda live: (live.created, live.remote))


def test_a_version_is_found_under_what_it_says_now_and_else_under_what_it_was_begun_as(
    world, creation
):
    provider, live = world.provider(), trained(world, creation)
    renamed = replace(MARK, model="other", adopted=live.id)

    now = provider.patch(live, Fields(), renamed)
    assert provider.find(MARK) == ()
    assert provider.find(renamed) == (now,)

    forgotten = provider.patch(now, Fields(), None)
    assert provider.find(MARK) == (forgotten,)
    assert forgotten.origin == MARK


def test_others_are_told_apart(creation):
    with practice(trains=False) as world:
        provider = world.provider()
        provider.start(creation)
        provider.start(replace(creation, mark=replace(MARK, model="other")))
        provider.start(replace(creation, mark=replace(MARK, owner="demo")))

        assert len(provider.find(MARK)) == 1
        assert len(list(provider.list())) == 3
        assert list(world.provider(home=Home("practice", "elsewhere")).list()) == []


# deletion


def kill_points(world, creation, *, after):
    """Kill a deletion at each of its writes in turn; each time a new process finishes it."""
    writes = 0
    while True:
        live = trained(world, creation)
        try:
            world.provider(writes=writes, after=after).delete(live.remote)
        except Stopped:
            writes += 1
        else:
            return writes
        world.provider().delete(live.remote)
        assert world.provider().observe(live.remote) is None
        assert resources(world, "models") == resources(world, "endpoints") == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("checkpoints", [False, True], ids=["one", "checkpoints"])
def test_a_deletion_killed_at_any_request_is_finished_by_the_next(creation, after, checkpoints):
    with practice(behaviour=SLOW_OPERATIONS) as world:
        wanted = replace(creation, extras=()) if checkpoints else creation

        # undeploy and delete for each endpoint, then the model
        assert kill_points(world, wanted, after=after) == (7 if checkpoints else 3)


def an_endpoint(world, labels=None):
    body = {"displayName": "Theirs", **({"labels": labels} if labels else {})}
    operation = send(world, "POST", f"{HOME.path}/endpoints", body)
    return raw_done(world, operation)["name"]


def deploy(world, endpoint, model, traffic=None):
    body = {"deployedModel": {"model": model}}
    if traffic is not None:
        body["trafficSplit"] = traffic
    operation = send(world, "POST", f"{endpoint}:deployModel", body)
    return raw_done(world, operation)["deployedModel"]["id"]


@pytest.mark.parametrize("key", ["owner", "model", "fingerprint"])
def test_a_version_is_found_by_what_it_was_created_as_though_its_labels_were_edited(
    world, creation, key
):
    live = trained(world, creation)
    (model,) = resources(world, "models")
    labels = send(world, "GET", model)["labels"] | {f"tuneform-{key}": "zzzzzzzzzz"}
    send(world, "PATCH", model, {"labels": labels}, updateMask="labels")
    (found,) = world.provider().find(MARK)
    assert (found.remote, found.origin) == (live.remote, MARK)
    assert world.provider().find(found.mark) == (found,)
    assert world.provider().find(replace(MARK, model="another")) == ()


def test_a_model_that_cannot_be_deleted_just_yet_is_deleted_all_the_same(creation):
    with practice(behaviour=Behaviour(undeployed_seconds=0.2)) as world:
        live = trained(world, creation)
        world.provider().delete(live.remote)
        assert resources(world, "models") == resources(world, "endpoints") == []


def test_an_endpoint_of_somebody_else_stops_a_deletion_before_it_begins(world, creation):
    live = trained(world, creation)
    (model,) = resources(world, "models")
    theirs = an_endpoint(world)
    deploy(world, theirs, model, {"0": 100})
    provider = world.provider()

    with pytest.raises(errors.InvalidRequest, match="nothing was deleted") as failure:
        provider.delete(live.remote)

    assert theirs in failure.value.message
    assert all(line.startswith("GET") for line in world.transport.seen)
    assert provider.observe(live.remote) == live


def test_a_model_that_is_deployed_twice_goes_with_its_traffic(world, creation):
    live = trained(world, creation)
    (mine,) = send(world, "GET", live.address)["deployedModels"]
    deploy(world, live.address, mine["model"], {"0": 50, mine["id"]: 50})

    world.provider().delete(live.remote)

    assert resources(world, "models") == resources(world, "endpoints") == []


def test_an_endpoint_of_somebody_else_is_never_written_to(world, creation):
    live = trained(world, creation)
    (model,) = resources(world, "models")
    theirs = an_endpoint(world, {"by": "hand"})
    deploy(world, theirs, model, {"0": 100})
    before = send(world, "GET", theirs)

    world.provider(policy="servingOnly").patch(live, Fields(), MARK.promoted())

    assert send(world, "GET", theirs) == before


def test_what_else_is_deployed_on_our_endpoint_stays_there(world, creation):
    live, other = (
        trained(world, creation),
        trained(world, replace(creation, mark=replace(MARK, model="other"))),
    )
    mine = send(world, "GET", live.address)["deployedModels"][0]
    foreign = next(each for each in resources(world, "models") if each != mine["model"])
    deploy(world, live.address, foreign)

    with pytest.raises(errors.InvalidRequest, match="holds other models too"):
        world.provider().delete(live.remote)
    assert len(resources(world, "models")) == 2

    split = {
        each["id"]: 100
        for each in send(world, "GET", live.address)["deployedModels"]
        if each["id"] != mine["id"]
    }
    send(world, "PATCH", live.address, {"trafficSplit": split}, updateMask="trafficSplit")
    world.provider().delete(live.remote)

    assert [each["model"] for each in send(world, "GET", live.address)["deployedModels"]] == [
        foreign
    ]
    assert world.provider().observe(other.remote).state is LiveState.ACTIVE


def test_a_version_that_is_not_ours_stays(world, creation):
    live = trained(world, creation)
    (model,) = resources(world, "models")
    body = {
        "preTunedModel": {"tunedModelName": f"{model}@1"},
        "supervisedTuningSpec": {
            "trainingDatasetUri": f"gs://practice/datasets/{DATA}.jsonl",
            "exportLastCheckpointOnly": True,
        },
        "labels": {"by": "hand"},
    }
    job = send(world, "POST", f"{HOME.path}/tuningJobs", body)
    hand = until_ended(world.provider(), job["name"])
    assert send(world, "GET", f"{model}@2")["versionId"] == "2"

    world.provider().delete(live.remote)

    assert world.provider().observe(live.remote) is None
    assert world.provider().observe(hand.remote).state is LiveState.ACTIVE
    assert send(world, "GET", model)["versionId"] == "2"


# what a name stands for


def test_a_model_is_the_version_that_made_it(world, creation):
    live = trained(world, creation)
    (model,) = resources(world, "models")

    assert world.provider().observe(model) == live
    assert world.provider().observe(f"{model}@1") == live
    assert world.provider().observe(f"{HOME.path}/models/1") is None


# deployment


def test_what_serves_again_is_deployed_again(world, creation):
    provider = world.provider(policy="servingOnly")
    live = trained(world, creation)
    serving = provider.patch(live, Fields(), MARK.promoted())

    retired = provider.patch(serving, Fields(), MARK.promoted().retired())
    assert (retired.deployed, retired.endpoint, retired.mark) == (False, None, MARK)
    assert resources(world, "endpoints") == []

    again = provider.patch(retired, Fields(), MARK.promoted())
    assert again.serves
    assert isinstance(provider.ask(again.address, "3"), str)
    assert list(provider.list()) == [again]

    provider.delete(live.remote)
    assert resources(world, "models") == resources(world, "endpoints") == []


def test_versions_stay_deployed_where_every_version_shall(world, creation):
    provider = world.provider()
    serving = provider.patch(trained(world, creation), Fields(), MARK.promoted())

    assert provider.patch(serving, Fields(), MARK).deployed


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_deployment_that_breaks_off_leaves_one_endpoint_at_most(creation, after):
    with practice(behaviour=SLOW_OPERATIONS) as world:
        owner = world.provider(policy="servingOnly")
        serving = owner.patch(trained(world, creation), Fields(), MARK.promoted())
        retired = owner.patch(serving, Fields(), MARK)

        for writes in range(4):
            with contextlib.suppress(Stopped):
                world.provider(writes=writes, after=after).patch(retired, Fields(), MARK.promoted())
        now = world.provider().observe(retired.remote)
        again = world.provider().patch(now, Fields(), MARK.promoted())

        assert again.serves
        empty = [each for each in resources(world, "endpoints") if each != again.endpoint]
        assert len(empty) <= 1
        leftovers = world.provider().leftovers(MARK.owner)
        assert [each.remote for each in leftovers if each.kind == "endpoint"] == empty


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_retirement_that_breaks_off_is_finished_by_the_next(creation, after):
    """What is still deployed still bears the word, by which whoever comes next sees it."""
    with practice(behaviour=SLOW_OPERATIONS) as world:
        owner = world.provider(policy="servingOnly")
        live = trained(world, replace(creation, extras=()))
        for writes in range(100):
            serving = owner.patch(owner.observe(live.remote), Fields(), MARK.promoted())
            dying = world.provider(policy="servingOnly", writes=writes, after=after)
            try:
                dying.patch(serving, Fields(), MARK)
            except Stopped:
                now = owner.observe(live.remote)
                assert now.mark.serving or resources(world, "endpoints") == []
                ended = owner.patch(now, Fields(), MARK)
                assert (ended.deployed, ended.mark) == (False, MARK)
                assert resources(world, "endpoints") == []
            else:
                break
        assert writes >= 3, "undeploy, delete the endpoint, write the labels"


def test_what_others_have_deployed_stays_so_when_a_version_retires(world, creation):
    provider = world.provider(policy="servingOnly")
    serving = provider.patch(trained(world, creation), Fields(), MARK.promoted())
    (model,) = resources(world, "models")
    theirs = an_endpoint(world)
    deploy(world, theirs, model, {"0": 100})
    before = send(world, "GET", theirs)

    assert provider.patch(serving, Fields(), MARK).mark == MARK

    assert resources(world, "endpoints") == [theirs]
    assert send(world, "GET", theirs) == before


def words_of(world, kind):
    """Our words on all that there is of one kind, as they are stored."""
    return [read_mark(each["labels"]) for each in send(world, "GET", f"{HOME.path}/{kind}")[kind]]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_model_never_says_what_its_endpoint_does_not_say_yet(world, creation, after):
    """Only the Model is compared with what is desired: it must be the last to agree."""
    live, promoted = trained(world, creation), MARK.promoted()

    for writes in range(2):
        with contextlib.suppress(Stopped):
            world.provider(writes=writes, after=after).patch(live, Fields(), promoted)
        if words_of(world, "models") == [promoted]:
            assert words_of(world, "endpoints") == [promoted]
    world.provider().patch(world.provider().observe(live.remote), Fields(), promoted)

    assert words_of(world, "models") == words_of(world, "endpoints") == [promoted]


def test_an_endpoint_that_is_listed_late_is_edited_all_the_same(world, creation):
    late = {"effect": "appears_late", "seconds": 600, "kind": "endpoints"}
    world.service.faults.put(faults_of({"rules": [late]}))
    live = trained(world, creation)

    world.provider().patch(live, Fields(), MARK.promoted())

    world.service.faults.clear()
    assert words_of(world, "endpoints") == [MARK.promoted()]


def test_an_edit_whose_replies_are_lost_is_not_taken_for_somebody_elses(world, creation):
    live = trained(world, creation)
    lost = {"effect": "lose", "method": "PATCH", "times": 1}
    rules = [{**lost, "path": f"*/{kind}/*"} for kind in ("models", "endpoints")]
    world.service.faults.put(faults_of({"rules": rules}))

    assert world.provider().patch(live, Fields(), MARK.promoted()).serves
    assert words_of(world, "endpoints") == [MARK.promoted()]


def test_what_could_not_be_undeployed_says_everywhere_that_it_serves(world, creation):
    """It answers: whoever comes next reads that there is something left to do."""
    owner = world.provider(policy="servingOnly")
    serving = owner.patch(trained(world, creation), Fields(), MARK.promoted())
    rule = {"effect": "status", "code": 403, "method": "POST", "path": "*:undeployModel"}
    world.service.faults.put(faults_of({"rules": [rule]}))

    with pytest.raises(errors.Forbidden):
        owner.patch(serving, Fields(), MARK)
    assert words_of(world, "models") == words_of(world, "endpoints") == [MARK.promoted()]


def test_what_was_deleted_since_the_look_is_not_found(world, creation):
    """Its job stays for ever, and would pass for one that has no model yet."""
    live = trained(world, creation)
    world.provider().delete(live.remote)

    with pytest.raises(errors.NotFound, match="not there any more"):
        world.provider().patch(live, Fields(), MARK.promoted())


@pytest.mark.parametrize(
    ("refused", "changed"),
    [("*:undeployModel", False), ("*/endpoints/*", True), ("*/models/*", True)],
)
def test_an_error_says_whether_something_was_done_before(world, creation, refused, changed):
    live = trained(world, creation)
    method = "POST" if ":" in refused else "DELETE"
    rule = {"effect": "status", "code": 403, "method": method, "path": refused}
    world.service.faults.put(faults_of({"rules": [rule]}))

    with pytest.raises(errors.Forbidden) as caught:
        world.provider().delete(live.remote)
    assert caught.value.changed is changed


# leftovers


def test_nothing_is_left_over_while_a_version_lives(world, creation):
    trained(world, creation)

    assert world.provider().leftovers(MARK.owner) == ()


def test_an_upload_is_left_over_when_its_version_is_gone(world, creation):
    live = trained(world, creation)
    provider = world.provider()
    provider.delete(live.remote)

    (left,) = provider.leftovers(MARK.owner)
    assert (left.kind, left.remote) == ("upload", f"gs://practice/datasets/{DATA}.jsonl")
    assert provider.leftovers("demo") == ()

    provider.discard(left)
    provider.discard(left)
    assert provider.leftovers(MARK.owner) == ()


def test_an_upload_that_is_used_again_is_left_alone(world, creation):
    provider = world.provider()
    provider.delete(trained(world, creation).remote)
    (left,) = provider.leftovers(MARK.owner)
    trained(world, creation)

    provider.discard(left)

    assert world.service.objects.get("practice", f"datasets/{DATA}.jsonl") is not None


def test_an_endpoint_whose_model_was_taken_off_is_left_over(world, creation):
    live = trained(world, creation)
    deployed = send(world, "GET", live.address)["deployedModels"][0]["id"]
    raw_done(
        world, send(world, "POST", f"{live.address}:undeployModel", {"deployedModelId": deployed})
    )
    provider = world.provider()

    (left,) = provider.leftovers(MARK.owner)
    assert (left.kind, left.remote) == ("endpoint", live.address)
    assert not provider.observe(live.remote).deployed
    assert provider.leftovers("demo") == ()

    provider.discard(left)
    provider.discard(left)
    assert resources(world, "endpoints") == []


def test_an_endpoint_of_somebody_else_is_never_left_over(world):
    an_endpoint(world)
    an_endpoint(world, {"tuneform": "v1"})

    assert world.provider().leftovers(MARK.owner) == ()
