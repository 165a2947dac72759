"""Reads a list to its end, page by page, or raises: a list cut short never passes for the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from msgspec import UnsetType, ValidationError

from tuneform.errors import InvalidRequest
from tuneform.providers.google.call import Call
from tuneform.providers.google.client import ApiClient

MOST_BEGINNINGS = 3
"""How often one list is begun. A service that refuses its own tokens for ever ends in an error."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Page(Protocol[T_co]):
    """Some items, and the way to more."""

    @property
    def items(self) -> Sequence[T_co] | UnsetType:
        """UNSET where the reply names none."""
        ...

    @property
    def next_page_token(self) -> str | UnsetType:
        """UNSET or empty on the last page."""
        ...


def read_pages(
    client: ApiClient,
    make: Callable[[str | None], Call],
    decode: Callable[[bytes], Page[T]],
) -> Iterator[T]:
    """All items of all pages, in the order of the service. Pages are fetched one after another.

    A page token may expire while the list is read: then the list is begun again, and items of the
    pages before come twice.

    Args:
        client: sends the calls.
        make: the call for a page token; None for the first page.
        decode: reads one page.

    Raises:
        RemoteError: a page could not be had. BadReply where it is no page, or where the service
            names a page again that was already read.
    """
    token: str | None = None
    used: set[str] = set()
    begun = 1
    while True:
        call = make(token)
        try:
            page = client.fetch(call, partial(_page, decode))
        except InvalidRequest:
            if token is None or begun == MOST_BEGINNINGS:
                raise
            token, begun = None, begun + 1
            used.clear()
            continue
        if not isinstance(page.items, UnsetType):
            yield from page.items
        if not page.next_page_token:
            return
        token = str(page.next_page_token)
        if token in used:
            raise client.bad_reply(call, "the list has no end: it names the same page twice")
        used.add(token)


def _page(decode: Callable[[bytes], Page[T]], body: bytes) -> Page[T]:
    """An empty list is an empty object. Any other object without items is not a list at all.

    Taken for an empty list it would tell the plan that nothing is live.
    """
    page = decode(body)
    unset = isinstance(page.items, UnsetType) and not page.next_page_token
    if unset and b"".join(body.split()) != b"{}":
        raise ValidationError("it is not a page of a list")
    return page
