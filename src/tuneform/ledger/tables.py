"""The tables of a ledger, of the newest version, the same in SQLite and in PostgreSQL.

Whoever changes them raises `source.VERSION` and writes a migration. No example text, no key and no
prompt has a column here.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

TABLES: Final = MetaData()
SHARED: Final = MetaData()
"""What only a ledger has that several machines share; the others keep it elsewhere."""

# In SQLite only an INTEGER counts by itself.
_COUNTER = BigInteger().with_variant(Integer(), "sqlite")

SECRETS = Table("secrets", TABLES, Column("secret", LargeBinary, nullable=False))
RUNS = Table(
    "runs",
    TABLES,
    Column("run", _COUNTER, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("git_commit", Text),
    Column("dirty", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("began", Text, nullable=False),
    Column("ended", Text),
    Column("outcome", Text),
    Column("who", Text),
    Column("exit_code", Integer),
    Index("runs_by_owner", "owner"),
)
INTENTS = Table(
    "intents",
    TABLES,
    Column("run", _COUNTER, ForeignKey("runs.run"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("model", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("remote", Text),
    Column("at", Text, nullable=False),
    sqlite_with_rowid=False,
)
OUTCOMES = Table(
    "outcomes",
    TABLES,
    Column("run", _COUNTER, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("at", Text, nullable=False),
    ForeignKeyConstraint(["run", "number"], ["intents.run", "intents.number"]),
    sqlite_with_rowid=False,
)
VERSIONS = Table(
    "versions",
    TABLES,
    Column("run", _COUNTER, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("remote", Text),
    Column("fingerprint", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("base", Text),
    Column("source", Text),
    Column("parent", Text),
    Column("revision", Integer, nullable=False),
    Column("hyperparameters", Text, nullable=False),
    ForeignKeyConstraint(["run", "number"], ["intents.run", "intents.number"]),
    Index("versions_by_remote", "remote"),
    sqlite_with_rowid=False,
)
TRAININGS = Table(
    "trainings",
    TABLES,
    Column("run", _COUNTER, ForeignKey("runs.run"), primary_key=True, autoincrement=False),
    Column("remote", Text, primary_key=True),
    Column("operation", Text),
    Column("hyperparameters", Text, nullable=False),
    Column("loss", Double),
    Column("seconds", Double),
    Column("at", Text, nullable=False),
    Column("tokens", BigInteger),
    sqlite_with_rowid=False,
)
EVALUATIONS = Table(
    "evaluations",
    TABLES,
    Column("evaluation", _COUNTER, primary_key=True),
    Column("run", _COUNTER, ForeignKey("runs.run"), nullable=False),
    Column("model", Text, nullable=False),
    Column("remote", Text, nullable=False),
    Column("gate", Text, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("scores", Text, nullable=False),
    Column("must_pass", Integer, nullable=False),
    Column("must_pass_failed", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Index("evaluations_by_model", "model"),
)
COSTS = Table(
    "costs",
    TABLES,
    Column("run", _COUNTER, ForeignKey("runs.run"), primary_key=True, autoincrement=False),
    Column("remote", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("tokens", BigInteger().with_variant(Integer(), "sqlite"), nullable=False),
    Column("likely", Text),
    Column("currency", Text, nullable=False),
    Column("at", Text, nullable=False),
    sqlite_with_rowid=False,
)
DATASETS = Table(
    "datasets",
    TABLES,
    Column("dataset", _COUNTER, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("rows", LargeBinary, nullable=False),
    Column("at", Text, nullable=False),
    UniqueConstraint("owner", "data"),
)

LEDGER_VERSION = Table("ledger_version", SHARED, Column("version", Integer, nullable=False))
LOCKS = Table(
    "locks",
    SHARED,
    Column("owner", Text, primary_key=True),
    Column("backend", Integer, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("since", Text, nullable=False),
)
