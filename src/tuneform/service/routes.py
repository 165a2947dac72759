"""Every route of the service in one table.

A row names the method, the path, the handler, and the message types of its query, its body and its
answer. `/v1beta` and `/v1` are the same here; what the real v1 does not have is a listed
difference.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tuneform.service import messages as m
from tuneform.service.base_models import BaseModels
from tuneform.service.call import Answer, Call, Stream
from tuneform.service.control import Control
from tuneform.service.errors import ApiError, Status
from tuneform.service.generation import Generation
from tuneform.service.operations import Operations
from tuneform.service.permissions import Permissions
from tuneform.service.schema import ANYTHING, Message, Scalar
from tuneform.service.tuned_models import TunedModels

Handler = Callable[[Call], Answer | Stream]


@dataclass(frozen=True, slots=True)
class Body:
    """The type of a request body, and how errors call it: empty where it is the request itself."""

    type: Message
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One method of the API."""

    method: str
    path: str
    handler: Handler
    answer: Message | Scalar = m.EMPTY
    query: Message = m.NO_QUERY
    body: Body | None = None
    """None where the API takes no body; one that comes nevertheless is not looked at."""
    is_open: bool = False
    """Whether it answers without credentials."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """Everything that answers."""

    tuned: TunedModels
    grants: Permissions
    operations: Operations
    ask: Generation
    base: BaseModels
    control: Control


_MODEL = Body(m.TUNED_MODEL, "tuned_model")
_GRANT = Body(m.PERMISSION, "permission")
_ASK = Body(m.GENERATE_CONTENT)
_COUNT = Body(m.COUNT_TOKENS)
_HEIR = Body(m.TRANSFER_OWNERSHIP)


def routes(h: Handlers) -> tuple[Route, ...]:
    """The table; paths are below `/v1beta` and `/v1`, but for those that begin with a slash."""
    all_models = "tunedModels"
    model = "tunedModels/<tuned_model>"
    grants = f"{model}/permissions"
    grant = f"{grants}/<permission>"
    operation = f"{model}/operations/<operation>"
    base = "models/<model>"
    faults = "/practice/v1/faults"
    return (
        Route("POST", all_models, h.tuned.create, m.OPERATION, m.CREATE_QUERY, _MODEL),
        Route("GET", all_models, h.tuned.page, m.TUNED_MODEL_LIST, m.SEARCH_QUERY),
        Route("GET", model, h.tuned.get, m.TUNED_MODEL),
        Route("PATCH", model, h.tuned.patch, m.TUNED_MODEL, m.PATCH_QUERY, _MODEL),
        Route("DELETE", model, h.tuned.delete),
        Route("POST", f"{model}:transferOwnership", h.grants.transfer, body=_HEIR),
        Route("POST", f"{model}:cancel", h.operations.cancel),
        Route("POST", f"{model}:generateContent", h.ask.generate, m.GENERATE_ANSWER, body=_ASK),
        Route("POST", f"{model}:streamGenerateContent", h.ask.stream, m.GENERATE_ANSWER, body=_ASK),
        Route("POST", f"{model}:countTokens", h.ask.count_tokens, m.COUNT_ANSWER, body=_COUNT),
        Route("POST", f"{model}:generateText", unimplemented),
        Route("POST", f"{model}:batchGenerateContent", unimplemented),
        Route("POST", f"{model}:asyncBatchEmbedContent", unimplemented),
        Route("POST", grants, h.grants.create, m.PERMISSION, body=_GRANT),
        Route("GET", grants, h.grants.page, m.PERMISSION_LIST, m.LIST_QUERY),
        Route("GET", grant, h.grants.get, m.PERMISSION),
        Route("PATCH", grant, h.grants.patch, m.PERMISSION, m.PATCH_QUERY, _GRANT),
        Route("DELETE", grant, h.grants.delete),
        Route(
            "GET", f"{model}/operations", h.operations.page, m.OPERATION_LIST, m.OPERATIONS_QUERY
        ),
        Route("GET", operation, h.operations.get, m.OPERATION),
        Route("POST", f"{operation}:cancel", h.operations.cancel),
        Route("DELETE", operation, h.operations.delete),
        Route("GET", "operations", h.operations.page_of_all, m.OPERATION_LIST, m.OPERATIONS_QUERY),
        Route("DELETE", "operations/<rest:operation>", h.operations.delete),
        Route("GET", "models", h.base.page, m.MODEL_LIST, m.LIST_QUERY),
        Route("GET", base, h.base.get, m.MODEL),
        Route("POST", f"{base}:generateContent", h.base.generate),
        Route("POST", f"{base}:streamGenerateContent", h.base.stream),
        Route("POST", f"{base}:countTokens", h.base.generate),
        Route("GET", "/practice/v1/trainings", h.control.trainings, ANYTHING),
        Route("GET", faults, h.control.faults, ANYTHING),
        Route("PUT", faults, h.control.put_faults, ANYTHING, body=Body(m.FAULTS)),
        Route("DELETE", faults, h.control.delete_faults, ANYTHING),
        Route("GET", "/practice/v1/health", h.control.health, ANYTHING, is_open=True),
    )


def unimplemented(_: Call) -> Answer:
    """A method that the API has, and the practice service does not."""
    raise ApiError(
        Status.UNIMPLEMENTED,
        "This method is not implemented by the practice service; its document lists what is.",
    )
