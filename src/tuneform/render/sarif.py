"""Diagnostics and findings of the policy as SARIF 2.1.0, for code scanning.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, and what GitHub reads of
it, https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning
/sarif-support-for-code-scanning. No line of a file is in it: that could hold a secret.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tuneform.domain.diagnostic import Diagnostic, Place
from tuneform.render import plain
from tuneform.render.in_repository import in_repository
from tuneform.render.plain import JsonValue

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"
_FINGERPRINT = "tuneform/v1"
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")
"""The start of what section 3.11.6 takes for a link in a message, even in a plain one."""


def sarif_json(
    diagnostics: Sequence[Diagnostic],
    *,
    version: str,
    folder: str = "",
    secrets: Sequence[str] = (),
) -> dict[str, JsonValue]:
    """A log of one run: each code a rule, each diagnostic a result.

    Args:
        diagnostics: what was found, in the order to tell it.
        version: of tuneform.
        folder: the project directory relative to the repository, with `/`.
        secrets: redacted in all text.
    """
    teller = _Teller(folder, tuple(secrets))
    first = {each.code: each for each in reversed(diagnostics)}
    codes = sorted(first)
    driver: dict[str, JsonValue] = {
        "name": "tuneform",
        "semanticVersion": version,
        "rules": [teller.rule(first[code]) for code in codes],
    }
    seen: Counter[str] = Counter()
    results: list[JsonValue] = []
    for each in diagnostics:
        identity = teller.identity(each)
        seen[identity] += 1
        fingerprint: JsonValue = {_FINGERPRINT: f"{identity}:{seen[identity]}"}
        result = teller.result(each, codes.index(each.code))
        results.append({**result, "partialFingerprints": fingerprint})
    run: dict[str, JsonValue] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


@dataclass(frozen=True, slots=True)
class _Teller:
    """Says diagnostics in the words of SARIF."""

    folder: str
    secrets: tuple[str, ...]

    def rule(self, diagnostic: Diagnostic) -> JsonValue:
        """What a code means; summaries are stable and hold no user data."""
        summary = self._message(diagnostic.summary)
        return {
            "id": diagnostic.code,
            "shortDescription": summary,
            "fullDescription": summary,
            "help": summary,
            "defaultConfiguration": {"level": diagnostic.severity.value},
        }

    def result(self, diagnostic: Diagnostic, rule: int) -> dict[str, JsonValue]:
        """One diagnostic; its rule is the one at that index."""
        hint = f"Hint: {diagnostic.hint}" if diagnostic.hint else ""
        said = " ".join(filter(None, (diagnostic.detail or diagnostic.summary, hint)))
        location = self._location(diagnostic)
        return {
            "ruleId": diagnostic.code,
            "ruleIndex": rule,
            "level": diagnostic.severity.value,
            "message": self._message(said),
            "locations": [location] if location else [],
        }

    def identity(self, diagnostic: Diagnostic) -> str:
        """The same for the same mistake, wherever in its file it has moved to."""
        file = diagnostic.place.file if diagnostic.place else ""
        parts = (diagnostic.code, file, diagnostic.subject, diagnostic.field, diagnostic.detail)
        text = "\0".join(self._shown(part) for part in parts)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _location(self, diagnostic: Diagnostic) -> dict[str, JsonValue]:
        told: dict[str, JsonValue] = {}
        if diagnostic.place is not None and diagnostic.place.file:
            told["physicalLocation"] = self._physical(diagnostic.place)
        name = " ".join(filter(None, (diagnostic.subject, diagnostic.field)))
        if name:
            told["logicalLocations"] = [{"fullyQualifiedName": self._shown(name)}]
        return told

    def _physical(self, place: Place) -> JsonValue:
        path = in_repository(plain.redact(place.file, self.secrets), self.folder)
        uri = quote(path, safe="/", errors="surrogatepass")
        told: dict[str, JsonValue] = {"artifactLocation": {"uri": uri, "uriBaseId": _ROOT}}
        if place.line:
            column: dict[str, JsonValue] = {"startColumn": place.column} if place.column else {}
            told["region"] = {"startLine": place.line, **column}
        return told

    def _message(self, text: str) -> JsonValue:
        return {"text": _LINK.sub(r"\\[", self._shown(text))}

    def _shown(self, text: str) -> str:
        return plain.clean(plain.redact(text, self.secrets))
