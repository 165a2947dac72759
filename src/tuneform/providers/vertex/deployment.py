"""Deploys a version again that nothing answers for.

A tuning job deploys what it made by itself; this is for a version that was undeployed since. How
the service takes it is known from its API description only.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tuneform.domain.mark import Mark
from tuneform.providers.vertex import calls, wire
from tuneform.providers.vertex.api import Api
from tuneform.providers.vertex.codec import DISPLAY_NAME_MOST
from tuneform.providers.vertex.labels import HOLDS, joined
from tuneform.providers.vertex.names import ENDPOINTS, ModelRef
from tuneform.providers.vertex.survey import Survey, holds, made_for
from tuneform.providers.vertex.versions import Version

_ALL_TRAFFIC = {"0": 100}


class Deployment:
    """Deploys versions. Safe for threads.

    Args:
        api: sends the calls.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._home = api.home

    def deploy(self, version: Version, mark: Mark) -> None:
        """Deploy a version to an endpoint of its own; nothing to do where one holds it already.

        An endpoint that an earlier run made for it and that is still empty is used again.

        Args:
            version: with its Model.
            mark: for the labels of a new endpoint.
        """
        ref, model = version.ref, version.model
        assert ref is not None, "only a Model is deployed"
        assert model is not None, "only a Model is deployed"
        ref = ModelRef(ref.id, ref.version or model.version_id)
        title = (model.display_name or mark.model)[:DISPLAY_NAME_MOST]
        endpoints = self._api.endpoints()
        if Survey(self._home, {}, {}, endpoints).endpoint_of(ref, version.job):
            return
        empty = _empty_ones(endpoints, ref)
        if any(self._arrives(each, ref) for each in empty):
            return
        endpoint = next(iter(empty), None) or self._new_one(ref, title, mark)
        deployed = wire.NewDeployment(model=self._home.model(ref), display_name=title)
        body = msgspec.json.encode(wire.Deploy(deployed, _ALL_TRAFFIC))
        self._api.operate(calls.deploy(self._home.name(ENDPOINTS, endpoint), body))

    def _arrives(self, endpoint: str, ref: ModelRef) -> bool:
        """Whether a run that was killed has deployed the Model after all."""
        self._api.wait_for_others(self._home.name(ENDPOINTS, endpoint))
        now = self._api.endpoint(endpoint)
        return now is not None and holds(self._home, now, ref)

    def _new_one(self, ref: ModelRef, title: str, mark: Mark) -> str:
        labels = {**joined({}, mark, ()), HOLDS: ref.id}
        body = msgspec.json.encode(wire.NewEndpoint(title, labels))
        call = calls.create_endpoint(self._home.path, body)
        made = self._api.operate(call).response
        endpoint = self._home.id_in(ENDPOINTS, made.name if made else None)
        if endpoint is None:
            raise self._api.client.bad_reply(call, "it names no endpoint")
        return endpoint


def _empty_ones(endpoints: Mapping[str, wire.Endpoint], ref: ModelRef) -> list[str]:
    """Those that earlier runs made for this Model, and did not come to deploy it to."""
    return sorted(
        name
        for name, endpoint in endpoints.items()
        if made_for(endpoint) == ref.id and not endpoint.deployed_models
    )
