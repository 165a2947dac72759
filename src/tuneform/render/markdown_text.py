"""Foreign text inside GitHub's Markdown: it reads as it was written, and does nothing.

GitHub reads a comment twice. CommonMark with GFM's extensions makes HTML of it; filters then look
for mentions, issues, commits, emoji and mathematics in the text of that HTML, where no escape of
Markdown is left. So what is Markdown is escaped, and what the filters look for is broken up by a
space without a width, which `clean` shows by number wherever it is not ours.

Knows no value of ours.

Sources: https://github.github.com/gfm/ and
https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import MappingProxyType

from tuneform.render import plain

_GAP = "&#8203;"  # a space without a width, as an entity: what is hidden can be seen in the source
_LEAST_FENCE = 3
_HASH_PART = 6  # GitHub takes seven hexadecimal digits for a commit

_GUARDED = r"""
    (?P<name>[@#]|:(?!\ |\Z))               # mentions, issues, emoji, addresses such as https://
  | (?P<head>\bgh-(?=\d)|www(?=\.))         # issues once more, addresses without https://
  | (?P<hash>\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,}\b)
  | (?P<math>\$)
  | (?P<markup>[<>&|])                      # the pipe as well: it would end a cell
"""
_HTML = re.compile(_GUARDED, re.VERBOSE | re.IGNORECASE)
_MARKDOWN = re.compile(
    _GUARDED
    + r"""
  | (?P<slashes>//)                         # the start of an address without its scheme
  | (?P<mark>[\\`*_~\[\]]|\.(?=\S)(?!(?<=\d\.)\d))  # a dot may be that of a host's name
  | (?P<start>\A(?:[-+=]|\d+[.)](?=\s|\Z)))  # lists and underlined headings
  | (?P<edge>\A\ |\ \Z)                     # code blocks and hard line breaks
""",
    re.VERBOSE | re.IGNORECASE,
)
_ENTITIES = MappingProxyType({"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;", '"': "&quot;"})
_SPAN = re.compile(r"[^`|$\s](?:[^`|$\n]*[^`|$\s])?")
"""What may stand between two backticks as it is, in a cell as well."""


@dataclass(frozen=True, slots=True)
class Escaper:
    """Makes foreign text harmless. Every result is one line, `fence` apart.

    Attributes:
        secrets: redacted before anything is cut or escaped, which could hide one.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)

    def plain(self, text: str, most: int = 0) -> str:
        """Redacted, cut to `most` characters (0: not cut), hidden characters by number."""
        text = plain.redact(text, self.secrets)
        if most and len(text) > most:
            text = text[: most - 1] + "…"
        return plain.clean(text)

    def text(self, text: str, most: int = 0) -> str:
        """For paragraphs, list items, headings and cells."""
        return _MARKDOWN.sub(_escape, self.plain(text, most))

    def html(self, text: str, most: int = 0) -> str:
        """For HTML that stands in a block of its own, where Markdown means nothing."""
        return _HTML.sub(_escape, self.plain(text, most))

    def code(self, text: str, most: int = 0) -> str:
        """As code, in a line or a cell; where backticks cannot hold it, in an element."""
        shown = self.plain(text, most)
        if _SPAN.fullmatch(shown):
            return f"`{shown}`"
        return f"<code>{_MARKDOWN.sub(_escape, shown)}</code>" if shown else ""

    @staticmethod
    def fence(lines: Iterable[str], language: str = "text") -> str:
        """Lines that `plain` made, between backticks of which there are more than in any line."""
        shown = [plain.clean(line) for line in lines]
        runs = (len(run) for line in shown for run in re.findall("`+", line))
        marks = "`" * max(_LEAST_FENCE, 1 + max(runs, default=0))
        return "\n".join((f"{marks}{language}", *shown, marks))


def _escape(match: re.Match[str]) -> str:
    """What stands for what was found, by the name of the group that found it."""
    found = match[0]
    match match.lastgroup:
        case "name" | "head":
            shown = found + _GAP
        case "hash":
            parts = range(0, len(found), _HASH_PART)
            shown = _GAP.join(found[at : at + _HASH_PART] for at in parts)
        case "math":
            shown = "<span>$</span>"  # what GitHub's page on mathematics says to write
        case "markup":
            shown = _ENTITIES[found]
        case "slashes":
            shown = r"/\/"
        case "edge":
            shown = "&#32;"
        case _:
            shown = f"{found[:-1]}\\{found[-1]}"
    return shown
