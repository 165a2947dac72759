"""The objects of all buckets: bytes in files, everything else in the index beside them.

An object is put in place by one row, once its file is complete. So an upload that breaks off, or
whose process is killed, is never seen, and one that was confirmed is all there. Which buckets there
are, and who may write to them, is decided by the routes.
"""

import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import msgspec

from tuneform.clock import Clock
from tuneform.service.database import DataUnusable
from tuneform.service.storage.checksum import Checksums
from tuneform.service.storage.index import Index
from tuneform.service.wire import timestamp

SESSION_LIFE = timedelta(days=7)
"""How long an upload may be gone on with, as in the real service."""

PIECE = 1 << 20
"""Bytes that are held at a time."""


@dataclass(frozen=True, slots=True)
class Object:
    """One object that is complete.

    Attributes:
        bucket, name: where it is.
        generation: another one for each content.
        metageneration: counts edits of its metadata.
        size: bytes.
        md5, crc32c: base64, as the API shows them.
        content_type: as it was given.
        metadata: of the user.
        created, updated: RFC 3339.
        path: the file with its bytes; it is gone soon after the object is.
    """

    bucket: str
    name: str
    generation: int
    metageneration: int
    size: int
    md5: str
    crc32c: str
    content_type: str
    metadata: Mapping[str, str]
    created: str
    updated: str
    path: Path = field(repr=False)

    def chunks(self, start: int = 0, stop: int | None = None) -> "Chunks":
        """Its bytes, or some of them, in pieces. The file is opened at once.

        Raises:
            FileNotFoundError: the object was deleted or overwritten since it was looked up.
        """
        end = self.size if stop is None else min(stop, self.size)
        return Chunks(self.path.open("rb"), start, end)


class Chunks:
    """Pieces of an open file; it is closed at their end, or by who wants no more of them.

    A generator would not do: one that was never begun leaves its file open.
    """

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file = file
        self._left = end - start
        file.seek(start)

    def __iter__(self) -> "Chunks":
        return self

    def __next__(self) -> bytes:
        """The next piece."""
        piece = self._file.read(min(PIECE, self._left)) if self._left > 0 else b""
        if not piece:
            self.close()
            raise StopIteration
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Read no more."""
        self._left = 0
        self._file.close()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What an object shall be that is on its way."""

    content_type: str = "application/octet-stream"
    metadata: dict[str, str] = {}
    md5: str | None = None
    """As the sender computed it; None where it does not say."""
    crc32c: str | None = None
    total: int | None = None
    """Bytes that were announced."""
    conditions: dict[str, int] = {}


class ConditionNotMet(Exception):
    """A precondition does not hold; the message is its name."""


class Mismatch(Exception):
    """The bytes are not those that the sender announced; the message says what differs."""


@dataclass(frozen=True, slots=True)
class Session:
    """An upload in several requests."""

    id: str
    bucket: str
    name: str
    draft: Draft
    created: str
    state: str
    generation: int | None


class ObjectStore:
    """All objects of one data file. Safe for threads and processes."""

    def __init__(self, data: Path, clock: Clock) -> None:
        """Open the folder `DATA.objects`, and make it where there is none.

        Args:
            data: the data file of the service; it is not touched.
            clock: dates objects.

        Raises:
            DataUnusable: the folder cannot be used.
        """
        self._clock = clock
        try:
            self._open(data)
        except (OSError, sqlite3.Error) as error:
            raise DataUnusable(
                f"cannot use {data.name}.objects beside {data}, which holds the objects of the "
                f"practice service: {error}; name a data file in a folder that can be written"
            ) from error

    def _open(self, data: Path) -> None:
        self._blobs = data.with_name(f"{data.name}.objects") / "blobs"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._index = Index(self._blobs.parent / "index.db")
        self._sweep()

    # --- reading --------------------------------------------------------------------------------

    def get(self, bucket: str, name: str) -> Object | None:
        """The object of that name, if there is one; `gs://BUCKET/NAME` in two parts."""
        sql = "SELECT * FROM objects WHERE bucket = ? AND name = ?"
        return next((self._object(row) for row in self._index.rows(sql, bucket, name)), None)

    def listed(self, bucket: str, prefix: str, after: str, limit: int) -> list[Object]:
        """The first objects of a bucket beyond a name, in the order of their names."""
        sql = (
            "SELECT * FROM objects WHERE bucket = ? AND name > ?"
            " AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?"
        )
        rows = self._index.rows(sql, bucket, after, len(prefix), prefix, limit)
        return [self._object(row) for row in rows]

    def _object(self, row: sqlite3.Row) -> Object:
        values = {key: row[key] for key in row.keys() if key not in ("blob", "metadata")}  # noqa: SIM118 (a row is no mapping)
        metadata = msgspec.json.decode(row["metadata"], type=dict[str, str])
        return Object(**values, metadata=metadata, path=self._blobs / row["blob"])

    # --- writing --------------------------------------------------------------------------------

    def new_file(self) -> Path:
        """Where the bytes of an object can be put; nobody sees them there."""
        return self._blobs / secrets.token_hex(16)

    def check(self, bucket: str, name: str, conditions: Mapping[str, int]) -> None:
        """Whether something may be done to an object now.

        Raises:
            ConditionNotMet: no.
        """
        _hold(self.get(bucket, name), conditions)

    def put(self, bucket: str, name: str, file: Path, draft: Draft, session: str = "") -> Object:
        """Put a complete file in place of whatever bears that name.

        Args:
            bucket: where.
            name: of the object.
            file: from `new_file`, or of a session; the object's own from now on.
            draft: what it shall be.
            session: the upload that this ends.

        Raises:
            ConditionNotMet: what bears that name now is not what the sender expects.
            Mismatch: the bytes are not those that the sender announced.
        """
        sums = _sums_of(file, draft)
        now = timestamp(self._clock.now())
        with self._index.writing() as db:
            sql = "SELECT * FROM objects WHERE bucket = ? AND name = ?"
            row = db.execute(sql, (bucket, name)).fetchone()
            _hold(self._object(row) if row else None, draft.conditions)
            generation = self._next_generation(db)
            db.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(bucket, name, generation, file.name, sums.size, sums.md5, sums.crc32c),
                    *(draft.content_type, msgspec.json.encode(draft.metadata).decode(), now, now),
                ),
            )
            db.execute(
                "UPDATE sessions SET state = 'DONE', generation = ? WHERE id = ?",
                (generation, session),
            )
            placed = self._object(db.execute(sql, (bucket, name)).fetchone())
        if row:
            (self._blobs / row["blob"]).unlink(missing_ok=True)
        return placed

    def _next_generation(self, db: sqlite3.Connection) -> int:
        """Microseconds, as in the real service, or the next number where time stands still."""
        (last,) = db.execute("SELECT last FROM generations").fetchone()
        generation = max(int(last) + 1, int(self._clock.now().timestamp() * 1e6))
        db.execute("UPDATE generations SET last = ?", (generation,))
        return generation

    def edit(
        self, bucket: str, name: str, changes: Mapping[str, object], conditions: Mapping[str, int]
    ) -> Object | None:
        """Change content type and metadata of an object, if there is one.

        Args:
            bucket: where.
            name: of the object.
            changes: `content_type`, and whole new `metadata`.
            conditions: under which.

        Raises:
            ConditionNotMet: one does not hold.
        """
        with self._index.writing() as db:
            where = (bucket, name)
            sql = "SELECT * FROM objects WHERE bucket = ? AND name = ?"
            row = db.execute(sql, where).fetchone()
            _hold(self._object(row) if row else None, conditions)
            if row is None:
                return None
            metadata = changes.get("metadata")
            kept = row["metadata"] if metadata is None else msgspec.json.encode(metadata).decode()
            content_type = changes.get("content_type") or row["content_type"]
            db.execute(
                "UPDATE objects SET metageneration = metageneration + 1, metadata = ?,"
                " content_type = ?, updated = ? WHERE bucket = ? AND name = ?",
                (kept, content_type, timestamp(self._clock.now()), *where),
            )
        return self.get(bucket, name)

    def delete(self, bucket: str, name: str, conditions: Mapping[str, int]) -> bool:
        """Delete an object; False where there is none.

        Raises:
            ConditionNotMet: one does not hold.
        """
        with self._index.writing() as db:
            sql = "SELECT * FROM objects WHERE bucket = ? AND name = ?"
            row = db.execute(sql, (bucket, name)).fetchone()
            if row is None:
                return False
            _hold(self._object(row), conditions)
            db.execute("DELETE FROM objects WHERE bucket = ? AND name = ?", (bucket, name))
        (self._blobs / row["blob"]).unlink(missing_ok=True)
        return True

    # --- uploads in several requests ------------------------------------------------------------

    def begin(self, bucket: str, name: str, draft: Draft) -> Session:
        """Begin an upload; what comes is kept in `file_of` it."""
        session = secrets.token_hex(16)
        now = timestamp(self._clock.now())
        with self._index.writing() as db:
            db.execute(
                "INSERT INTO sessions (id, bucket, name, draft, created) VALUES (?, ?, ?, ?, ?)",
                (session, bucket, name, msgspec.json.encode(draft).decode(), now),
            )
        return Session(session, bucket, name, draft, now, "OPEN", None)

    def session(self, session_id: str) -> Session | None:
        """The upload of that id, if there ever was one."""
        for row in self._index.rows("SELECT * FROM sessions WHERE id = ?", session_id):
            draft = msgspec.json.decode(row["draft"], type=Draft)
            return Session(**{**dict(row), "draft": draft})
        return None

    def expired(self, session: Session) -> bool:
        """Whether the upload can be gone on with no more for its age."""
        return self._clock.now() - datetime.fromisoformat(session.created) > SESSION_LIFE

    def file_of(self, session: Session) -> Path:
        """The file with what came so far; there is none before the first bytes."""
        return self._blobs / session.id

    def cancel(self, session: Session) -> None:
        """Give up an upload that is not done, and what came of it."""
        with self._index.writing() as db:
            db.execute(
                "UPDATE sessions SET state = 'CANCELLED' WHERE id = ? AND state = 'OPEN'",
                (session.id,),
            )
        self.file_of(session).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what uploads left behind that nobody can go on with: those of killed processes."""
        used = {row["blob"] for row in self._index.rows("SELECT blob FROM objects")}
        oldest = (self._clock.now() - SESSION_LIFE - timedelta(days=1)).timestamp()
        for file in self._blobs.iterdir():
            with suppress(FileNotFoundError):
                if file.name not in used and file.stat().st_mtime < oldest:
                    file.unlink()


def _sums_of(file: Path, draft: Draft) -> Checksums:
    sums = Checksums()
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            sums.update(piece)
    for kind, given, found in (
        ("MD5 hash", draft.md5, sums.md5),
        ("CRC32C", draft.crc32c, sums.crc32c),
    ):
        if given not in (None, found):
            raise Mismatch(f'Provided {kind} "{given}" doesn\'t match calculated {kind} "{found}".')
    return sums


def _hold(found: Object | None, conditions: Mapping[str, int]) -> None:
    """Compare preconditions with what is there; a generation of 0 stands for nothing at all."""
    generation = found.generation if found else 0
    metageneration = found.metageneration if found else 0
    for name, value in conditions.items():
        present = metageneration if "Metageneration" in name else generation
        if (present == value) is ("Not" in name):
            raise ConditionNotMet(name)
