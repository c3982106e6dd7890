"""Where a text says a number and what it counts, one of it is not called by the plural: ``simulation.words.plural``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.paths import ALERTS_FOLDER, ROOT

_PLURAL = re.compile(
    r"^ (?:(?:more|other|further|different|drawn) )?(?!(?:is|was|has|waits|ends|belongs|reaches) )[a-z]+s\b"
)
_COUNTS = re.compile(
    r"len\(|sum\(|count|total|\b(?:runs|steps|lines|days|hours|minutes|attempts|times|faults|alerts)\b"
)
_IN_A_TEMPLATE = re.compile(r"(?<!of )\{\{[^{}]*(?:\|\s*length|count|strikes|triggers)[^{}]*\}\} [a-z]+s\b")
_NEVER_ONE = {
    "bytes", "characters", "shapes", "mutants", "drawn orders", "statements", "kinds", "packages", "checks", "results",
    "cores", "jobs",
}  # fmt: skip
"""Sizes beyond a limit, and what there is always much of."""
_ELSEWHERE = {
    "more than one, or none is said": ("exactly_once.py", "turned_away.py", "conformance/report.py", "results_csv.py"),
    "the runbooks are many": ("closure/runbooks.py",),
    "cells with a width of their own": ("progress.py",),
}


def _texts(source: str) -> Iterator[tuple[int, str, str, str]]:
    """Line, what stands before a value, the value and what follows it, of every f-string."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            for number, part in enumerate(node.values[:-1]):
                after = node.values[number + 1]
                if isinstance(part, ast.FormattedValue) and isinstance(after, ast.Constant):
                    before = node.values[number - 1] if number else None
                    said = before.value if isinstance(before, ast.Constant) else ""
                    yield node.lineno, str(said), ast.unparse(part.value), str(after.value)


def wrong_plurals(source: str) -> list[str]:
    """``line: {value} nouns`` of each place that would say ``1 nouns``."""
    return [
        f"{line}: {{{value}}}{after}"
        for line, before, value, after in _texts(source)
        if (noun := _PLURAL.match(after))
        and noun[0].strip() not in _NEVER_ONE
        and _COUNTS.search(value)
        and not value.isupper()
        and not before.endswith(" of ")
        and "plural(" not in value
    ]


def test_no_message_says_one_of_many() -> None:
    spared = tuple(name for names in _ELSEWHERE.values() for name in names)
    found = [
        f"{file.relative_to(ROOT)}:{place}"
        for file in sorted((ROOT / "simulation").rglob("*.py"))
        if not str(file).endswith(spared)
        for place in wrong_plurals(file.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_template_says_one_of_many() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in sorted((ROOT / "simulation").rglob("*.j2"))
        for match in _IN_A_TEMPLATE.finditer(file.read_text(encoding="utf-8"))
        if "strikes" not in match[0]  # said only of two and more
    ]
    assert found == []


@pytest.mark.parametrize("file", sorted(ALERTS_FOLDER.glob("*.yml")), ids=lambda file: file.name)
def test_no_alert_counts_before_a_noun(file: Path) -> None:
    assert re.findall(r"\{\{ \$value \}\} (?!s old|%)\w+.*", file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('f"{len(rows)} rows"', 1),
        ("f\"{plural(len(rows), 'row')} lost\"", 0),
        ('f"{done} of {len(rows)} rows"', 0),
        ('f"at most {LINES} lines"', 0),
        ('f"{self.attempt_count} attempts left"', 1),
        ('f"and {len(rules) - 1} more things"', 1),
        ('f"{account} belongs to nobody"', 0),
    ],
)
def test_what_counts_as_wrong(source: str, found: int) -> None:
    assert len(wrong_plurals(source)) == found
