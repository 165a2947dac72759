"""What the service remembers: models, permissions, trainings, and what training leaves behind.

`Store` hands out transactions; `Tables` is one of them, with a method for each question and each
change. Values in, values out: no rule of the API is decided here, and no clock is read.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tuneform.service.database import Database
from tuneform.service.records import Model, Order, Permission, Resource, Training, Weights

_TRAINING = ", ".join(Training.__slots__)


class Tables:
    """One transaction's view of the tables."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @property
    def connection(self) -> sqlite3.Connection:
        """The transaction itself, for tables that belong to one dialect alone."""
        return self._db

    def _one(self, sql: str, *values: Any) -> Any:
        return self._db.execute(sql, values).fetchone()

    def _changed(self, sql: str, *values: Any) -> bool:
        return self._db.execute(sql, values).rowcount > 0

    def service_id(self) -> str:
        """The random name of this data file."""
        return str(self._one("SELECT id FROM service")[0])

    # --- models -------------------------------------------------------------------------------

    def model(self, model_id: str) -> Model | None:
        """The model of that id, if there is one."""
        row = self._one("SELECT seq, id, resource FROM models WHERE id = ?", model_id)
        return _model(row) if row else None

    def models_of(self, email: str, *, after: int, limit: int) -> list[Model]:
        """Models granted to one account by name and shared with nobody else by EVERYONE."""
        rows = self._db.execute(
            "SELECT m.seq, m.id, m.resource FROM models m"
            " JOIN permissions p ON p.model = m.seq AND p.grantee_type = 'USER' AND p.email = ?"
            " WHERE m.seq > ? AND NOT EXISTS (SELECT 1 FROM permissions e"
            "  WHERE e.model = m.seq AND e.grantee_type = 'EVERYONE')"
            " ORDER BY m.seq LIMIT ?",
            (email, after, limit),
        )
        return [_model(row) for row in rows]

    def models_after(self, seq: int) -> Iterator[tuple[Model, list[Permission]]]:
        """All models in order, each with its permissions."""
        rows = self._db.execute(
            "SELECT seq, id, resource FROM models WHERE seq > ? ORDER BY seq", (seq,)
        )
        for row in rows:
            yield _model(row), self.permissions(row[0])

    def add_model(self, model_id: str, resource: Resource) -> int:
        """Store a new model; its id must be free."""
        sql = "INSERT INTO models (id, resource) VALUES (?, ?)"
        seq = self._db.execute(sql, (model_id, msgspec.json.encode(resource))).lastrowid
        assert seq is not None
        return seq

    def put_resource(self, seq: int, resource: Resource) -> None:
        """Replace the resource of a model."""
        data = msgspec.json.encode(resource)
        self._db.execute("UPDATE models SET resource = ? WHERE seq = ?", (data, seq))

    def resource(self, seq: int) -> Resource | None:
        """The resource of a model, if it still exists."""
        row = self._one("SELECT resource FROM models WHERE seq = ?", seq)
        return _decode(row[0]) if row else None

    def remove_model(self, seq: int) -> None:
        """Remove a model, and what training left of it, except its history."""
        self._db.execute("DELETE FROM models WHERE seq = ?", (seq,))
        self.forget(seq)

    def forget(self, seq: int) -> None:
        """Remove what a training left, except its history."""
        for table in ("inputs", "snapshots", "weights", "checkpoints"):
            self._db.execute(f"DELETE FROM {table} WHERE training = ?", (seq,))  # noqa: S608 (above)

    # --- permissions --------------------------------------------------------------------------

    def permissions(self, seq: int) -> list[Permission]:
        """The permissions of a model, in the order of their ids."""
        rows = self._db.execute(
            "SELECT id, grantee_type, email, role FROM permissions WHERE model = ? ORDER BY id",
            (seq,),
        )
        return [Permission(*row) for row in rows]

    def put_permission(self, seq: int, permission: Permission) -> None:
        """Add a permission, or replace the one with its id."""
        self._db.execute(
            "INSERT OR REPLACE INTO permissions (model, id, grantee_type, email, role)"
            " VALUES (?, ?, ?, ?, ?)",
            (seq, permission.id, permission.grantee_type, permission.email, permission.role),
        )

    def remove_permission(self, seq: int, permission_id: str) -> None:
        """Remove a permission."""
        self._db.execute("DELETE FROM permissions WHERE model = ? AND id = ?", (seq, permission_id))

    # --- trainings ----------------------------------------------------------------------------

    def add_training(
        self, seq: int, model_id: str, operation: str, display_name: str, order: Order, now: str
    ) -> None:
        """Record a training that is to be done."""
        self._db.execute(
            "INSERT INTO trainings (seq, model, operation, display_name, source, data_digest,"
            " examples, epochs, batch, rate, total_steps, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(seq, model_id, operation, display_name, order.source, order.data_digest),
                *(order.count, order.epochs, order.batch, order.rate, order.total_steps, now),
            ),
        )
        self._add_inputs(seq, order)

    def _add_inputs(self, seq: int, order: Order) -> None:
        self._db.execute(
            "INSERT INTO inputs (training, examples, parent_outputs, parent_matrix, checkpoints)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                *(seq, order.examples, order.parent_outputs, order.parent_matrix),
                order.checkpoints,
            ),
        )

    def announce_training(
        self, job: str, display_name: str, source: str, labels: Mapping[str, str], now: str
    ) -> int:
        """Record a training whose data nobody has looked at yet, for the Vertex dialect.

        Its number is taken from the models of the other dialect: all trainings are counted in one
        row, and a number that was drawn there once is never drawn again.
        """
        seq = self.add_model(job, {})
        self._db.execute("DELETE FROM models WHERE seq = ?", (seq,))
        text = msgspec.json.encode(labels, order="sorted").decode()
        self._db.execute(
            "INSERT INTO trainings (seq, model, operation, display_name, source, data_digest,"
            " examples, epochs, batch, rate, total_steps, created, dialect, labels)"
            " VALUES (?, ?, '', ?, ?, '', 0, 0, 0, 0, 0, ?, 'vertex', ?)",
            (seq, job, display_name, source, now, text),
        )
        return seq

    def take_up(self, seq: int, started: str) -> None:
        """Note that an announced training has its place among those that are worked on."""
        self._db.execute("UPDATE trainings SET started = ? WHERE seq = ?", (started, seq))

    def taken_up(self, dialect: str) -> int:
        """How many unfinished trainings of a dialect have their place."""
        sql = (
            "SELECT count(*) FROM trainings WHERE outcome = 'TRAINING' AND dialect = ?"
            " AND started IS NOT NULL"
        )
        return int(self._one(sql, dialect)[0])

    def give_order(self, seq: int, order: Order) -> None:
        """Say what an announced training is to learn."""
        self._db.execute(
            "UPDATE trainings SET data_digest = ?, examples = ?, epochs = ?, batch = ?, rate = ?,"
            " total_steps = ? WHERE seq = ?",
            (
                *(order.data_digest, order.count, order.epochs, order.batch, order.rate),
                *(order.total_steps, seq),
            ),
        )
        self._add_inputs(seq, order)

    def training(self, seq: int) -> Training:
        """The training of an existing model."""
        return Training(*self._one(f"SELECT {_TRAINING} FROM trainings WHERE seq = ?", seq))  # noqa: S608 (our own column names)

    def trainings(self, *, after: int = 0, limit: int = -1) -> list[Training]:
        """Every training ever started, in the order of their start."""
        sql = f"SELECT {_TRAINING} FROM trainings WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 (our own column names)
        return [Training(*row) for row in self._db.execute(sql, (after, limit))]

    def was_used(self, model_id: str) -> bool:
        """Whether a model of that id was ever created."""
        return self._one("SELECT 1 FROM trainings WHERE model = ?", model_id) is not None

    def unfinished(self, dialect: str = "%") -> list[int]:
        """The trainings that are to be done or to be gone on with, oldest first."""
        sql = "SELECT seq FROM trainings WHERE outcome = 'TRAINING' AND dialect LIKE ? ORDER BY seq"
        return [row[0] for row in self._db.execute(sql, (dialect,))]

    def is_unfinished(self, seq: int) -> bool:
        """Whether somebody still wants this training."""
        sql = "SELECT 1 FROM trainings WHERE seq = ? AND outcome = 'TRAINING'"
        return self._one(sql, seq) is not None

    def order(self, seq: int) -> Order | None:
        """What is to be trained, while the training is unfinished."""
        row = self._one(
            "SELECT i.examples, t.data_digest, t.examples, t.epochs, t.batch, t.rate,"
            " t.total_steps, t.source, i.parent_outputs, i.parent_matrix, i.checkpoints"
            " FROM trainings t JOIN inputs i ON i.training = t.seq"
            " WHERE t.seq = ? AND t.outcome = 'TRAINING'",
            seq,
        )
        return Order(*row) if row else None

    def progress(self, seq: int, started: str, completed: int) -> bool:
        """Note how far a training came; False when nobody wants it any more."""
        return self._changed(
            "UPDATE trainings SET started = ?, completed_steps = ?"
            " WHERE seq = ? AND outcome = 'TRAINING'",
            *(started, completed, seq),
        )

    def finish(self, seq: int, outcome: str, now: str, error: bytes | None = None) -> bool:
        """End an unfinished training; False when it had ended already."""
        ended = self._changed(
            "UPDATE trainings SET outcome = ?, finished = ?, error = ?"
            " WHERE seq = ? AND outcome = 'TRAINING'",
            *(outcome, now, error, seq),
        )
        if ended:
            self._db.execute("DELETE FROM inputs WHERE training = ?", (seq,))
        return ended

    def note_deletion(self, seq: int, now: str) -> None:
        """Say in the history that the model is gone."""
        self._db.execute("UPDATE trainings SET deleted = ? WHERE seq = ?", (now, seq))

    # --- what training leaves -----------------------------------------------------------------

    def add_snapshots(self, seq: int, first_step: int, steps: Sequence[Resource]) -> None:
        """Append the snapshots of some steps."""
        self._db.execute(
            "INSERT INTO snapshots (training, first_step, steps) VALUES (?, ?, ?)",
            (seq, first_step, msgspec.json.encode(steps)),
        )

    def snapshots(self, seq: int) -> list[Resource]:
        """The snapshots of a training, in the order of their steps."""
        rows = self._db.execute(
            "SELECT steps FROM snapshots WHERE training = ? ORDER BY first_step", (seq,)
        )
        return [snapshot for row in rows for snapshot in _decode(row[0])]

    def put_weights(self, seq: int, weights: Weights) -> None:
        """Keep what was learnt."""
        self._db.execute(
            "INSERT OR REPLACE INTO weights (training, outputs, matrix) VALUES (?, ?, ?)",
            (seq, weights.outputs, weights.matrix),
        )

    def weights(self, seq: int, step: int | None = None) -> Weights | None:
        """What was learnt, once there is something; at the end, or after one of the steps kept."""
        row = self._one("SELECT outputs, matrix FROM weights WHERE training = ?", seq)
        if step is not None:
            sql = "SELECT outputs, matrix FROM checkpoints WHERE training = ? AND step = ?"
            row = self._one(sql, seq, step)
        return Weights(*row) if row else None

    def put_checkpoint(self, seq: int, step: int, weights: Weights) -> None:
        """Keep what was learnt up to a step."""
        self._db.execute(
            "INSERT OR REPLACE INTO checkpoints (training, step, outputs, matrix)"
            " VALUES (?, ?, ?, ?)",
            (seq, step, weights.outputs, weights.matrix),
        )

    # --- the trainer --------------------------------------------------------------------------

    def trainer(self) -> tuple[int, str] | None:
        """Process id of the last trainer, and since when it trained."""
        row = self._one("SELECT pid, since FROM trainer")
        return (row[0], row[1]) if row else None

    def put_trainer(self, pid: int, since: str) -> None:
        """Say who trains."""
        self._db.execute("DELETE FROM trainer")
        self._db.execute("INSERT INTO trainer (pid, since) VALUES (?, ?)", (pid, since))


_decode = msgspec.json.Decoder().decode


def _model(row: tuple[int, str, bytes]) -> Model:
    return Model(row[0], row[1], _decode(row[2]))


class Store:
    """The data file as transactions of questions and changes."""

    def __init__(self, path: Path, *, service_id: str) -> None:
        """Open or make the file.

        Raises:
            DataUnusable: when it cannot be used.
        """
        self._database = Database(path, service_id=service_id)
        with self.reading() as tables:
            self.service_id = tables.service_id()

    @contextmanager
    def reading(self) -> Iterator[Tables]:
        """One consistent view."""
        with self._database.reading() as connection:
            yield Tables(connection)

    @contextmanager
    def writing(self) -> Iterator[Tables]:
        """All changes of the block, committed at its end, or none."""
        with self._database.writing() as connection:
            yield Tables(connection)

    def close(self) -> None:
        """Close the file."""
        self._database.close()
