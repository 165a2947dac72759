"""The base models that this service pretends to have: one can be tuned, two cannot.

The tunable entry is the recorded one. The others are there so that a client sees what a model
without `createTunedModel` looks like. None of them generates: there is no language model here.
"""

from typing import Any

from tuneform.service.call import Answer, Call, Stream
from tuneform.service.errors import ApiError, Status, model_unknown_for
from tuneform.service.paging import Pager, Sizes

_SIZES = Sizes(default=50, most=1000)

_MODELS: tuple[dict[str, Any], ...] = (
    {
        "name": "models/gemini-1.5-flash-001-tuning",
        "version": "001",
        "displayName": "Gemini 1.5 Flash 001 Tuning",
        "description": "The base of every tuned model of this practice service.",
        "inputTokenLimit": 16384,
        "outputTokenLimit": 8192,
        "supportedGenerationMethods": ["generateContent", "countTokens", "createTunedModel"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
    },
    {
        "name": "models/gemini-2.0-flash",
        "version": "2.0",
        "displayName": "Gemini 2.0 Flash",
        "description": "Listed only: it cannot be tuned, and does not answer here.",
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 8192,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 40,
        "maxTemperature": 2,
    },
    {
        "name": "models/text-embedding-004",
        "version": "004",
        "displayName": "Text Embedding 004",
        "description": "Listed only: it cannot be tuned, and does not answer here.",
        "inputTokenLimit": 2048,
        "outputTokenLimit": 1,
        "supportedGenerationMethods": ["embedContent"],
    },
)

DEFAULTS: dict[str, Any] = {key: _MODELS[0][key] for key in ("temperature", "topP", "topK")}
"""What a tuned model takes over from its base."""


def is_tunable(name: str) -> bool:
    """Whether a tuned model can be made from this base."""
    return any(
        model["name"] == name and "createTunedModel" in model["supportedGenerationMethods"]
        for model in _MODELS
    )


def exists(name: str) -> bool:
    """Whether there is such a base model at all."""
    return any(model["name"] == name for model in _MODELS)


class BaseModels:
    """models.list and models.get."""

    def __init__(self, service_id: str) -> None:
        self._pager = Pager(service_id, ("models",))

    def page(self, call: Call) -> Answer:
        """The base models, in a fixed order."""
        size = _SIZES.of(call.query)
        after = self._pager.after(call.query)
        rows = list(enumerate(_MODELS, start=1))[after : after + size + 1]
        return self._pager.page("models", rows, size, lambda row: row[0], lambda row: row[1])

    def get(self, call: Call) -> Answer:
        """One base model."""
        name = f"models/{call.ids['model']}"
        for model in _MODELS:
            if model["name"] == name:
                return model
        raise ApiError(
            Status.NOT_FOUND,
            f"Model is not found: {name} for api version {call.version}",
        )

    def stream(self, call: Call) -> Stream:
        """Refuse like `generate`."""
        return Stream((self.generate(call),))

    def generate(self, call: Call) -> Answer:
        """Refuse: 404 for an unknown model, 501 for one that is only listed."""
        name = f"models/{call.ids['model']}"
        if not exists(name):
            raise model_unknown_for(name, call.version, "generateContent")
        raise ApiError(
            Status.UNIMPLEMENTED,
            f"The practice service has no language model: {name} is only listed. Ask a tuned "
            "model (tunedModels/...) instead.",
        )
