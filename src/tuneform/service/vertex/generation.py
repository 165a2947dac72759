"""Asking an Endpoint: generateContent, its stream, and countTokens.

As with tunedModels, the answer is the most probable output that the model was shown. What is asked
is put together as the examples were: the system instruction, then every turn.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tuneform.service.call import Answer, Call, Stream
from tuneform.service.errors import ApiError, Status, invalid, invalid_field, precondition
from tuneform.service.generation import (
    MAX_PROMPT,
    PIECE,
    Prompt,
    Reply,
    answer,
    check_config,
    tokens,
)
from tuneform.service.vertex import registry
from tuneform.service.vertex.datasets import together
from tuneform.service.vertex.ground import Ground
from tuneform.service.vertex.names import malformed_model
from tuneform.service.vertex.rows import Row, Rows

if TYPE_CHECKING:
    from tuneform.service.learning import Learnt

_REQUEST = "GenerateContentRequest"


class Generation:
    """Endpoints that answer."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def generate(self, call: Call) -> Answer:
        """The whole answer at once."""
        prompt, version, reply = self._asked(call)
        return self._chunk(version, reply.text, reply.finish, prompt, reply)

    def stream(self, call: Call) -> Stream:
        """The same answer in pieces."""
        prompt, version, reply = self._asked(call)
        texts = [reply.text[i : i + PIECE] for i in range(0, len(reply.text), PIECE)] or [""]
        pieces = [self._chunk(version, text, "", prompt, reply) for text in texts[:-1]]
        return Stream((*pieces, self._chunk(version, texts[-1], reply.finish, prompt, reply)))

    def count_tokens(self, call: Call) -> Answer:
        """Tokens as this service counts them: four characters each."""
        with self._ground.store.reading() as tables:
            self._endpoint(Rows(tables), call)
        length = len("".join(_texts(call.body)))
        return {"totalTokens": tokens(length), "totalBillableCharacters": length}

    def of_model(self, call: Call) -> Answer:
        """Refuse: Models are asked through an Endpoint."""
        home = self._ground.home(call)
        raise malformed_model(home.name("models", call.ids["model"]))

    def stream_of_model(self, call: Call) -> Stream:
        """Refuse as `of_model`."""
        return Stream((self.of_model(call),))

    def of_publisher(self, call: Call) -> Answer:
        """Refuse: there is no language model here."""
        raise ApiError(
            Status.UNIMPLEMENTED,
            f"The practice service has no language model: {call.ids['model']} does not answer "
            "here. Ask the Endpoint of a tuned model instead.",
        )

    def stream_of_publisher(self, call: Call) -> Stream:
        """Refuse as `of_publisher`."""
        return Stream((self.of_publisher(call),))

    def _endpoint(self, rows: Rows, call: Call) -> Row:
        name = self._ground.home(call).name("endpoints", call.ids["endpoint"])
        return registry.endpoint(rows, name)

    def _asked(self, call: Call) -> tuple[Prompt, str, Reply]:
        from tuneform.service.learning import unpacked  # noqa: PLC0415 (numpy loads when asked)

        prompt = read_prompt(call.body, call.ids["endpoint"])
        with self._ground.store.reading() as tables:
            row = self._endpoint(Rows(tables), call)
            split = row.resource.get("trafficSplit")
            if not split:
                raise precondition(
                    f"Endpoint `{row.name}` has no model deployed that takes traffic."
                )
            chosen = max(split, key=lambda key: (split[key], key))
            training, step = row.notes["learnt"][chosen]
            weights = tables.weights(training, step)
        assert weights is not None  # a version that is deployed cannot be deleted
        learnt: Learnt = unpacked(weights.outputs, weights.matrix)
        (deployed,) = (each for each in row.resource["deployedModels"] if each["id"] == chosen)
        version = f"{deployed['model']}@{deployed['modelVersionId']}"
        return prompt, version, answer(learnt, prompt)

    def _chunk(self, version: str, text: str, finish: str, prompt: Prompt, reply: Reply) -> Answer:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}}
        if finish:
            candidate |= {"finishReason": finish, "avgLogprobs": reply.log_probability}
        usage: dict[str, Any] = {"promptTokenCount": tokens(prompt.length)}
        if finish and reply.text:
            usage["candidatesTokenCount"] = tokens(len(reply.text))
        usage["totalTokenCount"] = sum(usage.values())
        return {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": version,
            "createTime": self._ground.now,
        }


def read_prompt(body: Mapping[str, Any], endpoint: str) -> Prompt:
    """Judge a generate request.

    Raises:
        ApiError: 400, for what this service's models cannot do.
    """
    for key in ("tools", "cached_content"):
        if body.get(key):
            raise invalid_field(f"{_REQUEST}.{key}", f"is not enabled for endpoints/{endpoint}")
    config = body.get("generation_config", {})
    check_config(config, f"endpoints/{endpoint}")
    if not body.get("contents"):
        raise invalid("Unable to submit request because at least one contents field is required.")
    for content in body["contents"]:
        if content.get("role", "user") not in ("user", "model", ""):
            raise invalid("Please use a valid role: user, model.")
        if not all("text" in part for part in content.get("parts", [])):
            raise invalid_field(f"{_REQUEST}.contents", "only text is supported")
    text = together(_texts(body))
    if not text:
        raise invalid("Unable to submit request because it must have a text parameter.")
    if len(text) > MAX_PROMPT:
        raise invalid_field(
            f"{_REQUEST}.contents", f"have {len(text):,} characters, the limit is {MAX_PROMPT:,}"
        )
    stops = tuple(stop for stop in config.get("stop_sequences", []) if stop)
    return Prompt(text, len(text), config.get("max_output_tokens"), stops)


def _texts(body: Mapping[str, Any]) -> list[str]:
    turns = [body["system_instruction"]] if body.get("system_instruction") else []
    turns += body.get("contents", [])
    return ["".join(part.get("text", "") for part in turn.get("parts", [])) for turn in turns]
