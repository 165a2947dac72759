"""Inference: generateContent, its stream, and countTokens, on tuned models only.

The answer is the most probable output that the model was shown: always the same one for the same
text, whatever the temperature. Text only, no JSON mode, no system instruction, no tools: the guide
names the first two as limits of tuned models, the others are refused so that nobody relies on
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneform.service.access import reach
from tuneform.service.call import Answer, Call, Stream
from tuneform.service.errors import ApiError, invalid, invalid_field, precondition
from tuneform.service.records import Model
from tuneform.service.store import Store

if TYPE_CHECKING:
    from tuneform.service.learning import Learnt

MAX_PROMPT = 40_000
"""Characters in a request, from the guide."""

CHARACTERS_PER_TOKEN = 4
PIECE = 24
"""Characters in a piece of a stream."""

_REQUEST = "GenerateContentRequest"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A generate request that can be answered."""

    text: str
    """The last text of the user."""
    length: int
    """Characters of all contents."""
    most_tokens: int | None
    stops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said."""

    text: str
    finish: str
    log_probability: float


class Generation:
    """Asking a tuned model."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def generate(self, call: Call) -> Answer:
        """The whole answer at once."""
        prompt = read_prompt(call.body, call.ids["tuned_model"])
        model, learnt = self._learnt(call)
        reply = answer(learnt, prompt)
        return _chunk(model, reply.text, reply.finish, prompt, reply)

    def stream(self, call: Call) -> Stream:
        """The same answer in pieces."""
        prompt = read_prompt(call.body, call.ids["tuned_model"])
        model, learnt = self._learnt(call)
        reply = answer(learnt, prompt)
        texts = [reply.text[i : i + PIECE] for i in range(0, len(reply.text), PIECE)] or [""]
        pieces = [_chunk(model, text, "", prompt, reply) for text in texts[:-1]]
        return Stream((*pieces, _chunk(model, texts[-1], reply.finish, prompt, reply)))

    def count_tokens(self, call: Call) -> Answer:
        """Tokens as this service counts them: four characters each."""
        with self._store.reading() as tables:
            reach(tables, call.ids["tuned_model"], call.caller, "READER")
        body = call.body.get("generate_content_request", call.body)
        return {"totalTokens": tokens(sum(len(text) for text in _texts(body)))}

    def _learnt(self, call: Call) -> tuple[Model, "Learnt"]:
        from tuneform.service.learning import unpacked  # noqa: PLC0415 (numpy loads when asked)

        with self._store.reading() as tables:
            model = reach(tables, call.ids["tuned_model"], call.caller, "READER")
            if model.resource["state"] != "ACTIVE":
                raise precondition(
                    f"Tuned model {model.name} cannot be used: its state is "
                    f"{model.resource['state']}, not ACTIVE."
                )
            weights = tables.weights(model.seq)
        assert weights is not None  # whatever makes a model ACTIVE leaves weights with it
        return model, unpacked(weights.outputs, weights.matrix)


def read_prompt(body: Mapping[str, Any], model_id: str) -> Prompt:
    """Judge a generate request.

    Raises:
        ApiError: 400, for what a tuned model cannot do.
    """
    for key in ("system_instruction", "tools", "cached_content"):
        if body.get(key):
            raise _unable(key, model_id)
    config = body.get("generation_config", {})
    check_config(config, f"tunedModels/{model_id}")
    user_texts = _user_texts(body)
    length = sum(len(text) for text in _texts(body))
    if length > MAX_PROMPT:
        raise invalid_field(
            f"{_REQUEST}.contents", f"have {length:,} characters, the limit is {MAX_PROMPT:,}"
        )
    stops = tuple(stop for stop in config.get("stop_sequences", []) if stop)
    return Prompt(user_texts[-1], length, config.get("max_output_tokens"), stops)


def _unable(key: str, model_id: str) -> ApiError:
    return invalid_field(f"{_REQUEST}.{key}", f"is not enabled for tunedModels/{model_id}")


def check_config(config: Mapping[str, Any], model: str) -> None:
    """Judge a generation config.

    Args:
        config: a checked `GenerationConfig`.
        model: how the error calls what is asked.

    Raises:
        ApiError: 400, for what this service cannot do.
    """
    if config.get("candidate_count", 1) != 1:
        raise invalid("Only one candidate can be specified in the current model")
    mime_type = config.get("response_mime_type", "")
    schemas = ("response_schema", "response_json_schema")
    if mime_type not in ("", "text/plain") or any(config.get(key) for key in schemas):
        raise invalid(f"JSON mode is not enabled for {model}")
    for key, most in (("temperature", 2.0), ("top_p", 1.0)):
        if not 0.0 <= config.get(key, 0.0) <= most:
            raise invalid_field(
                f"{_REQUEST}.generation_config.{key}", f"must be between 0 and {most:g}"
            )
    if config.get("max_output_tokens", 1) < 1:
        raise invalid_field(f"{_REQUEST}.generation_config.max_output_tokens", "must be at least 1")


def _user_texts(body: Mapping[str, Any]) -> list[str]:
    contents = body.get("contents", [])
    if not contents:
        raise invalid(f"* {_REQUEST}.contents: contents is not specified\n")
    texts = []
    for i, content in enumerate(contents):
        if content.get("role", "user") not in ("user", "model", ""):
            raise invalid("Please use a valid role: user, model.")
        for j, part in enumerate(content.get("parts", [])):
            if "text" not in part:
                raise invalid_field(
                    f"{_REQUEST}.contents[{i}].parts[{j}]", "only text is supported"
                )
        if content.get("role", "user") != "model":
            texts.append("".join(part["text"] for part in content.get("parts", [])))
    if not texts or not texts[-1]:
        raise invalid(f"* {_REQUEST}.contents: the last user turn has no text\n")
    return texts


def _texts(body: Mapping[str, Any]) -> list[str]:
    return [
        part.get("text", "")
        for content in body.get("contents", [])
        for part in content.get("parts", [])
    ]


def answer(learnt: "Learnt", prompt: Prompt) -> Reply:
    """The most probable output, cut where the request says so."""
    ((text, log_probability),) = learnt.answers(prompt.text)
    cuts = [text.find(stop) for stop in prompt.stops]
    text = text[: min((cut for cut in cuts if cut >= 0), default=len(text))]
    if prompt.most_tokens is not None and tokens(len(text)) > prompt.most_tokens:
        text = text[: prompt.most_tokens * CHARACTERS_PER_TOKEN]
        return Reply(text, "MAX_TOKENS", log_probability)
    return Reply(text, "STOP", log_probability)


def tokens(characters: int) -> int:
    """Tokens as this service counts them."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def _chunk(model: Model, text: str, finish: str, prompt: Prompt, reply: Reply) -> Answer:
    candidate: dict[str, Any] = {"content": {"parts": [{"text": text}], "role": "model"}}
    if finish:
        candidate["finishReason"] = finish
        candidate["avgLogprobs"] = reply.log_probability
    candidate["index"] = 0
    usage: dict[str, Any] = {"promptTokenCount": tokens(prompt.length)}
    if finish and reply.text:
        usage["candidatesTokenCount"] = tokens(len(reply.text))
    usage["totalTokenCount"] = sum(usage.values())
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model.name}
