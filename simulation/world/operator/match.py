"""Compares what a command printed with what its runbook expects: exactly, except for the grammar's wildcards.

``[..]`` matches anything within a line, a line ``...`` any number of lines. ``[NAME]`` matches some text that is not
empty and captures it; if the name has been captured before, it matches that text only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WILDCARD = re.compile(r"\[(?P<any>\.\.)\]|\[(?P<name>[A-Z][A-Z0-9_]*)\]")
_ANY_LINES = "..."


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Result of a comparison: new captures, and the difference, None if the output is as expected."""

    captures: Mapping[str, str]
    difference: str | None


def names_in(line: str) -> tuple[str, ...]:
    """Names of the captures in a line of expected output."""
    return tuple(match["name"] for match in _WILDCARD.finditer(line) if match["name"])


def compare(*, expected: Sequence[str], output: str, known: Mapping[str, str]) -> Comparison:
    """Whether ``output`` is what ``expected`` describes, given the captures ``known`` from earlier steps."""
    lines = output.split("\n")
    if lines[-1] == "":
        lines.pop()
    text = "".join(line + "\n" for line in lines)
    match = _pattern(expected, known).fullmatch(text)
    if match is None:
        return Comparison(captures={}, difference=_first_difference(expected, lines, known))
    return Comparison(captures=match.groupdict(), difference=None)


def _pattern(expected: Sequence[str], known: Mapping[str, str]) -> re.Pattern[str]:
    seen: set[str] = set()
    parts = [r"(?:[^\n]*\n)*?" if line == _ANY_LINES else _line_pattern(line, known, seen) + r"\n" for line in expected]
    return re.compile("".join(parts))


def _line_pattern(line: str, known: Mapping[str, str], seen: set[str]) -> str:
    """Regular expression of one line; names it defines are added to ``seen`` and repeat what they captured."""
    parts: list[str] = []
    position = 0
    for wildcard in _WILDCARD.finditer(line):
        parts.append(re.escape(line[position : wildcard.start()]))
        parts.append(_wildcard_pattern(wildcard["name"], known, seen))
        position = wildcard.end()
    return "".join((*parts, re.escape(line[position:])))


def _wildcard_pattern(name: str | None, known: Mapping[str, str], seen: set[str]) -> str:
    if name is None:
        return r"[^\n]*?"
    if name in known:
        return re.escape(known[name])
    if name in seen:
        return f"(?P={name})"
    seen.add(name)
    return f"(?P<{name}>[^\\n]+?)"


def _first_difference(expected: Sequence[str], lines: Sequence[str], known: Mapping[str, str]) -> str:
    """The first line that differs, for the postmortem; if the expected output has a ``...``, all of both outputs."""
    for number, wanted in enumerate(expected):
        if wanted == _ANY_LINES:
            break
        if number >= len(lines):
            return f"line {number + 1}: expected {wanted!r}, the output ends before it"
        if _pattern((wanted,), known).fullmatch(lines[number] + "\n") is None:
            return f"line {number + 1}: expected {wanted!r}, got {lines[number]!r}"
    else:
        if len(lines) > len(expected):
            return f"line {len(expected) + 1}: expected nothing more, got {lines[len(expected)]!r}"
    return f"expected {' / '.join(expected)!r}, got {' / '.join(lines)!r}"
