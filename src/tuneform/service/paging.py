"""Pages of a list: sizes, and tokens that nobody but their maker can read.

A token says after which row to go on. It is bound to the data file, the list and its parameters:
one that was made for another question, or changed by a hair, is refused rather than answered with
a page that looks complete.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tuneform.service.errors import ApiError, Violation, invalid, invalid_field

_Item = TypeVar("_Item")

_SEAL_BYTES = 12
_ROW_BYTES = 8


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many items a page has when nothing is asked for, and at most."""

    default: int
    most: int

    def of(self, query: Mapping[str, Any]) -> int:
        """The size for a request; 0 and absent mean the default, too large is cut."""
        asked = int(query.get("page_size", 0))
        if asked < 0:
            raise invalid_field("page_size", "must not be negative")
        return min(asked, self.most) or self.default


@dataclass(frozen=True, slots=True)
class Pager:
    """Makes and reads the tokens of one list with fixed parameters."""

    service_id: str
    question: tuple[str, ...]
    """The list's name and every parameter that must not change between pages."""

    def after(self, query: Mapping[str, Any]) -> int:
        """The row after which the asked page begins; 0 for the first page.

        Raises:
            ApiError: 400 when the token is not one of this list's.
        """
        token = query.get("page_token", "")
        if not token:
            return 0
        try:
            raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError, ValueError) as error:
            raise bad_token() from error
        row = int.from_bytes(raw[:_ROW_BYTES], "big")
        if token != self.token(row):  # the bytes could be written in more than one way
            raise bad_token()
        return row

    def token(self, row: int) -> str:
        """The token that goes on after this row."""
        raw = row.to_bytes(_ROW_BYTES, "big")
        return base64.urlsafe_b64encode(raw + self._seal(raw)).decode("ascii")

    def _seal(self, row: bytes) -> bytes:
        text = "\0".join((self.service_id, *self.question)).encode("utf-8", "replace")
        return hashlib.sha256(text + b"\0" + row).digest()[:_SEAL_BYTES]

    def page(
        self,
        key: str,
        items: Sequence[_Item],
        size: int,
        row: Callable[[_Item], int],
        show: Callable[[_Item], Any],
    ) -> dict[str, Any]:
        """The answer of a list.

        Args:
            key: the name of the list field.
            items: at most one more than the size.
            size: how many to show.
            row: where an item stands in the list.
            show: an item's JSON.
        """
        answer: dict[str, Any] = {}
        if items:
            answer[key] = [show(item) for item in items[:size]]
        if len(items) > size:
            answer["nextPageToken"] = self.token(row(items[size - 1]))
        return answer


def bad_token() -> ApiError:
    """400 for a token that this list did not make, or does not know any more."""
    description = "The page token is not valid for this list and these parameters."
    return invalid(description, Violation("page_token", description))
