"""Links and anchors of a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt

_PUNCTUATION = re.compile(r"[^\w\- ]")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class MarkdownLink:
    """A link or image. ``target`` as written; ``line`` is the first line of its paragraph or table row, from 1."""

    line: int
    target: str


@dataclass(frozen=True, kw_only=True)
class MarkdownPage:
    """One Markdown file."""

    file: Path
    text: str

    @property
    def body(self) -> str:
        """The text with the front matter's lines emptied, so that line numbers stay the same."""
        return _FRONT_MATTER.sub(lambda block: "\n" * block[0].count("\n"), self.text, count=1)

    @cached_property
    def links(self) -> tuple[MarkdownLink, ...]:
        return tuple(self._links())

    @cached_property
    def anchors(self) -> frozenset[str]:
        """Anchors of the headings, as Markdown renderers make them: lower case, hyphens for spaces, no punctuation."""
        tokens = MarkdownIt("commonmark").parse(self.body)
        headings = (tokens[index + 1].content for index, token in enumerate(tokens) if token.type == "heading_open")
        return frozenset(_PUNCTUATION.sub("", heading.lower()).replace(" ", "-") for heading in headings)

    def line_at(self, offset: int) -> int:
        """Line number, from 1, of the character at ``offset``."""
        return self.text.count("\n", 0, offset) + 1

    def _links(self) -> Iterator[MarkdownLink]:
        for token in MarkdownIt("commonmark").enable("table").parse(self.body):
            for child in token.children or ():
                if child.type in ("link_open", "image"):
                    target = child.attrs.get("href") or child.attrs.get("src") or ""
                    yield MarkdownLink(line=(token.map or (0, 0))[0] + 1, target=str(target))
