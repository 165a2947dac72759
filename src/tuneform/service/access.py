"""Who may do what with a tuned model: roles, and the two ways to be turned away.

Roles contain one another: a reader may look, generate and tune on top; a writer may also edit,
share and cancel; an owner may also delete and hand over. What one may not see is 403, not 404.
"""

from tuneform.service.errors import model_forbidden, model_not_found
from tuneform.service.records import Model, Permission
from tuneform.service.store import Tables

RANK = {"READER": 1, "WRITER": 2, "OWNER": 3}


def rank_of(caller: str, permissions: list[Permission]) -> int:
    """The highest rank that the caller holds, by name or with everyone; 0 for none."""
    return max(
        (RANK[p.role] for p in permissions if p.email == caller or p.grantee_type == "EVERYONE"),
        default=0,
    )


def own_rank(caller: str, permissions: list[Permission]) -> int:
    """The rank that was granted to the caller by name; 0 for none."""
    return max((RANK[p.role] for p in permissions if p.email == caller), default=0)


def reach(tables: Tables, model_id: str, caller: str, role: str) -> Model:
    """The model, for a caller that holds at least this role.

    Raises:
        ApiError: 404 when there is no such model, 403 when it is not the caller's to use so.
    """
    model = tables.model(model_id)
    if model is None:
        raise model_not_found(f"tunedModels/{model_id}")
    if rank_of(caller, tables.permissions(model.seq)) < RANK[role]:
        raise model_forbidden(model.name)
    return model
