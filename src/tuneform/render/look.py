"""How text is to look: one small value that is handed down to every renderer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tuneform.render import plain


class Style(StrEnum):
    """Colours and weights, as parameters of SGR (ECMA-48, 8.3.117): `ESC [ … m`."""

    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    MAGENTA = "35"
    CYAN = "36"
    BOLD_RED = "1;31"
    BOLD_YELLOW = "1;33"


@dataclass(frozen=True, slots=True)
class Look:
    """How text is to look.

    Attributes:
        width: of a line, in terminal cells; single words may be longer.
        colour: whether SGR sequences are understood. Nothing is said by colour alone.
        unicode: whether more than ASCII can be shown; else foreign text is escaped.
        secrets: redacted in all foreign text, before a line break can hide one.
    """

    width: int = 80
    colour: bool = False
    unicode: bool = True
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def clean(self, text: str) -> str:
        """Foreign text as one line that is safe to show here."""
        if self.secrets:
            text = plain.redact(text, self.secrets)
        text = plain.clean(text)
        if self.unicode or text.isascii():
            return text
        return text.encode("ascii", "backslashreplace").decode()

    def paint(self, text: str, style: Style | None) -> str:
        """Text in a style, where colour is understood."""
        if style is None or not self.colour or not text:
            return text
        return f"\x1b[{style.value}m{text}\x1b[0m"

    @property
    def ellipsis(self) -> str:
        """What stands for text that was left out."""
        return "…" if self.unicode else "..."
