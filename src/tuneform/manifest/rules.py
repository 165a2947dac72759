"""Rules about single values: each takes a value and returns it, or raises a `Mistake`.

They are the part of the schema that a type cannot say. Those of a gate are in `gate_rules`, those
of policy and prices in `policy_rules`, those of cloud projects in `cloud_rules`. Rules about
several values at once are in `translate`, `datasets`, `gate`, `vertex`, `provider` and `policy`,
rules about several documents in `across`.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from tuneform.domain.mark import PREFIX
from tuneform.domain.names import NAME_RULE, is_name
from tuneform.manifest.problems import Mistake
from tuneform.manifest.words import listed, nearest, quoted, showable

DISPLAY_NAME_AT_MOST: Final = 128
"""On any service; that of one base may be less (`Limits.display_name_characters`)."""
PATH_AT_MOST: Final = 1000
LABELS_AT_MOST: Final = 64
LABEL_VALUE_AT_MOST: Final = 63
LABEL_KEY: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?")
VARIABLE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
BASE_MODEL: Final = re.compile(r"models/[A-Za-z0-9][A-Za-z0-9._-]{0,126}")
LEDGER: Final = re.compile(
    r"sqlite:///[^\x00-\x1f\x7f?#]+|postgresql\+psycopg://[^\s\x00-\x1f\x7f#]+"
)

_BARE_BASE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_LINES: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_HALF: Final = re.compile("[\ud800-\udfff]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_ORDINARY_PATH: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]*")
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")


def name(text: str) -> str:
    """A project, environment or model name."""
    if not is_name(text):
        better = _NOT_IN_NAMES.sub("-", text[:60].lower()).strip("-")
        hint = f"write `{better}`" if is_name(better) else ""
        detail = f"{quoted(text)} is not a name: {NAME_RULE}."
        raise Mistake("invalid-name", "invalid name", detail, hint)
    return text


def display_name(text: str) -> str:
    """What people see in lists."""
    one_line(text)
    if not text.strip():
        raise Mistake(
            "empty-text",
            "empty text",
            "A display name needs a character that can be seen.",
            "remove the key: the default is the name of the model",
        )
    if len(text) > DISPLAY_NAME_AT_MOST:
        raise Mistake(
            "too-long",
            "text too long",
            f"The display name has {len(text):,} characters; "
            f"no service accepts more than {DISPLAY_NAME_AT_MOST}.",
            "shorten it, and say the rest in the description",
        )
    return text


def description(text: str) -> str:
    """Free text without our own marks in it."""
    if not text.isascii():
        whole(text)
    if found := _CONTROL_BUT_LINES.search(text):
        raise _control_character(found[0])
    if PREFIX in text:
        raise Mistake(
            "reserved-text",
            "reserved text",
            f"A description cannot contain `{PREFIX}`: such a line is the mark that tuneform "
            "keeps at the end of a live description.",
            "remove the line; tuneform adds the mark itself",
        )
    return text


def preamble(text: str) -> str:
    """Training data: taken as it is, whitespace and all."""
    return whole(text)


def example_field(text: str) -> str:
    """A key or a column of a dataset."""
    one_line(text)
    if not text:
        raise Mistake("empty-text", "empty text", "The key or column needs a name.")
    return text


def base_model(text: str) -> str:
    """A full resource name, so that equal bases have equal fingerprints."""
    if BASE_MODEL.fullmatch(text):
        return text
    detail = f"{quoted(text)} is not the full name of a base model, which is `models/…`."
    if text.startswith("tunedModels/"):
        detail = f"{quoted(text)} is a tuned model; a base model is `models/…`."
        hint = (
            "to tune on top of a model declared here, name it in `tunedFrom`; "
            "one that is not declared yet comes in with `tuneform import`"
        )
    else:
        hint = f"write `models/{text}`" if _BARE_BASE.fullmatch(text) else ""
    raise Mistake("invalid-base-model", "invalid base model", detail, hint)


def parent(text: str) -> str:
    """The name of another declared model."""
    if text.startswith(("tunedModels/", "models/")):
        raise Mistake(
            "invalid-parent",
            "invalid parent",
            f"{quoted(text)} is the name of a remote object; "
            "`tunedFrom` takes the `metadata.name` of a model declared in this project.",
            "write the declared name"
            if text.startswith("tunedModels/")
            else "use `baseModel` for a base model",
        )
    return name(text)


def relative_path(text: str) -> str:
    """A path that starts nowhere else; whether it stays inside the project is seen later."""
    if len(text) > PATH_AT_MOST:
        raise _bad_path(f"The path is longer than {PATH_AT_MOST:,} characters.")
    if _ORDINARY_PATH.fullmatch(text):
        return text
    one_line(text)
    if not text.strip():
        raise _bad_path("The path is empty.", "name a file or a folder")
    if _SCHEME.match(text):
        raise _bad_path(f"{quoted(text)} is an address; only files of the project can be used.")
    if text.startswith(("/", "~/")) or text == "~" or _DRIVE.match(text):
        raise _bad_path(
            f"{quoted(text)} is an absolute path, which means something else on each machine.",
            "write a path relative to this file, inside the project",
        )
    if "\\" in text:
        raise _bad_path(
            f"{quoted(text)} contains a backslash.",
            f"write `{showable(text[:60].replace(chr(92), '/'))}`",
        )
    return text


def endpoint(text: str) -> str:
    """The base URL of a service."""
    one_line(text)
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # such as a port that is no number
        usable = False
    if not usable or " " in text:
        raise Mistake(
            "invalid-endpoint",
            "invalid endpoint",
            f"{quoted(text)} is not the address of a service.",
            "write it like `https://host` or `http://127.0.0.1:8765`",
        )
    if parts.username is not None or parts.password is not None:
        raise Mistake(
            "invalid-endpoint",
            "invalid endpoint",
            "The address contains a user name or a password; manifests hold no credentials.",
            "remove what stands before the `@`",
        )
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise Mistake(
            "invalid-endpoint",
            "invalid endpoint",
            f"{quoted(text)} has a part after `?` or `#`, which a base address cannot have.",
            "end it after the host, the port and the path",
        )
    return text


def ledger(text: str) -> str:
    """The URL of our own record."""
    if LEDGER.fullmatch(text) and not _HALF.search(text):
        return text
    raise Mistake(
        "invalid-ledger",
        "invalid ledger",
        # The text is not shown: it may hold a password.
        "A ledger is an SQLite file or a PostgreSQL database.",
        "write it like `sqlite:///.tuneform/ledger.db` or `postgresql+psycopg://user@host/database`",
    )


def label_key(text: str) -> str:
    """The key of a label."""
    if not LABEL_KEY.fullmatch(text):
        raise Mistake(
            "invalid-label",
            "invalid label",
            f"{quoted(text)} is not a key of a label: at most 63 letters, digits, dots, dashes, "
            "slashes and underscores, first and last a letter or digit.",
        )
    return text


def label_value(text: str) -> str:
    """The value of a label."""
    one_line(text)
    if len(text) > LABEL_VALUE_AT_MOST:
        raise Mistake(
            "too-long",
            "text too long",
            f"The label has {len(text):,} characters; {LABEL_VALUE_AT_MOST} are allowed.",
            "shorten it",
        )
    return text


def labels(values: dict[str, str]) -> dict[str, str]:
    """All labels of a model."""
    if len(values) > LABELS_AT_MOST:
        raise Mistake(
            "too-many",
            "too many labels",
            f"The model has {len(values):,} labels; {LABELS_AT_MOST} are allowed.",
        )
    return values


def distinct(words: list[str]) -> list[str]:
    """A list in which nothing stands twice."""
    twice = sorted({word for word in words if words.count(word) > 1})
    if twice:
        detail = f"{listed(twice)} {'stands' if len(twice) == 1 else 'stand'} in the list twice."
        raise Mistake("duplicate-name", "duplicate name", detail, "name each once")
    return words


def variable_name(text: str) -> str:
    """What may stand after `var.`."""
    if not VARIABLE_NAME.fullmatch(text):
        raise Mistake(
            "invalid-variable",
            "invalid variable",
            f"{quoted(text)} is not a name for a variable: at most 63 letters, digits, dashes "
            "and underscores, first a letter or an underscore.",
        )
    return text


def variable(value: object) -> object:
    """A scalar, or `{value: …, sensitive: true}`."""
    if isinstance(value, dict):
        for key in value:
            if key not in {"value", "sensitive"}:
                close = nearest(key, ("value", "sensitive"))
                raise _bad_variable(
                    f"{quoted(key)} is not known here; "
                    "a variable in long form has `value` and `sensitive`.",
                    f"write `{close}`" if close else "",
                )
        if "value" not in value:
            raise _bad_variable("A variable in long form needs a `value`.")
        if not isinstance(value.get("sensitive", False), bool):
            raise _bad_variable("`sensitive` is `true` or `false`.")
        return plain_variable(value["value"])
    return plain_variable(value)


def plain_variable(value: object) -> object:
    """A scalar. Its value is in no message: it may be a secret."""
    if value is None:
        raise _bad_variable("The variable has no value.", 'write "" for an empty text')
    if isinstance(value, (dict, list)):
        raise _bad_variable("A variable is a text, a number, true or false.")
    return whole(value) if isinstance(value, str) else value


def _bad_variable(detail: str, hint: str = "") -> Mistake:
    return Mistake("invalid-variable", "invalid variable", detail, hint)


def _bad_path(detail: str, hint: str = "") -> Mistake:
    return Mistake("invalid-path", "invalid path", detail, hint)


def _control_character(character: str) -> Mistake:
    return Mistake(
        "control-character",
        "control character",
        f"The text contains the control character U+{ord(character):04X}.",
        "remove it",
    )


def one_line(text: str) -> str:
    """Text without line ends and other control characters."""
    if text.isascii() and text.isprintable():
        return text
    whole(text)
    if found := _CONTROL.search(text):
        raise _control_character(found[0])
    return text


def whole(text: str) -> str:
    """Text that can be written as UTF-8."""
    if not text.isascii() and (found := _HALF.search(text)):
        raise Mistake(
            "half-character",
            "half a character",
            f"The text contains U+{ord(found[0]):04X}, half of a character, "
            "which cannot be sent anywhere.",
            "write the whole character",
        )
    return text
