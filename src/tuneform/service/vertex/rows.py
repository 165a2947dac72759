"""What the Vertex dialect remembers: rows of a kind, each with a name and a resource.

A view of one transaction, like `Tables`. Values in, values out: no rule of the API is decided here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from tuneform.service.records import Resource
from tuneform.service.store import Tables

_COLUMNS = "seq, kind, parent, name, resource, notes, due"
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that has a name."""

    seq: int
    kind: str
    parent: str
    name: str
    resource: Resource
    """As it is answered."""
    notes: dict[str, Any]
    """What nobody is told."""
    due: float | None = None
    """When something is to happen to it, in seconds since 1970; None for nothing."""

    def changed(self, **fields: Any) -> "Row":
        """The same row with other fields in its resource; None takes one away."""
        resource = self.resource | fields
        return replace(self, resource={k: v for k, v in resource.items() if v is not None})

    @property
    def id(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]


class Rows:
    """One transaction's view of what has a name."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._db = tables.connection

    def get(self, kind: str, name: str) -> Row | None:
        """The row of that name, if there is one."""
        sql = f"SELECT {_COLUMNS} FROM vertex WHERE kind = ? AND name = ?"  # noqa: S608 (our own column names)
        row = self._db.execute(sql, (kind, name)).fetchone()
        return _row(row) if row else None

    def of(self, kind: str, parent: str, *, after: int = 0) -> Iterator[Row]:
        """The rows below a parent, in the order of their creation."""
        sql = (
            f"SELECT {_COLUMNS} FROM vertex WHERE kind = ? AND parent = ? AND seq > ?"  # noqa: S608 (our own column names)
            " ORDER BY seq"
        )
        for row in self._db.execute(sql, (kind, parent, after)):
            yield _row(row)

    def due(self, now: float) -> list[Row]:
        """What is to happen by now, the earliest first."""
        sql = f"SELECT {_COLUMNS} FROM vertex WHERE due <= ? ORDER BY due, seq"  # noqa: S608 (our own column names)
        return [_row(row) for row in self._db.execute(sql, (now,))]

    def is_due(self, now: float) -> bool:
        """Whether anything is to happen by now."""
        sql = "SELECT 1 FROM vertex WHERE due <= ? LIMIT 1"
        return self._db.execute(sql, (now,)).fetchone() is not None

    def add(
        self,
        kind: str,
        parent: str,
        name: str,
        resource: Resource,
        notes: dict[str, Any] | None = None,
        due: float | None = None,
    ) -> Row:
        """Store something new; its name must be free."""
        values = (kind, parent, name, _encode(resource), _encode(notes or {}), due)
        sql = (
            "INSERT INTO vertex (kind, parent, name, resource, notes, due)"
            " VALUES (?, ?, ?, ?, ?, ?)"
        )
        seq = self._db.execute(sql, values).lastrowid
        assert seq is not None
        return Row(seq, kind, parent, name, resource, notes or {}, due)

    def put(self, row: Row) -> Row:
        """Replace what is stored of a row; the same row again."""
        self._db.execute(
            "UPDATE vertex SET resource = ?, notes = ?, due = ? WHERE seq = ?",
            (_encode(row.resource), _encode(row.notes), row.due, row.seq),
        )
        return row

    def remove(self, row: Row) -> None:
        """Forget a row."""
        self._db.execute("DELETE FROM vertex WHERE seq = ?", (row.seq,))


_encode = msgspec.json.Encoder().encode


def _row(row: tuple[int, str, str, str, bytes, bytes, float | None]) -> Row:
    seq, kind, parent, name, resource, notes, due = row
    return Row(seq, kind, parent, name, _decode(resource), _decode(notes), due)
