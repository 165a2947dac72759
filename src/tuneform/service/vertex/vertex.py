"""The Vertex dialect as one object: everything that answers, put together."""

from collections.abc import Mapping
from dataclasses import dataclass

from tuneform.service.vertex import endpoints as _endpoints
from tuneform.service.vertex import models as _models
from tuneform.service.vertex.datasets import Datasets
from tuneform.service.vertex.deploying import put_on, take_off
from tuneform.service.vertex.endpoints import Endpoints
from tuneform.service.vertex.generation import Generation
from tuneform.service.vertex.ground import Ground
from tuneform.service.vertex.jobs import END_CANCELLED, Jobs, end_cancelled
from tuneform.service.vertex.listing import Listing
from tuneform.service.vertex.models import Models
from tuneform.service.vertex.naming import Naming
from tuneform.service.vertex.operations import Effect, Operations
from tuneform.service.vertex.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Vertex:
    """Everything that answers, and what the rest of the service needs to know of it."""

    jobs: Jobs
    models: Models
    endpoints: Endpoints
    operations: Operations
    generation: Generation
    tuning: Tuning
    """For the trainer."""
    naming: Naming
    """For faults."""


def open_vertex(ground: Ground, datasets: Datasets) -> Vertex:
    """Put the dialect together.

    Args:
        ground: what it shares with the other dialect.
        datasets: where examples are read.
    """
    listing = Listing(ground)
    effects: dict[str, Effect] = {}
    operations = Operations(ground, effects)
    models = Models(ground, operations, listing)
    endpoints = Endpoints(ground, operations, listing)
    effects.update(_effects(models, endpoints))
    return Vertex(
        jobs=Jobs(ground, operations, listing, datasets),
        models=models,
        endpoints=endpoints,
        operations=operations,
        generation=Generation(ground),
        tuning=Tuning(ground, datasets),
        naming=Naming(ground),
    )


def _effects(models: Models, endpoints: Endpoints) -> Mapping[str, Effect]:
    return {
        END_CANCELLED: end_cancelled,
        _models.DELETE_MODEL: models.remove,
        _models.DELETE_VERSION: models.remove_version,
        _endpoints.CREATE_ENDPOINT: endpoints.add,
        _endpoints.DELETE_ENDPOINT: endpoints.remove,
        _endpoints.DEPLOY_MODEL: put_on,
        _endpoints.UNDEPLOY_MODEL: take_off,
    }
