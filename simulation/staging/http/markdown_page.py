"""Markdown as HTML for the pages of runbooks: no script, no markup of the author's, no link to what is not served."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token

_NO_WORD = re.compile(r"[^\w\- ]")
_BREAKS = re.compile(r"(?<=\w_)(?=\w)|(?<=[a-z])(?=[A-Z])")
_KINDS = {"sh": "command", "text": "output"}


def html_of(markdown: str, *, address: Callable[[str], str | None]) -> str:
    """The page's inner HTML.

    :param address: of a link's target as written; None: the text stays, without a link.
    """
    tokens = _parser().parse(markdown)
    _name_headings(tokens)
    _name_cells(tokens)
    for token in tokens:
        _lead(token.children or (), address)
    rendered: str = _parser().renderer.render(tokens, _parser().options, {})
    return rendered


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("text", _text)
    parser.add_render_rule("code_inline", _code)
    parser.add_render_rule("td_close", lambda *_: "</span></td>\n")
    parser.add_render_rule("td_open", _cell)
    parser.add_render_rule("table_open", lambda *_: '<div class="wide"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def _fence(_renderer: Any, tokens: Sequence[Token], index: int, _options: Any, _environment: Any) -> str:
    token = tokens[index]
    kind = _KINDS.get(token.info.strip(), "example")
    return f'<pre class="{kind}"><code>{escapeHtml(token.content)}</code></pre>\n'


def _text(_renderer: Any, tokens: Sequence[Token], index: int, _options: Any, _environment: Any) -> str:
    return breakable(tokens[index].content)


def _code(_renderer: Any, tokens: Sequence[Token], index: int, _options: Any, _environment: Any) -> str:
    return f"<code>{breakable(tokens[index].content)}</code>"


def _cell(_renderer: Any, tokens: Sequence[Token], index: int, _options: Any, _environment: Any) -> str:
    """What stands in it is one thing beside the name of its column."""
    return f'<td data-label="{escapeHtml(str(tokens[index].attrGet("data-label")))}"><span>'


def breakable(text: str) -> str:
    """The text as HTML, in which a long name may go on in the next line after an underscore or before a capital."""
    return _BREAKS.sub("<wbr>", escapeHtml(text))


def _name_headings(tokens: Sequence[Token]) -> None:
    """Each heading gets the name by which GitHub links it, the second of the same words a number."""
    seen: MutableMapping[str, int] = {}
    for opening, content in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            name = _NO_WORD.sub("", content.content.lower()).replace(" ", "-")
            seen[name] = seen.get(name, -1) + 1
            opening.attrSet("id", f"{name}-{seen[name]}" if seen[name] else name)


def _name_cells(tokens: Sequence[Token]) -> None:
    """Each cell says its column, which a narrow screen shows beside it."""
    columns: list[str] = []
    column = 0
    for token, content in itertools.pairwise(tokens):
        if token.type == "table_open":
            columns = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            token.attrSet("scope", "col")
            columns.append(content.content)
        elif token.type == "td_open":
            token.attrSet("data-label", columns[column])
            column += 1


def _lead(tokens: Sequence[Token], address: Callable[[str], str | None]) -> None:
    """Give each link the address that is served here, or take it away."""
    for opening, closing in _links(tokens):
        target = address(str(opening.attrGet("href")))
        if target is None:
            opening.hidden = closing.hidden = True
        else:
            opening.attrSet("href", target)


def _links(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    """The two ends of each link; Markdown has none within another."""
    opening: Token | None = None
    for token in tokens:
        if token.type == "link_open":
            opening = token
        elif token.type == "link_close" and opening is not None:
            yield opening, token
