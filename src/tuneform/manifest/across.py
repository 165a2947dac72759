"""Rules about several documents: no model is declared twice, and no former name has two heirs.

Chains of `tunedFrom` are the engine's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuneform.domain.diagnostic import Diagnostic, Severity
from tuneform.domain.spec import ModelSpec
from tuneform.manifest.document import Claim


def clashes(claims: Iterable[ModelSpec | Claim]) -> Iterator[Diagnostic]:
    """What is wrong between documents. Places are those of names; `locate` finds finer ones.

    Args:
        claims: of all documents, in any order.
    """
    first: dict[str, ModelSpec | Claim] = {}
    for claim in sorted(claims, key=_position):
        earlier = first.setdefault(claim.name, claim)
        if earlier is not claim:
            yield _told(
                claim,
                "metadata.name",
                "duplicate-name",
                "duplicate name",
                f"A model `{claim.name}` is declared already at {earlier.place}.",
                "give one of the two another name, or remove it",
            )
    yield from _heirs(first)


def _position(claim: ModelSpec | Claim) -> tuple[str, int, int]:
    """As places are ordered, only ten times faster."""
    return claim.place.file, claim.place.line, claim.place.column


def _heirs(declared: dict[str, ModelSpec | Claim]) -> Iterator[Diagnostic]:
    heirs: dict[str, ModelSpec | Claim] = {}
    for claim in declared.values():
        for index, former in enumerate(claim.formerly):
            field = f"metadata.formerly[{index}]"
            holder = declared.get(former, claim)
            heir = heirs.setdefault(former, claim)
            if holder is not claim:
                yield _told(
                    claim,
                    field,
                    "former-name-declared",
                    "former name is declared",
                    f"`{former}` is declared at {holder.place}, so this model cannot have been it.",
                    "remove it here, or remove the other manifest",
                )
            elif heir is not claim:
                yield _told(
                    claim,
                    field,
                    "former-name-taken",
                    "former name is taken",
                    f"`{heir.name}` at {heir.place} was formerly `{former}` as well; "
                    "the versions can go to one model only.",
                    "remove it from one of the two",
                )


def _told(
    claim: ModelSpec | Claim, field: str, code: str, summary: str, detail: str, hint: str
) -> Diagnostic:
    return Diagnostic(
        Severity.ERROR,
        code,
        summary,
        detail,
        claim.place,
        f"TunedModel/{claim.name}",
        field,
        hint,
    )
