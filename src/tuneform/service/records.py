"""What is kept, as values: models, permissions, trainings, weights."""

from dataclasses import dataclass
from typing import Any

Resource = dict[str, Any]
"""A TunedModel as it is answered, in proto3 JSON, without its snapshots."""


@dataclass(frozen=True, slots=True)
class Model:
    """A tuned model that exists."""

    seq: int
    id: str
    resource: Resource

    @property
    def name(self) -> str:
        """The resource name."""
        return f"tunedModels/{self.id}"


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may do what with one model."""

    id: str
    grantee_type: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be trained, and how."""

    examples: bytes
    """JSON array of `[text_input, output]`, sorted; of very many a sample."""
    data_digest: str
    count: int
    """Of all examples."""
    epochs: int
    batch: int
    rate: float
    total_steps: int
    source: str
    parent_outputs: bytes | None = None
    parent_matrix: bytes | None = None
    checkpoints: str = "[]"
    """JSON array of the steps after which the weights are kept as well."""


@dataclass(frozen=True, slots=True)
class Training:
    """One training that was ever started, and how far it came."""

    seq: int
    model: str
    """In the Vertex dialect the name of the tuning job, else the id of the model."""
    operation: str
    display_name: str
    source: str
    data_digest: str
    examples: int
    epochs: int
    batch: int
    rate: float
    total_steps: int
    completed_steps: int
    outcome: str
    error: bytes | None
    created: str
    started: str | None
    finished: str | None
    deleted: str | None
    dialect: str = "gemini"
    labels: str = "{}"
    """JSON object; the Gemini API has no labels."""

    @property
    def operation_name(self) -> str:
        """The resource name of the operation."""
        return f"tunedModels/{self.model}/operations/{self.operation}"


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learnt: the outputs that are known, and the matrix (float32, little-endian)."""

    outputs: bytes
    matrix: bytes
