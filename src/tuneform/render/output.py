"""Serving versions for applications: text, JSON, YAML, and variables for a POSIX shell.

The formats for programs carry values exactly; only characters that would act on a terminal are
written in the escapes of the format, so that they read back the same.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from tuneform.errors import UsageError
from tuneform.render.layout import GAP, joined, pairs
from tuneform.render.look import Look
from tuneform.render.plain import HIDDEN, JsonValue

_PREFIX = "TUNEFORM_"
_PREAMBLE = "_PREAMBLE"


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What an application needs to call a model.

    Attributes:
        remote: what applications call: the serving version, or where it answers.
        preamble: to be put in front of every prompt; may be empty.
    """

    remote: str
    preamble: str = ""


def output_text(served: Mapping[str, ServedModel], look: Look) -> str:
    """Names with their serving versions; for people."""
    lines = pairs([(name, model.remote) for name, model in served.items()], look)
    told = [(name, model.preamble) for name, model in served.items() if model.preamble]
    if told:
        lines += ["", "Preambles:", *pairs(told, look, indent=GAP)]
    return joined(lines) if lines else "Nothing serves."


def output_json(served: Mapping[str, ServedModel]) -> dict[str, JsonValue]:
    """`{"NAME": {"remote": …, "preamble": …}}`, the contract's shape."""
    return {name: _fields(model) for name, model in served.items()}


def _fields(model: ServedModel) -> JsonValue:
    return {"remote": model.remote, "preamble": model.preamble}


def output_yaml(served: Mapping[str, ServedModel]) -> str:
    """The same as YAML; beyond ASCII only where every character can be seen."""
    shown = "".join(model.preamble for model in served.values())
    readable = HIDDEN.search(shown.replace("\n", "")) is None
    text: str = yaml.safe_dump(output_json(served), allow_unicode=readable, sort_keys=False)
    return text.rstrip("\n")


def output_env(served: Mapping[str, ServedModel]) -> str:
    """`TUNEFORM_NAME=…` and `TUNEFORM_NAME_PREAMBLE=…`, to be read by a POSIX shell.

    Raises:
        UsageError: two models need the same variable, or a preamble holds a NUL, which no
            environment can carry.
    """
    lines: dict[str, str] = {}
    for name, model in served.items():
        for variable, value in _variables(name, model):
            if variable in lines:
                raise UsageError(
                    f"two models need the variable {variable}",
                    hint="use --format json, or ask for one model by its name",
                )
            lines[variable] = f"{variable}={_quoted(value, variable)}"
    return joined(lines.values())


def _variables(name: str, model: ServedModel) -> Iterator[tuple[str, str]]:
    variable = _PREFIX + name.upper().replace("-", "_")
    yield variable, model.remote
    yield variable + _PREAMBLE, model.preamble


def _quoted(value: str, variable: str) -> str:
    """One word of a POSIX shell; hidden characters as octal numbers for `printf`."""
    if "\0" in value:
        raise UsageError(
            f"{variable} would hold a NUL character, which no environment can carry",
            hint="use --format json",
        )
    pieces, end = [], 0
    for match in HIDDEN.finditer(value):
        if match[0] == "\n":
            continue  # harmless inside quotes, and `$(…)` would drop it
        octal = "".join(f"\\{byte:03o}" for byte in match[0].encode())
        pieces += [_piece(value[end : match.start()]), f"\"$(printf '{octal}')\""]
        end = match.end()
    return "".join((*pieces, _piece(value[end:]))) or "''"


def _piece(text: str) -> str:
    return shlex.quote(text) if text else ""
