"""Lists of jobs, Models and Endpoints: filtered, in pages, and as late as faults ask for."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tuneform.service.call import Answer, Call
from tuneform.service.paging import Pager, Sizes
from tuneform.service.records import Resource
from tuneform.service.subject import Subject
from tuneform.service.vertex.filters import Term
from tuneform.service.vertex.ground import Ground
from tuneform.service.vertex.rows import Row, Rows
from tuneform.service.vertex.subjects import subject_of

SIZES = Sizes(default=100, most=1000)


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing as a list shows it, and as it is still shown when it is gone."""

    seq: int
    kind: str
    parent: str
    resource: Resource

    @property
    def subject(self) -> Subject:
        """What faults know it by."""
        return subject_of(self.kind, self.resource)


class Listing:
    """Reads as the faults make them."""

    def __init__(self, ground: Ground) -> None:
        self._store = ground.store
        self._injector = ground.injector

    def page(
        self,
        call: Call,
        kind: str,
        parent: str,
        show: Callable[[Rows], Callable[[Row], Resource]],
        terms: Iterable[Term],
        *,
        key: str = "",
    ) -> Answer:
        """A page of a list, in the order of creation.

        Args:
            call: the request.
            kind: of the rows.
            parent: below which they are.
            show: makes, for one transaction, what shows a row.
            terms: conditions that all must hold.
            key: the name of the list field, if it is not the kind.
        """
        question = (kind, parent, call.query.get("filter", ""))
        pager = Pager(self._store.service_id, question)
        after, size = pager.after(call.query), SIZES.of(call.query)
        terms = tuple(terms)
        found: list[Shown] = []
        with self._store.reading() as tables:
            rows = Rows(tables)
            for each in self._there(rows, kind, parent, show(rows), after):
                if all(term.takes(each.resource) for term in terms):
                    found.append(each)
                if len(found) > size:
                    break
        return pager.page(
            key or kind, found, size, lambda each: each.seq, lambda each: each.resource
        )

    def _there(
        self,
        rows: Rows,
        kind: str,
        parent: str,
        show: Callable[[Row], Resource],
        after: int,
    ) -> Iterator[Shown]:
        """What is there or still seems to be, but for what does not seem to be there yet."""
        ghosts = sorted(
            (
                ghost
                for ghost in self._injector.ghosts(Shown, "", in_list=True)
                if (ghost.kind, ghost.parent) == (kind, parent) and ghost.seq > after
            ),
            key=lambda ghost: ghost.seq,
        )
        for row in rows.of(kind, parent, after=after):
            while ghosts and ghosts[0].seq < row.seq:
                yield ghosts.pop(0)
            each = Shown(row.seq, kind, parent, show(row))
            if not self._hides(each, in_list=True):
                yield each
        yield from ghosts

    def _hides(self, each: Shown, *, in_list: bool) -> bool:
        if self._injector.idle:
            return False
        created: str = each.resource["createTime"]
        return self._injector.hides(each.subject, created, in_list=in_list)

    def is_hidden(self, row: Row) -> bool:
        """Whether reads of one thing do not find it yet."""
        return self._hides(Shown(row.seq, row.kind, row.parent, row.resource), in_list=False)

    def ghost(self, kind: str, name: str) -> Resource | None:
        """Something that is gone, and is found all the same."""
        for ghost in self._injector.ghosts(Shown, "", in_list=False):
            if ghost.kind == kind and ghost.resource["name"] == name:
                return ghost.resource
        return None

    def gone(self, row: Row, resource: Resource) -> None:
        """Note that something was deleted."""
        ghost = Shown(row.seq, row.kind, row.parent, resource)
        self._injector.deleted(ghost, ghost.subject, "")
