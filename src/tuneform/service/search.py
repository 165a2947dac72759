"""The `filter` of tunedModels.list: words, phrases and four operators.

The API document names full text search over description and display name, and `owner:me`,
`writers:me`, `readers:me`, `readers:everyone`. Everything in a filter must hold. A word matches a
whole word, whatever its case; what stands in quotes, or hangs together, matches words in a row.
"""

import re
from dataclasses import dataclass

from tuneform.service.access import RANK, own_rank
from tuneform.service.errors import invalid_field
from tuneform.service.records import Model, Permission

_TERM = re.compile(r'"([^"]*)"|(\S+)')
_WORD = re.compile(r"\w+")

_MINE = {"owner:me": "OWNER", "writers:me": "WRITER", "readers:me": "READER"}
_PUBLIC = "readers:everyone"
MAX_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Search:
    """A filter that was understood."""

    phrases: tuple[str, ...]
    """Each in the form in which texts are compared."""
    ranks: tuple[int, ...]
    """What the caller must have been granted by name."""
    public: bool
    """Whether only models shared with everyone are wanted."""

    def takes(
        self, model: Model, permissions: list[Permission], caller: str, *, hide_public: bool
    ) -> bool:
        """Whether a model belongs into the answer.

        Args:
            model: the candidate.
            permissions: its permissions.
            caller: who asks.
            hide_public: whether what is shared with everyone needs an operator to be seen.
        """
        if not self._shows(permissions, caller, hide_public=hide_public):
            return False
        resource = model.resource
        texts = [_folded(resource.get(key, "")) for key in ("displayName", "description")]
        return all(any(phrase in text for text in texts) for phrase in self.phrases)

    def _shows(self, permissions: list[Permission], caller: str, *, hide_public: bool) -> bool:
        everyone = any(p.grantee_type == "EVERYONE" for p in permissions)
        granted = own_rank(caller, permissions)
        if self.public and not everyone:
            return False
        if self.ranks:
            return granted >= max(self.ranks)
        return self.public or (granted > 0 and not (everyone and hide_public))


def parse_filter(text: str) -> Search:
    """Read a filter.

    Raises:
        ApiError: 400 when it is longer than 2,000 characters, or an operator names somebody
            whom the API does not know.
    """
    if len(text) > MAX_LENGTH:
        raise invalid_field("filter", "must not be longer than 2,000 characters")
    phrases, ranks, public = [], [], False
    for quoted, bare in _TERM.findall(text):
        if bare in _MINE:
            ranks.append(RANK[_MINE[bare]])
        elif bare == _PUBLIC:
            public = True
        elif bare.startswith(("owner:", "writers:", "readers:")):
            raise invalid_field("filter", f"{bare!r} is not an operator of tunedModels.list")
        elif folded := _folded(quoted or bare).strip():
            phrases.append(f" {folded} ")
    return Search(tuple(phrases), tuple(ranks), public)


def _folded(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "
