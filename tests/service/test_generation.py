"""Inference: what is answered, and what a tuned model cannot do."""

import pytest

ASK = "tunedModels/adder:generateContent"


@pytest.fixture
def adder(practice):
    practice.train("adder")
    return practice


def contents(*texts):
    return {"contents": [{"parts": [{"text": text}]} for text in texts]}


def test_the_whole_answer(adder):
    answer = adder.ok("POST", ASK, contents("7"))
    candidate = answer["candidates"][0]
    assert candidate.pop("avgLogprobs") < 0
    assert candidate == {
        "content": {"parts": [{"text": "8"}], "role": "model"},
        "finishReason": "STOP",
        "index": 0,
    }
    assert answer["usageMetadata"] == {
        "promptTokenCount": 1,
        "candidatesTokenCount": 1,
        "totalTokenCount": 2,
    }
    assert answer["modelVersion"] == "tunedModels/adder"


def test_the_last_user_turn_is_answered_whatever_the_temperature(adder):
    turns = [
        {"role": "user", "parts": [{"text": "3"}]},
        {"role": "model", "parts": [{"text": "4"}]},
        {"parts": [{"text": "1"}, {"text": "1"}]},
    ]
    for temperature in (0, 1, 2):
        body = {"contents": turns, "generationConfig": {"temperature": temperature}}
        answer = adder.ok("POST", ASK, body)
        assert answer["candidates"][0]["content"]["parts"][0]["text"] == "12"


def test_output_is_cut_at_stops_and_lengths(practice):
    practice.train("adder", [("x", "one two three four five")])
    for config, text, reason in (
        ({"stopSequences": ["three", " two"]}, "one", "STOP"),
        ({"maxOutputTokens": 2}, "one two ", "MAX_TOKENS"),
        ({"maxOutputTokens": 99}, "one two three four five", "STOP"),
    ):
        answer = practice.ok("POST", ASK, contents("x") | {"generationConfig": config})
        candidate = answer["candidates"][0]
        assert candidate["content"]["parts"][0]["text"] == text
        assert candidate["finishReason"] == reason


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contents": []},
        contents(""),
        contents("x" * 40_001),
        {"contents": [{"role": "system", "parts": [{"text": "x"}]}]},
        {"contents": [{"role": "model", "parts": [{"text": "x"}]}]},
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}]},
        contents("7") | {"systemInstruction": {"parts": [{"text": "be brief"}]}},
        contents("7") | {"tools": [{"codeExecution": {}}]},
        contents("7") | {"generationConfig": {"responseMimeType": "application/json"}},
        contents("7") | {"generationConfig": {"responseSchema": {"type": "STRING"}}},
        contents("7") | {"generationConfig": {"candidateCount": 2}},
        contents("7") | {"generationConfig": {"temperature": 3}},
        contents("7") | {"generationConfig": {"topP": "NaN"}},
        contents("7") | {"generationConfig": {"maxOutputTokens": 0}},
    ],
)
def test_what_a_tuned_model_cannot_do(adder, body):
    error = adder.refused("POST", ASK, body)
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")


def test_a_refused_stream_is_an_array_unless_it_is_an_event_stream(adder):
    stream = "tunedModels/adder:streamGenerateContent"
    (refusal,) = adder.call("POST", stream, {}).json()
    assert refusal["error"]["code"] == 400
    assert adder.refused("POST", stream, {}, alt="sse")["code"] == 400


def test_settings_that_change_nothing_are_taken(adder):
    config = {"topK": 3, "seed": 1, "responseMimeType": "text/plain", "thinkingConfig": {}}
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    body = contents("7") | {"generationConfig": config, "safetySettings": safety}
    assert adder.ok("POST", ASK, body)["candidates"]


def test_tokens_are_counted_four_characters_each(adder):
    path = "tunedModels/adder:countTokens"
    assert adder.ok("POST", path, contents("12345", "678")) == {"totalTokens": 2}
    whole = {"generateContentRequest": contents("123456789")}
    assert adder.ok("POST", path, whole) == {"totalTokens": 3}


def test_base_models_are_listed_and_silent(practice):
    models = practice.ok("GET", "models", pageSize=2)
    assert len(models["models"]) == 2
    rest = practice.ok("GET", "models", pageToken=models["nextPageToken"])["models"]
    tunable = [
        m["name"]
        for m in models["models"] + rest
        if "createTunedModel" in m["supportedGenerationMethods"]
    ]
    assert tunable == ["models/gemini-1.5-flash-001-tuning"]
    assert practice.ok("GET", tunable[0])["inputTokenLimit"] == 16384
    assert practice.refused("GET", "models/nothing")["code"] == 404
    error = practice.refused("POST", f"{tunable[0]}:generateContent", contents("7"))
    assert (error["code"], error["status"]) == (501, "UNIMPLEMENTED")
    error = practice.refused("POST", "models/adder:generateContent", contents("7"))
    assert error["message"].startswith(
        "models/adder is not found for API version v1beta, or is not supported for generateContent."
    )
    (error,) = practice.call("POST", f"{tunable[0]}:streamGenerateContent", contents("7")).json()
    assert error["error"]["code"] == 501


@pytest.mark.parametrize("verb", ["generateText", "batchGenerateContent", "asyncBatchEmbedContent"])
def test_methods_that_are_not_here_say_so(adder, verb):
    error = adder.refused("POST", f"tunedModels/adder:{verb}", {"prompt": {}})
    assert (error["code"], error["status"]) == (501, "UNIMPLEMENTED")
