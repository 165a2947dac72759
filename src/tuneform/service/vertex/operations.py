"""Long-running operations: what is asked for now, and happens when its time has come.

An operation is stored with what it is to do. The first request after its time carries it out, in
one transaction with its answer, before anything else is looked at. So nobody can see a moment in
between, and a process that is killed loses nothing and does nothing twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tuneform.service.call import Answer, Call
from tuneform.service.errors import ApiError, Status, invalid_field
from tuneform.service.paging import Pager, Sizes
from tuneform.service.subject import Subject
from tuneform.service.vertex.ground import Ground
from tuneform.service.vertex.names import draw_id
from tuneform.service.vertex.rows import Row, Rows
from tuneform.service.wire import timestamp

KIND = "operations"
_SIZES = Sizes(default=100, most=1000)
_LONGEST_WAIT = 60.0

Effect = Callable[[Rows, Mapping[str, Any], str], Answer | None]
"""What an operation does: with its rows and its arguments, at a moment. Gives its response, None
where that has no type of its own; raises `ApiError` to fail, before it changed anything."""


class Operations:
    """Starts operations, ends them when they are due, and tells of them."""

    def __init__(self, ground: Ground, effects: Mapping[str, Effect]) -> None:
        self._ground = ground
        self._effects = effects

    # --- beginning and ending ---------------------------------------------------------------------

    def due(self) -> float:
        """When something that is asked for now is to happen."""
        return self._ground.clock.now().timestamp() + self._ground.behaviour.operation_seconds

    def begin(
        self, rows: Rows, call: Call, under: Row | str, effect: str, arguments: dict[str, Any]
    ) -> Answer:
        """Start an operation.

        Args:
            rows: of the transaction in which it is asked for.
            call: the request.
            under: the row that it is about, or the name of one that is still to come.
            effect: what it does.
            arguments: of the effect; plain JSON.
        """
        home = self._ground.home(call)
        name = f"{under if isinstance(under, str) else under.name}/operations/{draw_id()}"
        now = self._ground.now
        kind = f"{effect[0].upper()}{effect[1:]}OperationMetadata"
        metadata = {
            "@type": f"type.googleapis.com/google.cloud.aiplatform.{call.version}.{kind}",
            "genericMetadata": {"createTime": now, "updateTime": now},
        }
        notes = {"effect": effect, "arguments": arguments, "version": call.version}
        operation = {"name": name, "metadata": metadata}
        rows.add(KIND, str(home), name, operation, notes, self.due())
        return operation

    def settle(self) -> None:
        """Carry out everything that is due."""
        now = self._ground.clock.now()
        with self._ground.store.reading() as tables:
            if not Rows(tables).is_due(now.timestamp()):
                return
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            for row in rows.due(now.timestamp()):
                self._happen(rows, row, timestamp(now))

    def _happen(self, rows: Rows, row: Row, now: str) -> None:
        effect, arguments = self._effects[row.notes["effect"]], row.notes["arguments"]
        if row.kind != KIND:
            rows.put(replace(row, due=None))
            effect(rows, arguments, now)
            return
        metadata = row.resource["metadata"]
        metadata["genericMetadata"]["updateTime"] = now
        try:
            answer = effect(rows, arguments, now)
            rows.put(replace(_done(row, response=_typed(row, answer)), due=None))
        except ApiError as error:
            failure = {"code": error.status.grpc, "message": error.message}
            rows.put(replace(_done(row, error=failure), due=None))

    # --- telling ----------------------------------------------------------------------------------

    def get(self, call: Call) -> Answer:
        """One operation."""
        with self._ground.store.reading() as tables:
            return self._found(Rows(tables), call).resource

    def page(self, call: Call) -> Answer:
        """Operations of one resource, or of all in a location."""
        home, under = self._ground.home(call), self._under(call)
        pager = Pager(self._ground.store.service_id, (KIND, under))
        size, after = _SIZES.of(call.query), pager.after(call.query)
        with self._ground.store.reading() as tables:
            found = [
                row
                for row in Rows(tables).of(KIND, str(home), after=after)
                if row.name.startswith(f"{under}/")
            ]
        return pager.page(
            KIND, found[: size + 1], size, lambda row: row.seq, lambda row: row.resource
        )

    def wait(self, call: Call) -> Answer:
        """One operation once it is done, or after the asked time; at most a minute."""
        end = self._ground.clock.monotonic() + min(_seconds(call.query), _LONGEST_WAIT)
        while True:
            self.settle()
            operation = self.get(call)
            rest = end - self._ground.clock.monotonic()
            if operation.get("done") or rest <= 0:
                return operation
            self._ground.clock.sleep(min(rest, 0.2))

    def cancel(self, call: Call) -> Answer:
        """End an operation that is not done yet; its effect never happens."""
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            row = self._found(rows, call)
            if row.due is not None:
                error = {"code": Status.CANCELLED.grpc, "message": "The operation was cancelled."}
                rows.put(replace(_done(row, error=error), due=None))
        return {}

    def delete(self, call: Call) -> Answer:
        """Forget an operation that is done; one that is not goes on, and stays."""
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            row = self._found(rows, call)
            if row.due is None:
                rows.remove(row)
        return {}

    def _under(self, call: Call) -> str:
        home = self._ground.home(call)
        kind = call.ids.get("kind")
        return home.name(kind, call.ids["owner"]) if kind else str(home)

    def _found(self, rows: Rows, call: Call) -> Row:
        wanted, home = call.ids["operation"], self._ground.home(call)
        row = rows.get(KIND, f"{self._under(call)}/operations/{wanted}")
        if row is None and "kind" not in call.ids:  # the short form of the name
            row = next((each for each in rows.of(KIND, str(home)) if each.id == wanted), None)
        if row is None or self._ground.injector.vanished(_subject(row), _created(row)):
            name = f"{self._under(call)}/operations/{wanted}"
            raise ApiError(Status.NOT_FOUND, f"Operation {name} does not exist.")
        return row

    def check_alone(self, rows: Rows, row: Row) -> None:
        """Refuse a change of something that another operation is still changing.

        Raises:
            ApiError: 400.
        """
        for other in rows.of(KIND, row.parent):
            if other.due is not None and other.name.startswith(f"{row.name}/operations/"):
                raise ApiError(
                    Status.FAILED_PRECONDITION,
                    f'There are other operations running on "{row.name}". '
                    f"Operation(s) are: {other.name}.",
                )


def _done(row: Row, **result: Any) -> Row:
    return row.changed(done=True, **result)


def _typed(row: Row, answer: Answer | None) -> Answer:
    """The response of an operation, with its type."""
    if answer is None:
        return {"@type": "type.googleapis.com/google.protobuf.Empty"}
    message = {"createEndpoint": "Endpoint"}.get(row.notes["effect"])
    message = message or f"{row.notes['effect'][0].upper()}{row.notes['effect'][1:]}Response"
    kind = f"type.googleapis.com/google.cloud.aiplatform.{row.notes['version']}.{message}"
    return {"@type": kind} | answer


def _created(row: Row) -> str:
    created: str = row.resource["metadata"]["genericMetadata"]["createTime"]
    return created


def _subject(row: Row) -> Subject:
    arguments = row.notes["arguments"]
    named = arguments.get("subject", [row.id])
    return Subject(named[0], tuple(named[1:]) or (row.id,), KIND)


def _seconds(query: Mapping[str, Any]) -> float:
    text: str = query.get("timeout", "") or f"{_LONGEST_WAIT:g}s"
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise invalid_field("timeout", "must be a duration such as 10s")
    return seconds
