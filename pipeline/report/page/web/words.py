"""Markdown of captions, notes and reasons as HTML for the page."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup


def line(text: str) -> Markup:
    """One line: emphasis, code and links. HTML in it is shown as text."""
    return Markup(_plain.renderInline(text))


def block(text: str, own: bool = False) -> Markup:
    """Paragraphs, lists and tables. `own`: the text is ours and may have HTML in it (`<details>`)."""
    return Markup((_own if own else _plain).render(text))


def _for_a_strict_page(state: StateCore) -> None:
    """Heads of columns have a scope. Cells have classes in place of styles, which the page's policy refuses."""
    for token in state.tokens:
        if token.type == "th_open":
            token.attrSet("scope", "col")
        if str(token.attrs.pop("style", "")) == "text-align:right":
            token.attrSet("class", "number")
        for link in (inner for inner in token.children or () if inner.type == "link_open"):
            _outside_of_the_page(link)


def _outside_of_the_page(link: Token) -> None:
    """A link in errata.md to a place in itself leads nowhere here, so it is left without a target."""
    if str(link.attrs.get("href", "")).startswith("#"):
        del link.attrs["href"]


def _reader(html: bool) -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": html}).enable("table")
    reader.core.ruler.push("strict_page", _for_a_strict_page)
    return reader


_plain, _own = _reader(html=False), _reader(html=True)
