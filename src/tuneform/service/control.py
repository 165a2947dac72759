"""Routes that the real service does not have, under `/practice/v1/`.

They tell what a client could otherwise only guess: which trainings were ever started, with which
data, and what became of them, the deleted ones included. A pipeline that must not train twice can
be held to it.
"""

from typing import Any

import msgspec

from tuneform.service.call import Answer, Call
from tuneform.service.errors import invalid_field
from tuneform.service.fault_file import FaultsUnusable, faults_of
from tuneform.service.injection import Injector
from tuneform.service.records import Training
from tuneform.service.store import Store
from tuneform.service.wire import single


class Control:
    """What the practice service knows about itself."""

    def __init__(self, store: Store, injector: Injector) -> None:
        self._store = store
        self._injector = injector

    def health(self, _: Call) -> Answer:
        """Whether the service answers; asks for no credentials."""
        with self._store.reading() as tables:
            return {"status": "ok", "unfinishedTrainings": len(tables.unfinished())}

    def trainings(self, _: Call) -> Answer:
        """Every training ever started, in the order of their start."""
        with self._store.reading() as tables:
            rows = tables.trainings()
        return {"count": len(rows), "trainings": [_shown(row) for row in rows]}

    def faults(self, _: Call) -> Answer:
        """The faults in force, and how many requests each took."""
        return self._injector.shown()

    def put_faults(self, call: Call) -> Answer:
        """Other faults instead of those in force."""
        if "behaviour" in call.body:
            raise invalid_field("behaviour", "can be chosen only when the service is opened")
        try:
            self._injector.put(faults_of(dict(call.body)))
        except FaultsUnusable as error:
            raise invalid_field(error.place, error.cause) from error
        return self._injector.shown()

    def delete_faults(self, _: Call) -> Answer:
        """No faults from now on."""
        self._injector.clear()
        return {}


def _shown(row: Training) -> Answer:
    if row.dialect == "vertex":
        subject = {"tuningJob": row.model, "labels": msgspec.json.decode(row.labels)}
    else:
        subject = {"tunedModel": f"tunedModels/{row.model}", "operation": row.operation_name}
    answer: dict[str, Any] = subject | {
        "displayName": row.display_name,
        "source": row.source,
        "dataDigest": f"sha256:{row.data_digest}" if row.data_digest else "",
        "examples": row.examples,
        "hyperparameters": {
            "epochCount": row.epochs,
            "batchSize": row.batch,
            "learningRate": single(row.rate),
        },
        "totalSteps": row.total_steps,
        "completedSteps": row.completed_steps,
        "outcome": row.outcome,
    }
    times = {
        "createTime": row.created,
        "startTime": row.started,
        "finishTime": row.finished,
        "deleteTime": row.deleted,
    }
    return answer | {key: value for key, value in times.items() if value is not None}
