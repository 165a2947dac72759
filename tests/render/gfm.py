"""Markdown as readers get it: parsed, then looked through as GitHub's filters do it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tuneform.render import plain

from .laws import FOREIGN

if TYPE_CHECKING:
    from markdown_it.token import Token

_PARSER = MarkdownIt("gfm-like")  # tables, strikethrough, and links wherever a host may be meant
GAP = "\u200b"

HOSTILE = st.lists(
    st.one_of(
        FOREIGN,
        st.sampled_from(
            (
                "@team",
                "#1",
                "a/b#12",
                "GH-7",
                "gh-7",
                "https://host.example/a?b=c#d",
                "http://host.example",
                "ftp://host.example",
                "www.host.example",
                "host.com",
                "1.host.com",
                "//localhost",
                "mailto:a@host.example",
                "a@host.example",
                "<https://host.example>",
                "[a](https://host.example)",
                "![a](https://host.example/b.png)",
                "[a]",
                "[a]: https://host.example",
                "[^1]",
                "<img src=x onerror=y>",
                "<!--",
                "-->",
                "</details>",
                "</code>",
                "<",
                "&lt;",
                "&#64;team",
                "&",
                "`",
                "``",
                "```",
                "~~~",
                "~~x~~",
                "**x**",
                "*",
                "_x_",
                "__",
                "|",
                "\\",
                "\\|",
                "\\`",
                "$x$",
                "$$",
                "$`x`$",
                ":x:",
                ":+1:",
                ":",
                "# x",
                "- x",
                "+ x",
                "1. x",
                "1) x",
                "> x",
                "===",
                "---",
                "| - |",
                "\n",
                "\n\n",
                "    x",
                " ",
                "  \n",
                "\t",
                "0123456789abcdef0123456789abcdef01234567",
                "deadbeef1",
                "x",
            )
        ),
    ),
    max_size=8,
).map("".join)
"""What somebody may write who wishes that a comment does more than being read."""

_SUMMARY = re.compile(
    r"<details(?: open)?>\n<summary>(?:[^<>]|</?(?:code|b|span)>)*</summary>\n*\Z"
)
_MARKER = re.compile(r"<!-- tuneform:[a-z]+ [A-Za-z0-9/_.-]* -->\n*\Z")
_ALLOWED_INLINE = {"<span>", "</span>", "<code>", "</code>"}
_ALLOWED = {
    *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline"),
    *("table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
    *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close"),
    *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
    *("fence", "html_block"),
}
_FILTERS = (
    re.compile(r"@\w"),
    re.compile(r"#\d"),
    re.compile(r"\bgh-\d", re.IGNORECASE),
    re.compile(r":[\w+-]+:"),
    re.compile(r"\$[^$]+\$"),
    re.compile(r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,}\b", re.IGNORECASE),
    re.compile(r"https?://|ftp://|www\.", re.IGNORECASE),
)


def tokens(text: str) -> list[Token]:
    return _PARSER.parse(text)


def assert_inert(text: str) -> None:
    """A document has no structure but ours, and nothing that a filter would act on."""
    for token in tokens(text):
        assert token.type in _ALLOWED, token
        if token.type == "heading_open":
            assert token.tag == "h2"
        if token.type == "html_block":
            _assert_ours(token.content)
        for node in text_nodes(token.children or []):
            for each in _FILTERS:
                assert not each.search(node), (each.pattern, node)


def _assert_ours(block: str) -> None:
    assert block.strip() == "</details>" or _SUMMARY.match(block) or _MARKER.match(block), block
    for node in re.split(r"<[^>]*>", block):
        for each in _FILTERS:
            assert not each.search(html.unescape(node)), (each.pattern, block)


def text_nodes(children: list[Token]) -> Iterator[str]:
    """Runs of text between elements, code left out: what GitHub's filters look at one by one."""
    run, code = "", False
    for child in children:
        if child.type in ("text", "text_special"):
            run += child.content
            continue
        if child.type == "softbreak":
            run += "\n"
            continue
        assert child.type in ("code_inline", "html_inline", "strong_open", "strong_close"), child
        if child.type == "html_inline":
            assert child.content in _ALLOWED_INLINE
        if not code:
            yield run
        run = ""
        code = child.content == "<code>" or (code and child.content != "</code>")
    if not code:
        yield run


def read(text: str) -> str:
    """What a reader sees, without any space."""
    seen = []
    for token in tokens(text):
        if token.type == "fence":
            seen.append(token.content)
        if token.type == "html_block":
            seen.append(html.unescape(re.sub(r"<[^>]*>", "", token.content)))
        shown = ("text", "text_special", "code_inline")
        seen += [child.content for child in token.children or [] if child.type in shown]
    return squeezed("".join(seen))


def squeezed(text: str) -> str:
    return "".join(text.replace(GAP, "").split())


def as_read(foreign: str) -> str:
    """What a reader sees of foreign text."""
    return squeezed(plain.clean(foreign))
