"""The only writer: carries out a plan, step by step, and says what became of it."""

from tuneform.execute.options import Options
from tuneform.execute.run import execute

__all__ = ["Options", "execute"]
