"""Where in an expression a problem is. The parser does not say, so it is asked about parts of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import promql_parser as promql

_TOKEN = re.compile(r"""#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[\w:.]+|[^\w\s]""", re.DOTALL)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_MOST_TRIED = 300
"""A longer text is not searched for the place: each of its words would be tried with every way to go on."""
_UNSPECIFIC = "invalid promql query"
"""What the parser says both of a wrong word and of an end that comes too early."""
_SYNTAX = (_UNSPECIFIC, "unexpected", "unclosed", "bad", "no expression")
"""How its errors begin that are not about types."""
_CONTINUATIONS = ("", "x", "(x)", "a", "(a) (x)", "a) (x)", ") (x)", "5m", '"b"', '="b"', 'a="b"', "= 1", "=x")
"""Ways to go on from a beginning that is right so far, before its brackets are closed."""


def place_of_syntax_error(text: str, error: str) -> int:
    """Offset of the token that is wrong: the first with which the text has the same error, however it goes on."""
    tokens = list(_tokens(text))
    if len(tokens) > _MOST_TRIED:
        return 0
    if error.startswith("unclosed"):
        return _unclosed(text, tokens)[-1]
    for start, end in tokens:
        if error == _UNSPECIFIC:
            wrong = all(_error_of(whole).startswith(_SYNTAX) for whole in _continued(text[:end]))
        else:
            wrong = _error_of(text[:end]) == error
        if wrong:
            return start
    return tokens[-1][0] if tokens else 0


def place_of_name(text: str, name: str) -> int | None:
    """Offset of the first use of ``name`` outside strings; None if there is none."""
    return next((start for start, end in _tokens(text) if text[start:end] == name), None)


def described(text: str, offset: int) -> str:
    """A column, and the line if the expression has several; both count from 1."""
    line, column = text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f"column {column}" if "\n" not in text.strip() else f"line {line}, column {column}"


def _tokens(text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _TOKEN.finditer(text) if not found[0].startswith("#"))


def _unclosed(text: str, tokens: list[tuple[int, int]]) -> list[int]:
    """Offsets of the brackets that are open at the end, the innermost last; the text's begin if there is none."""
    opened = [0]
    for start, end in tokens:
        if text[start:end] in _CLOSING:
            opened.append(start)
        elif text[start:end] in _CLOSING.values() and len(opened) > 1:
            opened.pop()
    return opened


def _continued(beginning: str) -> Iterator[str]:
    for more in _CONTINUATIONS:
        text = f"{beginning} {more}"
        opened = _unclosed(text, list(_tokens(text)))[1:]
        yield text + "".join(_CLOSING[text[at]] for at in reversed(opened))


def _error_of(text: str) -> str:
    try:
        promql.parse(text)
    except ValueError as error:
        return str(error)
    return ""
