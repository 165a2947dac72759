"""What was done, by whom, and what versions are made from: questions of `history` and `lineage`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Final

from tuneform.domain.record import (
    Inputs,
    PastCost,
    PastEvaluation,
    PastRun,
    PastStep,
    PastVersion,
    Trained,
)
from tuneform.domain.spec import Hyperparameters
from tuneform.ledger.history import BILLED_SINCE, evaluation_in, settled
from tuneform.ledger.source import Row, Source, Values

SINCE: Final = 3
"""The version of the tables that first had all of this, but for what a service has billed."""

_RUN = "r.run, r.command, r.who, r.host, r.git_commit, r.dirty, r.began, r.ended, r.exit_code"
_STEP = "i.model, i.step, i.remote, i.at, o.outcome, o.detail"
_JOINED = """
LEFT JOIN intents AS i ON i.run = r.run
LEFT JOIN outcomes AS o ON o.run = i.run AND o.number = i.number
"""
_RUNS = f"""
SELECT {_RUN}, {_STEP}
FROM (SELECT * FROM runs WHERE owner = :owner ORDER BY run DESC LIMIT :limit) AS r {_JOINED}
ORDER BY r.run DESC, i.number
"""  # noqa: S608 - no value stands in it
_RUNS_OF_MODEL = f"""
SELECT {_RUN}, {_STEP}
FROM (
    SELECT * FROM runs WHERE owner = :owner
    AND run IN (SELECT run FROM intents WHERE model = :model) ORDER BY run DESC LIMIT :limit
) AS r {_JOINED}
WHERE i.model = :model
ORDER BY r.run DESC, i.number
"""  # noqa: S608 - no value stands in it

_OF_MODEL = """
IN (
    SELECT DISTINCT m.remote FROM intents AS m JOIN runs AS n ON n.run = m.run
    WHERE n.owner = :owner AND m.model = :model AND m.remote IS NOT NULL
)
"""
_STEPS_OF_VERSIONS = f"""
SELECT i.remote, {_RUN}, {_STEP} FROM runs AS r {_JOINED}
WHERE r.owner = :owner AND i.remote {_OF_MODEL}
ORDER BY r.run, i.number
"""  # noqa: S608 - no value stands in it
_INPUTS = f"""
SELECT v.remote, v.fingerprint, v.data, v.dataset, v.base, v.source, v.parent,
(
    SELECT max(p.fingerprint) FROM versions AS p JOIN runs AS q ON q.run = p.run
    WHERE q.owner = r.owner AND p.remote = v.source
),
v.revision, v.hyperparameters
FROM versions AS v JOIN runs AS r ON r.run = v.run
WHERE r.owner = :owner AND v.remote {_OF_MODEL}
ORDER BY v.run, v.number
"""  # noqa: S608 - no value stands in it
_TRAININGS = f"""
SELECT t.remote, t.operation, t.hyperparameters, t.loss, t.seconds, t.tokens
FROM trainings AS t JOIN runs AS r ON r.run = t.run
WHERE r.owner = :owner AND t.remote {_OF_MODEL} ORDER BY t.run
"""  # noqa: S608 - no value stands in it
_EVALUATIONS = f"""
SELECT e.remote, e.gate, e.passed, e.scores, e.must_pass, e.must_pass_failed, e.at
FROM evaluations AS e JOIN runs AS r ON r.run = e.run
WHERE r.owner = :owner AND e.remote {_OF_MODEL} ORDER BY e.evaluation
"""  # noqa: S608 - no value stands in it
_COSTS = f"""
SELECT c.remote, c.run, c.tokens, c.likely, c.currency
FROM costs AS c JOIN runs AS r ON r.run = c.run
WHERE r.owner = :owner AND c.remote {_OF_MODEL} ORDER BY c.run
"""  # noqa: S608 - no value stands in it

_ALL: Final = 2**31 - 1


def runs(source: Source, owner: str, model: str | None, limit: int | None) -> tuple[PastRun, ...]:
    """Runs of an owner, newest first."""
    values: Values = {"owner": owner, "limit": _ALL if limit is None else limit}
    if model is None:
        found = source.ask(_RUNS, values, needs=SINCE)
    else:
        found = source.ask(_RUNS_OF_MODEL, {**values, "model": model}, needs=SINCE)
    return tuple(_runs(found or ()))


def lineage(source: Source, owner: str, model: str) -> tuple[PastVersion, ...]:
    """What is known of each version that was touched as one of this model, oldest first."""
    values: Values = {"owner": owner, "model": model}

    def ask(question: str, needs: int = SINCE) -> list[Row]:
        return source.ask(question, values, needs=needs) or []

    steps = _by_remote(ask(_STEPS_OF_VERSIONS))
    # A version that was begun twice, as after a lost reply, is made from the same both times.
    inputs = {remote: _inputs(first) for remote, (first, *_) in _by_remote(ask(_INPUTS)).items()}
    trainings = {
        remote: _trained(told) for remote, told in _by_remote(ask(_TRAININGS, BILLED_SINCE)).items()
    }
    verdicts: dict[str, list[PastEvaluation]] = {}
    for row in ask(_EVALUATIONS):
        verdicts.setdefault(row[0], []).append(evaluation_in(row))
    costs = _by_remote(ask(_COSTS))
    return tuple(
        PastVersion(
            remote,
            inputs.get(remote),
            trainings.get(remote, Trained()),
            tuple(_runs(touched)),
            tuple(verdicts.get(remote, ())),
            tuple(_costs(costs.get(remote, ()), trainings.get(remote, Trained()).tokens)),
        )
        for remote, touched in steps.items()
    )


def hyperparameters_text(found: Hyperparameters) -> str:
    """How they stand in a column."""
    return json.dumps(found.as_api())


def _by_remote(found: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows whose first column names an object, without it."""
    sorted_out: dict[str, list[Row]] = {}
    for remote, *rest in found:
        sorted_out.setdefault(remote, []).append(tuple(rest))
    return sorted_out


def _runs(found: Iterable[Row]) -> Iterator[PastRun]:
    """Rows of runs and steps; those of a run follow each other."""
    for _, group in groupby(found, key=lambda row: row[0]):
        rows = list(group)
        run, command, who, host, commit, dirty, began, ended, exit_code = rows[0][:9]
        yield PastRun(
            run,
            command,
            who or "",
            host,
            commit,
            bool(dirty),
            datetime.fromisoformat(began),
            datetime.fromisoformat(ended) if ended else None,
            exit_code,
            tuple(_step(row[9:]) for row in rows if row[10] is not None),
        )


def _step(row: Row) -> PastStep:
    model, step, remote, at, outcome, detail = row
    return PastStep(model, step, remote, datetime.fromisoformat(at), outcome, detail or "")


def _inputs(row: Row) -> Inputs:
    *plain, hyperparameters = row
    return Inputs._make((*plain, json.loads(hyperparameters)))


def _trained(found: Iterable[Row]) -> Trained:
    """Everything that runs noted of a training, the later word counting."""
    trained = Trained()
    for operation, hyperparameters, loss, seconds, tokens in found:
        known = _hyperparameters(json.loads(hyperparameters))
        trained = trained.updated(Trained(operation, known, loss, seconds, tokens))
    return trained


def _hyperparameters(api: dict[str, int | float]) -> Hyperparameters:
    def count(name: str) -> int | None:
        found = api.get(name)
        return None if found is None else int(found)

    return Hyperparameters(
        count("epochCount"),
        count("batchSize"),
        api.get("learningRate"),
        api.get("learningRateMultiplier"),
        count("adapterSize"),
    )


def _costs(found: Iterable[Row], billed: int | None) -> Iterator[PastCost]:
    """Rows of costs of one version, by the service's own count once it is known."""
    for run, tokens, likely, currency in found:
        amount = None if likely is None else settled(Decimal(likely), tokens, billed)
        count = tokens if billed is None else billed
        yield PastCost(run, count, amount, currency, billed is not None)
