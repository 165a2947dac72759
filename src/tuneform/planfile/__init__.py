"""Saved plans: a plan as a document that people read, reviewers approve and apply carries out.

Neither the live list nor any file is touched here: the app reads and writes, `engine.replay`
compares with what is live.
"""

from __future__ import annotations

from tuneform.planfile.origin import made_from, stale_parts
from tuneform.planfile.read import SavedPlan, read_document
from tuneform.planfile.restore import restore
from tuneform.planfile.schema import schema
from tuneform.planfile.sealing import seal
from tuneform.planfile.shape import MadeFrom

__all__ = [
    "MadeFrom",
    "SavedPlan",
    "made_from",
    "read_document",
    "restore",
    "schema",
    "seal",
    "stale_parts",
]
