"""Takes a version away in three steps: undeploy, delete the endpoints, delete the Model.

Each step may be repeated, and what is gone already is a success, so that a run that was killed is
finished by the next. What is not ours is never touched: an endpoint of somebody else that holds the
Model stops the deletion before anything is written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import UNSET

from tuneform.domain.mark import Identity
from tuneform.errors import InvalidRequest, NotFound, RemoteError
from tuneform.providers.google.call import Call
from tuneform.providers.vertex import calls, wire
from tuneform.providers.vertex.api import Api
from tuneform.providers.vertex.labels import read_mark
from tuneform.providers.vertex.names import ENDPOINTS, Home, ModelRef
from tuneform.providers.vertex.survey import (
    checkpoint_endpoints,
    deployed_here,
    identity,
    made_for,
    named_endpoint,
)
from tuneform.providers.vertex.versions import Version

_FOR_NOW: Final = frozenset({"FAILED_PRECONDITION", "ABORTED"})
"""Why a call is refused that may be taken a little later."""


@dataclass(frozen=True, slots=True)
class Going:
    """What has to be done to one endpoint.

    Attributes:
        endpoint: id.
        undeploys: ids of the deployed models to take off.
        deleted: whether nothing stays on it, so that it goes as well.
    """

    endpoint: str
    undeploys: tuple[str, ...]
    deleted: bool


def endpoints_to_go(
    home: Home, version: Version, endpoints: Mapping[str, wire.Endpoint], *, whole: bool = True
) -> tuple[Going, ...]:
    """What has to be done to endpoints before a version answers nowhere. Pure.

    Args:
        home: the project and location.
        version: that goes; with its Model.
        endpoints: all that there are, by id.
        whole: whether its Model goes as well, which no endpoint may hold then. Where it stays, so
            does what stands in the way.

    Raises:
        InvalidRequest: one that is not ours holds it, or one of ours would have to give the traffic
            of other models another share; and it has to go whole.
    """
    ref = version.ref
    assert ref is not None, "only a Model is deployed"
    named = _named(home, version.job)
    known = _identities(version)
    going = []
    obstacles = [
        _foreign(str(elsewhere.endpoint), version)
        for elsewhere in (version.model.deployed_models if version.model else None) or ()
        if home.id_in(ENDPOINTS, elsewhere.endpoint) is None
    ]
    for name, endpoint in sorted(endpoints.items()):
        undeploys = deployed_here(home, endpoint, ref)
        ours = name in named or made_for(endpoint) == ref.id
        if not undeploys and (endpoint.deployed_models or not ours):
            continue
        alone = len(undeploys) == len(endpoint.deployed_models or ())
        if not (ours or identity(read_mark(endpoint.labels)) in known):
            obstacles.append(_foreign(home.name(ENDPOINTS, name), version))
        elif not alone and any((endpoint.traffic_split or {}).get(each) for each in undeploys):
            obstacles.append(_shared(home, name, version))
        else:
            going.append(Going(name, undeploys, alone))
    if whole and obstacles:
        raise obstacles[0]
    return tuple(going)


def _named(home: Home, job: wire.Job | None) -> frozenset[str]:
    """Endpoints that the job made."""
    if job is None:
        return frozenset()
    named = named_endpoint(home, job)
    return checkpoint_endpoints(home, job) | ({named} if named else set())


def _identities(version: Version) -> frozenset[Identity]:
    """What our endpoints of this version say: the words of its Model, or those of the create."""
    bearing = (version.model.labels if version.model else None, version.job and version.job.labels)
    found = (identity(read_mark(labels)) for labels in bearing if labels)
    return frozenset(filter(None, found))


def _foreign(endpoint: str, version: Version) -> InvalidRequest:
    return InvalidRequest(
        f"cannot delete {version.remote}: {endpoint!r} holds its model, and tuneform did not make "
        "that endpoint; nothing was deleted",
        hint="undeploy the model there first, or keep it with `tuneform forget`",
    )


def _shared(home: Home, endpoint: str, version: Version) -> InvalidRequest:
    return InvalidRequest(
        f"cannot delete {version.remote}: {home.name(ENDPOINTS, endpoint)} sends traffic to it and "
        "holds other models too; nothing was deleted",
        hint="move the traffic of that endpoint to its other models first",
    )


class Deletion:
    """Deletes versions. Safe for threads.

    Args:
        api: sends the calls.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._home = api.home

    def delete(self, version: Version) -> None:
        """Delete a version that has a Model, with its endpoints.

        The service was seen to refuse the deletion of a Model that was undeployed a moment before
        (googleapis/python-aiplatform#2807). So where it refuses for now, endpoints are looked at
        again: what holds the Model by then is taken off, or told of.

        Raises:
            InvalidRequest: something that is not ours stands in the way; nothing was deleted.
            RemoteError: a step failed; the next run goes on there.
        """
        if version.model is None or version.ref is None:
            return
        refusal: RemoteError | None = None
        for _ in self._api.tries():
            for going in endpoints_to_go(self._home, version, self._api.endpoints()):
                self.clear(going)
            try:
                self._delete_model(version.ref, version.model)
            except RemoteError as error:
                if error.reason not in _FOR_NOW:
                    raise
                refusal = error
            else:
                return
        assert refusal is not None, "it was tried at least once"
        refusal.hint = (
            "the service was asked for some minutes; run the command again later: it goes on where "
            "this one stopped"
        )
        raise refusal

    def withdraw(self, version: Version) -> None:
        """Undeploy a version, and delete the endpoints that this leaves empty; its Model stays.

        Where others have deployed it, it stays deployed: that is their business.
        """
        endpoints = self._api.endpoints()
        for going in endpoints_to_go(self._home, version, endpoints, whole=False):
            self.clear(going)

    def clear(self, going: Going) -> None:
        """Do what has to be done to one endpoint."""
        last = going.undeploys[-1:]
        for deployed in going.undeploys:
            # One that has traffic is taken off only if it is the last, or another one gets that.
            split = {last[0]: 100} if going.deleted and (deployed,) != last else UNSET
            self._undeploy(going.endpoint, wire.Undeploy(deployed, split))
        if going.deleted:
            name = self._home.name(ENDPOINTS, going.endpoint)
            self._finish(name, calls.delete(name))

    def _undeploy(self, endpoint: str, order: wire.Undeploy) -> None:
        name = self._home.name(ENDPOINTS, endpoint)
        call = calls.undeploy(name, msgspec.json.encode(order))
        try:
            self._finish(name, call)
        except InvalidRequest:
            # Somebody was quicker, or an answer was lost: what counts is whether it is still there.
            now = self._api.endpoint(endpoint)
            if now and order.deployed_model_id in _ids(now.deployed_models or ()):
                raise

    def _delete_model(self, ref: ModelRef, model: wire.Model) -> None:
        """Only our version goes where there are others; the service refuses to delete the last."""
        version, whole = ref.version or model.version_id, self._home.model(ModelRef(ref.id))
        try:
            others = self._api.versions(ref.id) - {version}
        except NotFound:
            return
        if others and version:
            one = self._home.model(ModelRef(ref.id, version))
            self._finish(whole, calls.delete_version(one))
        else:
            self._finish(whole, calls.delete(whole))

    def _finish(self, name: str, call: Call) -> None:
        """Carry out one call on a resource; after what a killed run has begun on it, if need be."""
        with contextlib.suppress(NotFound):
            try:
                self._api.operate(call)
            except RemoteError as error:
                if error.reason not in _FOR_NOW:
                    raise
                self._api.wait_for_others(name)
                self._api.operate(call)


def _ids(deployed: Iterable[wire.DeployedModel]) -> frozenset[str]:
    return frozenset(each.id for each in deployed)
