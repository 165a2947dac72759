"""Serving versions in every format; the ones for programs read back the same."""

from __future__ import annotations

import subprocess

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tuneform.errors import UsageError
from tuneform.render.look import Look
from tuneform.render.output import (
    ServedModel,
    output_env,
    output_json,
    output_text,
    output_yaml,
)

from .laws import assert_safe, law

SERVED = {
    "number-generator": ServedModel("tunedModels/number-generator-abcdefghij", "Next: "),
    "tagger": ServedModel("tunedModels/tagger-abcdefghij"),
}


def test_json_is_the_contract_s():
    assert output_json(SERVED) == {
        "number-generator": {
            "remote": "tunedModels/number-generator-abcdefghij",
            "preamble": "Next: ",
        },
        "tagger": {"remote": "tunedModels/tagger-abcdefghij", "preamble": ""},
    }


def test_env():
    assert output_env(SERVED) == (
        "TUNEFORM_NUMBER_GENERATOR=tunedModels/number-generator-abcdefghij\n"
        "TUNEFORM_NUMBER_GENERATOR_PREAMBLE='Next: '\n"
        "TUNEFORM_TAGGER=tunedModels/tagger-abcdefghij\n"
        "TUNEFORM_TAGGER_PREAMBLE=''"
    )


def test_text():
    assert output_text(SERVED, Look()) == (
        "number-generator  tunedModels/number-generator-abcdefghij\n"
        "tagger            tunedModels/tagger-abcdefghij\n"
        "\nPreambles:\n  number-generator  Next:"
    )
    assert output_text({}, Look()) == "Nothing serves."


def _in_a_shell(text: str, variable: str) -> str:
    script = f'{text}\nprintf %s "${variable}"'
    ran = subprocess.run(["sh", "-c", script], check=True, capture_output=True)
    assert ran.stderr == b""
    return ran.stdout.decode()


PREAMBLES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0")
    | st.sampled_from("'\"\\$`\n\r\t\x1b\x9b\u202e!#&;|<>(){}[]*?~= "),
    max_size=12,
)


@pytest.mark.parametrize(
    "preamble",
    ["", "a'b", "$(id) `id` $HOME", "two\nlines\n\n", "\x1b[2J\x9b\u202e\n", "\\n 'é漢'", "-n"],
)
def test_a_shell_reads_back_what_was_meant(preamble):
    text = output_env({"m": ServedModel("x", preamble)})
    assert_safe(text)
    assert _in_a_shell(text, "TUNEFORM_M_PREAMBLE") == preamble


@settings(law, max_examples=20)
@given(PREAMBLES)
def test_a_shell_reads_back_anything(preamble):
    text = output_env({"m": ServedModel("x", preamble)})
    assert _in_a_shell(text, "TUNEFORM_M_PREAMBLE") == preamble


@law
@given(PREAMBLES)
def test_yaml_reads_back_anything(preamble):
    served = {"m": ServedModel("x", preamble)}
    text = output_yaml(served)
    assert_safe(text)
    assert yaml.safe_load(text) == output_json(served)


def test_yaml_is_readable():
    assert "é漢" in output_yaml({"m": ServedModel("x", "é漢")})


def test_two_models_may_not_share_a_variable():
    with pytest.raises(UsageError, match="TUNEFORM_X_PREAMBLE"):
        output_env({"x": ServedModel("a"), "x-preamble": ServedModel("b")})


def test_an_environment_holds_no_nul():
    with pytest.raises(UsageError, match="NUL"):
        output_env({"x": ServedModel("a", "b\0")})
