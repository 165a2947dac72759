"""Tuning jobs as the trainer sees them: when one can begin, and what it leaves when it ends.

The examples are read when the job runs, so what is wrong with them fails the job and not the
create. A job that succeeds leaves a Model, or a further version of one, and an Endpoint for each
checkpoint; all of them in the transaction that ends the training.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tuneform.service.dialect import Outcome, end_failed
from tuneform.service.drafts import (
    DEFAULT_EPOCHS,
    LARGE_BATCH,
    LARGE_FROM,
    LARGE_RATE,
    MAX_STEPS,
    MAX_VISITS,
    SMALL_BATCH,
    SMALL_RATE,
)
from tuneform.service.errors import Status
from tuneform.service.records import Order, Training, Weights
from tuneform.service.store import Tables
from tuneform.service.subject import Subject
from tuneform.service.vertex import registry
from tuneform.service.vertex.datasets import Datasets, DatasetUnusable, Examples
from tuneform.service.vertex.ground import Ground
from tuneform.service.vertex.publishing import publish
from tuneform.service.vertex.rows import Row, Rows
from tuneform.service.vertex.stats import data_stats
from tuneform.service.vertex.subjects import subject

JOBS = "tuningJobs"
MAX_CHECKPOINTS = 10
"""How many epochs of a job leave a checkpoint; of more, as many are chosen in equal distances."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The Vertex dialect, for the trainer."""

    ground: Ground
    datasets: Datasets

    def subject(self, training: Training) -> Subject:
        """The job's display name, its labels and its id."""
        labels = msgspec.json.decode(training.labels, type=dict[str, str])
        job_id = training.model.rpartition("/")[2]
        return subject(JOBS, job_id, training.display_name, labels)

    def ready(self, seq: int) -> bool:
        """Take a job up when there is room for it, and read its examples."""
        job = self._taken_up(seq)
        if job is None:
            return False
        with self.ground.store.reading() as tables:
            if tables.order(seq) is not None:  # read before a crash
                return True
        try:
            examples = self._examples(job)
            order = self._order(job, examples)
        except DatasetUnusable as error:
            self._fail(seq, str(error))
            return False
        return self._started(seq, job, order, examples)

    def _taken_up(self, seq: int) -> Row | None:
        with self.ground.store.writing() as tables:
            training, rows = tables.training(seq), Rows(tables)
            job = rows.get(JOBS, training.model)
            if training.outcome != "TRAINING" or job is None:
                return None
            if training.started is not None:
                return job
            most = self.ground.behaviour.concurrent_trainings
            if most is not None and tables.taken_up("vertex") >= most:
                return None
            now = self.ground.now
            tables.take_up(seq, now)
            return rows.put(_moved(job, "PENDING", now))

    def _examples(self, job: Row) -> Examples:
        spec, caller = job.resource["supervisedTuningSpec"], job.notes["caller"]
        if uri := spec.get("validationDatasetUri"):
            self.datasets.read(uri, caller)
        return self.datasets.read(spec["trainingDatasetUri"], caller)

    def _order(self, job: Row, examples: Examples) -> Order:
        notes = job.notes
        count = examples.count
        large = count >= LARGE_FROM
        epochs, batch = notes["epochs"] or DEFAULT_EPOCHS, LARGE_BATCH if large else SMALL_BATCH
        steps = -(-epochs * count // batch)
        if epochs * count > MAX_VISITS or steps > MAX_STEPS:
            raise DatasetUnusable(
                f"{epochs:,} epochs of {count:,} examples are more than the {MAX_STEPS:,} "
                f"steps, or {MAX_VISITS:,} visits to examples, which this practice service trains."
            )
        parent = self._parent(notes)
        kept = [] if notes["last_only"] else _milestones(epochs, count, batch)[:-1]
        return Order(
            examples=msgspec.json.encode(examples.sample.taken()),
            data_digest=examples.sample.digest,
            count=count,
            epochs=epochs,
            batch=batch,
            rate=notes["multiplier"] * (LARGE_RATE if large else SMALL_RATE),
            total_steps=steps,
            source=notes["source"],
            parent_outputs=parent.outputs if parent else None,
            parent_matrix=parent.matrix if parent else None,
            checkpoints=msgspec.json.encode([step for _, step in kept]).decode(),
        )

    def _parent(self, notes: Mapping[str, Any]) -> Weights | None:
        if not notes["parent"]:
            return None
        with self.ground.store.reading() as tables:
            version = Rows(tables).get(registry.VERSIONS, notes["parent"])
            learnt = notes["parent_learnt"]
            weights = tables.weights(learnt[0], learnt[1]) if version else None
        if weights is None:
            raise DatasetUnusable(
                f"The model {notes['parent']} was deleted; nothing to go on from."
            )
        return weights

    def _started(self, seq: int, job: Row, order: Order, examples: Examples) -> bool:
        now = self.ground.now
        stats = data_stats(examples, steps=order.total_steps, epochs=order.epochs)
        with self.ground.store.writing() as tables:
            if not tables.is_unfinished(seq):  # cancelled while its examples were read
                return False
            tables.give_order(seq, order)
            rows = Rows(tables)
            job = _moved(rows.get(JOBS, job.name) or job, "RUNNING", now)
            rows.put(job.changed(startTime=now, tuningDataStats=stats))
        return True

    def _fail(self, seq: int, message: str) -> None:
        now = self.ground.now
        with self.ground.store.writing() as tables:
            end_failed(tables, seq, Status.INVALID_ARGUMENT, message, now, self)

    def begin(self, tables: Tables, seq: int, started: str) -> None:
        """Nothing: a job is RUNNING before its first step."""

    def end(
        self,
        tables: Tables,
        seq: int,
        outcome: Outcome,
        now: str,
        *,
        started: str = "",
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Give the job its state, with its Model or its error."""
        del started
        rows = Rows(tables)
        training = tables.training(seq)
        job = rows.get(JOBS, training.model)
        if job is None:
            return
        job = _in_state(job, outcome, now).changed(endTime=now)
        if outcome == "SUCCEEDED":
            milestones = _milestones(training.epochs, training.examples, training.batch)
            job = job.changed(tunedModel=publish(rows, job, seq, milestones, now))
        else:
            job = job.changed(error=error)
        rows.put(job)

    def keeps(self, tables: Tables, seq: int) -> bool:
        """Never: a job that was cancelled leaves no Model."""
        del tables, seq
        return False


def _in_state(job: Row, state: str, now: str) -> Row:
    return job.changed(state=f"JOB_STATE_{state}", updateTime=now)


def _moved(job: Row, state: str, now: str) -> Row:
    """On its way to the end; one that is CANCELLING stays so until then."""
    return job if job.resource["state"] == "JOB_STATE_CANCELLING" else _in_state(job, state, now)


def _milestones(epochs: int, count: int, batch: int) -> list[tuple[int, int]]:
    """The epochs that leave a checkpoint, each with its last step; the last one always does."""
    several = min(epochs, MAX_CHECKPOINTS)
    chosen = sorted({-(-epochs * number // several) for number in range(1, several + 1)})
    return [(epoch, -(-epoch * count // batch)) for epoch in chosen]
