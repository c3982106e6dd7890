"""Takes an SQL file apart as ``psql`` does, so that each statement is known with its line.

PostgreSQL tells the place of a mistake only where it parses; of everything else (a row that is there already, an
extension that is not) it names no place, so a file must be sent a statement at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simulation.errors import UsageError

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
  | (?P<comment>--[^\n]*)
  | (?P<block>/\*)
  | [eE]'(?:[^'\\]|\\.|'')*'
  | '(?:[^']|'')*'
  | "(?:[^"]|"")*"
  | (?P<dollar>\$(?:[^\W\d]\w*)?\$).*?(?P=dollar)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<meta>\\[^\n]*)
  | .
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_FROM_STDIN = re.compile(r"\s*COPY\b.*\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
_END_OF_ROWS = re.compile(r"^\\\.[ \t]*$", re.MULTILINE)
_OF_PSQL_ALONE = ("restrict", "unrestrict", "connect", "c", "set", "echo", "encoding", "pset", "timing", "q")
"""Commands that change nothing in the database; a dump has some of them."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """:ivar line: where it begins in its file, comments before it left out.
    :ivar rows: what follows ``COPY … FROM stdin``, up to the line that ends it; None for any other statement.
    """

    text: str
    line: int
    rows: str | None = None

    def line_of(self, position: int) -> int:
        """Line in the file of its ``position``-th character, counted from 1; its first for 0."""
        return self.line + self.text.count("\n", 0, max(0, position - 1))


def statements_of(text: str, *, file: Path) -> Iterator[Statement]:
    """The statements of a script, in their order.

    :param file: where it comes from, for messages.
    :raises UsageError: it has a command of psql's that brings other SQL in.
    """
    at, line = 0, 1
    while at < len(text):
        begin, end = _next(text, at, file=file, line=line)
        if begin == end:
            return
        line += text.count("\n", at, begin)
        statement, at = text[begin:end], end
        rows = None
        if _FROM_STDIN.match(statement):
            first = text.find("\n", end) + 1 or len(text)
            last = _END_OF_ROWS.search(text, first)
            rows, at = (text[first:], len(text)) if last is None else (text[first : last.start()], last.end())
        yield Statement(text=statement.removesuffix(";"), line=line, rows=rows)
        line += text.count("\n", begin, at)


def _next(text: str, at: int, *, file: Path, line: int) -> tuple[int, int]:
    """Begin and end of the next statement; both the same when there is none. An end that lacks is that of the file."""
    start, begin = at, -1
    parentheses = 0
    words: list[str] = []
    block = 0  # of a function whose body is SQL itself: BEGIN ATOMIC … END
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None
        kind, said, at = match.lastgroup, match[0], match.end()
        if kind in ("blank", "comment"):
            continue
        if kind == "block":
            at = _end_of_comment(text, at)
            continue
        if kind == "meta" and begin < 0:
            _let_psql_go(said, place=f"{file}:{line + text.count(chr(10), start, match.start())}")
            continue
        if said == ";" and begin < 0:  # an empty statement
            continue
        begin = match.start() if begin < 0 else begin
        if kind == "word":
            words.append(said.upper())
            block += _depth_by(words, inside=block > 0)
        parentheses += (said == "(") - (said == ")")
        if said == ";" and parentheses <= 0 and not block:
            return begin, at
    return (at, at) if begin < 0 else (begin, at)


def _depth_by(words: list[str], *, inside: bool) -> int:
    """How the last word changes the depth of a body ``BEGIN ATOMIC … END``, in which ``CASE … END`` nests."""
    if inside:
        return {"CASE": 1, "END": -1}.get(words[-1], 0)
    routine = words[0] == "CREATE" and not {"FUNCTION", "PROCEDURE"}.isdisjoint(words[:4])
    return int(routine and words[-2:] == ["BEGIN", "ATOMIC"])


def _end_of_comment(text: str, at: int) -> int:
    """Where a comment ends whose ``/*`` is before ``at``; they nest."""
    depth = 1
    while depth:
        edge = _BLOCK_EDGE.search(text, at)
        if edge is None:
            return len(text)
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return at


def _let_psql_go(command: str, *, place: str) -> None:
    """:raises UsageError: leaving the command out would change what the script does."""
    name = command[1:].split(maxsplit=1)[0] if command[1:].strip() else ""
    if name not in _OF_PSQL_ALONE:
        raise UsageError(
            place=place,
            problem=f"\\{name} is a command of psql, which is not there",
            remedy="write the SQL itself in its place, or let psql load it: "
            '[database] migrate = ["psql", "${MIGRATION_URL}", "-v", "ON_ERROR_STOP=1", "-f", "schema.sql"]',
        )
