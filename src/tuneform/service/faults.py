"""Faults as values: what is to go wrong, for which requests or models, how often.

A rule has one effect. Rules about requests take a request on its way; standing rules change what
becomes of models for as long as they are in force. Nothing here acts: `injection` decides which
rule applies, `breaking` and the handlers carry it out.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tuneform.service.behaviour import Behaviour

Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Times = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Seconds = Annotated[float, Meta(ge=0, le=604_800)]
Chance = Annotated[float, Meta(ge=0, le=1)]
Glob = Annotated[str, Meta(min_length=1, max_length=200)]


class Rule(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="effect",
):
    """What every rule has."""

    name: Glob = "*"
    """What is meant, as a glob: the id of the tuned model in the path, or that a create asks for.
    In the Vertex dialect, where the service assigns ids: the display name, a label's value, or the
    id."""
    probability: Chance = 1.0
    """How likely it is, decided by the seed."""


class RequestRule(Rule, frozen=True, kw_only=True):
    """A rule that takes single requests; the first one that fires has the request."""

    method: Glob = "*"
    """HTTP methods, as a glob."""
    path: Glob = "*"
    """Paths below the version, as a glob; `*` takes slashes too."""
    after: Count = 0
    """How many matching requests pass first."""
    times: Times | None = None
    """How often it fires; None for ever."""
    per: Literal["rule", "name"] = "rule"
    """Whether `after` and `times` count all requests together, or those of each model."""


# --- the connection ------------------------------------------------------------------------------


class Reset(RequestRule, frozen=True, tag="reset"):
    """The connection is reset before the request is looked at; nothing is done."""


class Refuse(RequestRule, frozen=True, kw_only=True, tag="refuse"):
    """For some seconds no connection is accepted, whoever asks for what."""

    seconds: Seconds


class Lose(RequestRule, frozen=True, tag="lose"):
    """The request is carried out, and the connection closed without a reply."""


class Part(RequestRule, frozen=True, tag="part"):
    """Half of the request's body arrives, then the connection is reset."""


class Cut(RequestRule, frozen=True, kw_only=True, tag="cut"):
    """The request is carried out, and half of the reply's body sent."""

    framed: bool = True
    """Whether the headers promise the whole body; else they promise the half."""


class Hang(RequestRule, frozen=True, kw_only=True, tag="hang"):
    """Nothing happens for some seconds; then the request is carried out, whoever still waits."""

    seconds: Seconds


class Late(RequestRule, frozen=True, kw_only=True, tag="late"):
    """The connection is closed without a reply; the request arrives some seconds later."""

    seconds: Seconds


class Twice(RequestRule, frozen=True, tag="twice"):
    """The request arrives twice; the second reply is sent."""


# --- the reply -----------------------------------------------------------------------------------

Code = Literal[401, 403, 404, 408, 429, 500, 502, 503, 504]


class Refusal(RequestRule, frozen=True, kw_only=True, tag="status"):
    """The request is refused, and not carried out."""

    code: Code
    seconds: Seconds = 0.0
    """Once it fired, everything that matches is refused for that long."""
    retry_after: Count | None = None
    """Seconds for the header `Retry-After`; None for no such header."""
    html: bool = False
    """Whether a proxy's web page takes the place of the API's error."""


class ExpiredToken(RequestRule, frozen=True, tag="expired_token"):
    """A page token is refused as one of another list; requests without one pass."""


# --- the state of things -------------------------------------------------------------------------


class StandingRule(Rule, frozen=True, kw_only=True):
    """A rule that concerns models for as long as it is in force."""


class Appears(StandingRule, frozen=True, kw_only=True, tag="appears_late"):
    """A created model is absent for some seconds."""

    seconds: Seconds
    kind: Glob = "*"
    """Which collection lags: `tunedModels`, `tuningJobs`, `models` or `endpoints`; a glob."""
    reads: Literal["list", "all"] = "list"
    """Whether only lists lag, or `get` as well."""


class Lingers(StandingRule, frozen=True, kw_only=True, tag="lingers"):
    """A deleted model is shown for some seconds, as it was."""

    seconds: Seconds
    kind: Glob = "*"
    """Which collection lags: `tunedModels`, `models` or `endpoints`; a glob."""
    reads: Literal["list", "all"] = "list"
    """Whether only lists lag, or `get` as well."""


class Vanishes(StandingRule, frozen=True, kw_only=True, tag="operation_vanishes"):
    """The operation of a training is unknown, while its model is trained."""

    seconds: Seconds = 0.0
    """How long after the create."""


class Fails(StandingRule, frozen=True, tag="training_fails"):
    """A training ends in an error before its first step."""


class Stalls(StandingRule, frozen=True, kw_only=True, tag="training_stalls"):
    """A training does not begin, although its model is CREATING."""

    seconds: Seconds | None = None
    """How long after the create; None for as long as the rule is in force."""


AnyRequestRule = Reset | Refuse | Lose | Part | Cut | Hang | Late | Twice | Refusal | ExpiredToken
"""Every rule about requests."""

AnyRule = AnyRequestRule | Appears | Lingers | Vanishes | Fails | Stalls
"""Every rule that there is."""


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is to go wrong."""

    rules: tuple[AnyRule, ...] = ()
    seed: int = 0
    """Decides whatever has a probability: the same seed, the same fate of the same requests."""
    behaviour: Behaviour = Behaviour()
    """Choices where the real service is not documented; they hold from the start to the end."""
