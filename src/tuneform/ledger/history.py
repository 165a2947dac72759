"""What the tables of a ledger tell: questions to a source, values out. Nothing is written.

The questions of a plan need no more than version 2: a plan never has to carry a ledger over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from struct import Struct
from typing import Final

from tuneform.domain.cost import Spent
from tuneform.domain.data_change import KeyedRow
from tuneform.domain.gate import Score
from tuneform.domain.live import RecordedSet
from tuneform.domain.record import PastEvaluation, PastScore
from tuneform.errors import LocalError
from tuneform.ledger.notes import Entry, notes_of
from tuneform.ledger.source import Row, Source

BILLED_SINCE: Final = 4
"""The version of the tables that first had the tokens which a service has counted."""

KEY_BYTES: Final = 16
"""Length of a keyed digest."""

_UNIT: Final = Decimal("0.000001")
"""As exact as estimates are."""
_DIGITS: Final = 400

_ROW = Struct(f">{KEY_BYTES}s{KEY_BYTES}sQ")

_ENTRIES = """
SELECT i.remote, i.step, o.outcome, o.detail, coalesce(o.at, i.at), r.host
FROM runs AS r JOIN intents AS i ON i.run = r.run
LEFT JOIN outcomes AS o ON o.run = i.run AND o.number = i.number
WHERE r.owner = :owner AND i.step IN ('start', 'watch') AND i.remote IS NOT NULL
ORDER BY i.run, i.number
"""
_LAST_APPLIED = """
SELECT r.git_commit FROM runs AS r
WHERE r.owner = :owner AND r.command = 'apply' AND r.git_commit IS NOT NULL
AND EXISTS (SELECT 1 FROM outcomes AS o WHERE o.run = r.run AND o.outcome = 'done')
ORDER BY r.run DESC LIMIT 1
"""
_EVALUATIONS = """
SELECT e.remote, e.gate, e.passed, e.scores, e.must_pass, e.must_pass_failed, e.at
FROM evaluations AS e JOIN runs AS r ON r.run = e.run
WHERE r.owner = :owner AND e.model = :model ORDER BY e.evaluation DESC
"""
_ESTIMATES = """
SELECT c.currency, c.likely, c.tokens, NULL FROM costs AS c JOIN runs AS r ON r.run = c.run
WHERE r.owner = :owner ORDER BY c.currency
"""
# Another run than the one that began a training may have seen it trained.
_BILLED = """
SELECT c.currency, c.likely, c.tokens,
(
    SELECT max(t.tokens) FROM trainings AS t JOIN runs AS q ON q.run = t.run
    WHERE q.owner = r.owner AND t.remote = c.remote
)
FROM costs AS c JOIN runs AS r ON r.run = c.run
WHERE r.owner = :owner ORDER BY c.currency
"""
_ROWS = "SELECT rows FROM datasets WHERE owner = :owner AND data = :data"


def recorded(source: Source, owner: str, host: str) -> RecordedSet:
    """Notes on an owner's objects, as this machine tells them."""
    return notes_of(map(Entry._make, source.ask(_ENTRIES, {"owner": owner}) or ()), host)


def last_applied(source: Source, owner: str) -> str | None:
    """The commit of the newest apply that did something."""
    found = source.ask(_LAST_APPLIED, {"owner": owner})
    return str(found[0][0]) if found else None


def evaluations(source: Source, owner: str, model: str) -> tuple[PastEvaluation, ...]:
    """Verdicts on versions of a model, newest first."""
    found = source.ask(_EVALUATIONS, {"owner": owner, "model": model}) or ()
    return tuple(map(evaluation_in, found))


def spent(source: Source, owner: str) -> tuple[Spent, ...]:
    """Sums by currency."""
    values = {"owner": owner}
    try:
        found = source.ask(_BILLED, values, needs=BILLED_SINCE)
    except LocalError:  # an older ledger has estimates only; one that is broken says so again
        found = source.ask(_ESTIMATES, values)
    sums: dict[str, Spent] = {}
    for currency, likely, tokens, billed in found or ():
        before = sums.get(currency, Spent(currency, Decimal(), 0, 0))
        sums[currency] = Spent(
            currency,
            before.likely + settled(Decimal(likely or 0), tokens, billed),
            before.trainings + 1,
            before.unknown + (likely is None),
            before.counted + (likely is not None and billed is not None),
        )
    return tuple(sums.values())


def settled(estimate: Decimal, tokens: int, billed: int | None) -> Decimal:
    """What a training costs once its tokens are counted, at the price that it was estimated with.

    Args:
        estimate: the amount for `tokens`.
        tokens: as they were estimated.
        billed: as the service has counted them; None while it has not.
    """
    if billed is None or not tokens:
        return estimate
    with localcontext(prec=_DIGITS):
        return (estimate * billed / tokens).quantize(_UNIT, ROUND_HALF_EVEN)


def rows(source: Source, owner: str, data: str) -> list[KeyedRow] | None:
    """The keyed digests of a dataset's examples."""
    found = source.ask(_ROWS, {"owner": owner, "data": data})
    return unpacked(found[0][0]) if found else None


def secret(source: Source) -> bytes | None:
    """What digests are keyed with in this ledger."""
    found = source.ask("SELECT secret FROM secrets", {})
    return bytes(found[0][0]) if found else None


# --- how values stand in a column


def scores_text(scores: Iterable[Score]) -> str:
    """Scores as JSON: names of metrics and numbers, no labels, as labels are example text."""
    return json.dumps(
        [[str(each.metric.name), each.value, each.baseline, each.passed] for each in scores]
    )


def scores_in(text: str) -> tuple[PastScore, ...]:
    """The reverse."""
    return tuple(PastScore(*each) for each in json.loads(text))


def evaluation_in(row: Row) -> PastEvaluation:
    """A row of evaluations as a value."""
    remote, gate, passed, scores, must_pass, failed, at = row
    when = datetime.fromisoformat(at)
    return PastEvaluation(remote, gate, bool(passed), scores_in(scores), must_pass, failed, when)


def packed(keyed: Iterable[tuple[bytes, bytes, int]]) -> bytes:
    """Rows as one piece: a dataset is written and read as a whole, and never searched."""
    rows = bytearray()
    for text_input, output, characters in keyed:
        assert len(text_input) == len(output) == KEY_BYTES, "a digest of another length"
        rows += _ROW.pack(text_input, output, characters)
    return bytes(rows)


def unpacked(piece: bytes) -> list[KeyedRow]:
    """The reverse."""
    return list(map(KeyedRow._make, _ROW.iter_unpack(piece)))
