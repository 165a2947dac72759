"""What a request or a training is about, in the form in which faults know it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that has a life of its own: a tuned model, a tuning job, an endpoint."""

    key: str
    """The same in every run, so that the same seed gives it the same fate; empty for none."""
    names: tuple[str, ...] = ("",)
    """A rule's glob has to match one of these."""
    kind: str = ""
    """Its collection, such as `tunedModels`; empty where that is not known."""

    @classmethod
    def of(cls, model_id: str) -> "Subject":
        """A tuned model: its callers choose its id, which is all that is needed."""
        return cls(model_id, (model_id,), "tunedModels")


NOBODY = Subject("")
"""Of a request that names nothing."""
