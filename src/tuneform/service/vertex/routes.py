"""Every route of the Vertex dialect in one table.

`/v1` and `/v1beta1` are the same here, but for what the create of a tuning job may ask for.
"""

from tuneform.service.call import Answer, Call, Stream
from tuneform.service.messages import EMPTY, OPERATION, OPERATION_LIST
from tuneform.service.routes import Body, Handler, Route, unimplemented
from tuneform.service.vertex import messages as m
from tuneform.service.vertex.vertex import Vertex

_ASK = Body(m.GENERATE_CONTENT)


def routes(v: Vertex) -> tuple[Route, ...]:
    """The table; every request first lets happen what is due."""
    home = "/<platform:version>/projects/<project>/locations/<location>"
    job = f"{home}/tuningJobs/<job>"
    model = f"{home}/models/<model>"
    endpoint = f"{home}/endpoints/<endpoint>"
    table = (
        *(_create(version, v) for version in ("v1", "v1beta1")),
        Route("GET", f"{home}/tuningJobs", v.jobs.page, m.TUNING_JOB_LIST, m.LIST_JOBS),
        Route("GET", job, v.jobs.get, m.TUNING_JOB_BETA),
        Route("POST", f"{job}:cancel", v.jobs.cancel, body=Body(EMPTY)),
        Route("POST", f"{home}/tuningJobs:rebaseTunedModel", unimplemented),
        Route("GET", f"{home}/models", v.models.page, m.MODEL_LIST, m.LIST_QUERY),
        Route("GET", model, v.models.get, m.MODEL),
        Route("PATCH", model, v.models.patch, m.MODEL, m.PATCH_QUERY, Body(m.MODEL, "model")),
        Route("DELETE", model, v.models.delete, OPERATION),
        Route("DELETE", f"{model}:deleteVersion", v.models.delete_version, OPERATION),
        Route("GET", f"{model}:listVersions", v.models.versions, m.MODEL_LIST, m.LIST_QUERY),
        Route(
            "POST",
            f"{model}:mergeVersionAliases",
            v.models.merge_aliases,
            m.MODEL,
            body=Body(m.MERGE_ALIASES),
        ),
        Route("POST", f"{model}:generateContent", v.generation.of_model, m.GENERATE_ANSWER),
        Route(
            "POST",
            f"{model}:streamGenerateContent",
            v.generation.stream_of_model,
            m.GENERATE_ANSWER,
        ),
        Route(
            "POST",
            f"{home}/endpoints",
            v.endpoints.create,
            OPERATION,
            m.CREATE_ENDPOINT_QUERY,
            Body(m.ENDPOINT, "endpoint"),
        ),
        Route("GET", f"{home}/endpoints", v.endpoints.page, m.ENDPOINT_LIST, m.LIST_QUERY),
        Route("GET", endpoint, v.endpoints.get, m.ENDPOINT),
        Route(
            "PATCH",
            endpoint,
            v.endpoints.patch,
            m.ENDPOINT,
            m.PATCH_QUERY,
            Body(m.ENDPOINT, "endpoint"),
        ),
        Route("DELETE", endpoint, v.endpoints.delete, OPERATION),
        Route(
            "POST", f"{endpoint}:deployModel", v.endpoints.deploy, OPERATION, body=Body(m.DEPLOY)
        ),
        Route(
            "POST",
            f"{endpoint}:undeployModel",
            v.endpoints.undeploy,
            OPERATION,
            body=Body(m.UNDEPLOY),
        ),
        Route(
            "POST",
            f"{endpoint}:generateContent",
            v.generation.generate,
            m.GENERATE_ANSWER,
            body=_ASK,
        ),
        Route(
            "POST",
            f"{endpoint}:streamGenerateContent",
            v.generation.stream,
            m.GENERATE_ANSWER,
            body=_ASK,
        ),
        Route(
            "POST",
            f"{endpoint}:countTokens",
            v.generation.count_tokens,
            m.COUNT_ANSWER,
            body=Body(m.COUNT_TOKENS),
        ),
        *_of_publishers(f"{home}/publishers/google/models/<model>", v),
        *_operations(f"{home}/operations", v),
        *_operations(f"{home}/<any(models,endpoints,tuningJobs):kind>/<owner>/operations", v),
    )
    return tuple(_timely(route, v) for route in table)


def _create(version: str, v: Vertex) -> Route:
    message = m.TUNING_JOB_BETA if version == "v1beta1" else m.TUNING_JOB
    path = f"/<any({version}):version>/projects/<project>/locations/<location>/tuningJobs"
    return Route("POST", path, v.jobs.create, message, body=Body(message, "tuning_job"))


def _of_publishers(model: str, v: Vertex) -> tuple[Route, ...]:
    return (
        Route("POST", f"{model}:generateContent", v.generation.of_publisher),
        Route("POST", f"{model}:streamGenerateContent", v.generation.stream_of_publisher),
        Route("POST", f"{model}:countTokens", v.generation.of_publisher),
    )


def _operations(operations: str, v: Vertex) -> tuple[Route, ...]:
    one = f"{operations}/<operation>"
    return (
        Route("GET", operations, v.operations.page, OPERATION_LIST, m.OPERATIONS_QUERY),
        Route("GET", one, v.operations.get, OPERATION),
        Route("POST", f"{one}:wait", v.operations.wait, OPERATION, m.WAIT_QUERY),
        Route("POST", f"{one}:cancel", v.operations.cancel),
        Route("DELETE", one, v.operations.delete),
    )


def _timely(route: Route, v: Vertex) -> Route:
    handler = route.handler

    def answer(call: Call) -> Answer | Stream:
        v.operations.settle()
        return handler(call)

    timely: Handler = answer
    return Route(
        route.method, route.path, timely, route.answer, route.query, route.body, route.is_open
    )
