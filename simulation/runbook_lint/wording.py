"""Rules RB020 and RB021: placeholders, and phrases that leave a decision to the reader."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simulation.runbook_lint.material import Material, RunbookSet
from simulation.runbook_lint.rule import Flaw, book_rule

PLACEHOLDERS = (
    r"\b(?:TODO|TBD|FIXME|TBC)\b",
    r"\b[xX]{3,}\b",
    r"<[A-Za-z][A-Za-z0-9_ -]*>",
    r"\bexample\.(?:com|org|net)\b",
    r"\blorem ipsum\b",
    r"\b(?:your|YOUR)[-_][A-Za-z_-]+",
)
PHRASES = (
    r"(?:ask|contact|call) (?:an? |the )?(?:engineering|engineers?|developers?|founder)",
    r"wait (?:for )?(?:a|some|until) (?:while|moment|bit|minute or so|few \w+|time|it (?:settles|calms))",
    r"(?:check|make sure|see|verify|confirm) (?:that |whether |if )?(?:it|they|this|everything|all) (?:looks?|is|are) "
    r"(?:right|good|ok|okay|fine|normal|correct|reasonable|in order)",
    r"looks? (?:right|good|ok|okay|fine|normal|correct|reasonable|healthy)",
    r"should (?:look|be (?:fine|ok|okay|good|enough)|work|probably|normally)",
    r"(?:if|as|when|where) (?:necessary|needed|appropriate|applicable|required)",
    r"use (?:your )?(?:best )?judge?ment",
    r"(?:or|and) (?:something )?similar",
    r"(?:probably|presumably|roughly|approximately|hopefully|somehow)",
    r"(?:etc|and so on|and so forth)",
    r"investigate (?:further|the cause|as)",
    r"try (?:again )?(?:later|a few times)",
)
_REMEDY = "state the command, its exact output, and where to go on for each case"


@book_rule("RB020", "No placeholder is left in the text")
def no_placeholder(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    for line, text in _found(book, PLACEHOLDERS, flags=0):
        yield Flaw(line=line, message=f"{text!r} is a placeholder", remedy="write what is meant")


@book_rule("RB021", "No phrase leaves a decision to the reader")
def no_vague_phrase(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    for line, text in _found(book, PHRASES, flags=re.IGNORECASE):
        yield Flaw(line=line, message=f"{text!r} leaves it to the reader", remedy=_REMEDY)


def _found(book: RunbookSet, patterns: tuple[str, ...], *, flags: int) -> Iterator[tuple[int, str]]:
    """(line, matched words) of every match; a phrase may be broken across lines."""
    for pattern in patterns:
        bounded = pattern if pattern.startswith((r"\b", "<")) else rf"\b(?:{pattern})\b"
        for match in re.finditer(bounded.replace(" ", r"\s+"), book.page.text, flags):
            yield book.page.line_at(match.start()), " ".join(match[0].split())
