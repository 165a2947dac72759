"""The practice service: copies of two tuning APIs that really train, in SQLite.

A place to rehearse a project, a dataset and a pipeline at no cost; not a language model. It stands
beside the rest of the project and shares nothing with it but the clock, so that our clients
and this service are independent readings of the API documents. `docs/practice-service.md` lists
every decision and every known difference from the real service.
"""

from tuneform.service.behaviour import Behaviour
from tuneform.service.database import DataUnusable
from tuneform.service.fault_file import FaultsUnusable, read_faults
from tuneform.service.faults import Faults
from tuneform.service.lock import TrainerBusy
from tuneform.service.service import Service, open_service

__all__ = [
    "Behaviour",
    "DataUnusable",
    "Faults",
    "FaultsUnusable",
    "Service",
    "TrainerBusy",
    "open_service",
    "read_faults",
]
