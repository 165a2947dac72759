"""Asking the serving version: what is answered, and what is not asked at all."""

import json
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tests.cli.project import Project
from tests.cli.shell import Terminal, plain
from tests.security.hostile import Reply, listening

from tuneform.service import open_service

KEY = "a-key-that-must-not-show"


def test_nothing_is_asked_without_a_prompt(project: Project) -> None:
    project.model("numbers")
    project.apply()
    ran = project.run("generate", "numbers", "")
    assert ran.code == 64, ran
    assert "the prompt is empty" in ran.err
    ran = project.run("generate", "nubmers", "1")
    assert ran.code == 64, ran
    assert "did you mean 'numbers'?" in ran.err


def test_the_preamble_alone_is_a_prompt(project: Project) -> None:
    project.model("numbers", dataset={"path": "../data/numbers.jsonl", "preamble": "Next: "})
    project.apply()
    assert project.ok("generate", "numbers", "").out.strip()


@pytest.mark.parametrize("text", ["as far as it came", ""])
def test_an_answer_that_was_cut_off_is_worth_reading(tmp_path: Path, text: str) -> None:
    """Where there is nothing of it, that is an error."""
    project = Project(tmp_path / "demo", {"GEMINI_API_KEY": KEY})
    project.root.mkdir()
    project.data("data/numbers.jsonl")

    def answer(request: httpx.Request, _: httpx.Response) -> Reply | None:
        if not request.url.path.endswith(":generateContent"):
            return None
        parts = {"parts": [{"text": text}]} if text else {}
        body = {"candidates": [{"content": parts, "finishReason": "MAX_TOKENS"}]}
        return 200, {}, json.dumps(body).encode()

    with ExitStack() as stack:
        service = stack.enter_context(open_service(None, api_key=KEY))
        service.start_training()
        url = stack.enter_context(listening(service, answer))
        project.settings(provider={"type": "gemini", "endpoint": url})
        project.model("numbers")
        project.apply()
        ran = project.run("generate", "numbers", "one")
    assert (ran.code, ran.out) == ((0, f"{text}\n") if text else (1, "")), ran


def test_a_terminal_sees_how_far_the_questions_are(project: Project) -> None:
    project.data("data/held.jsonl", [(str(at), str(at + 1)) for at in range(50, 54)])
    gate = {"dataset": {"path": "../data/held.jsonl"}, "metrics": {"exactMatch": {"min": 0}}}
    project.model("numbers", gate=gate)
    project.apply()
    with Terminal("evaluate", "numbers", folder=project.root, environ={}) as terminal:
        assert terminal.end() == 0, terminal.seen
    assert "evaluating: 4 of 4" in plain(terminal.seen)
    assert "evaluating: 4 of 4\r\x1b[K" in terminal.seen, "it is gone at the end"
