"""TOML that remembers where every key stood, so that an error can name the line a person has to change."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from simulation.documents.plain import DEEPEST, first_oddity
from simulation.documents.text import read_text
from simulation.documents.yaml import MarkedYaml, Place
from simulation.errors import UsageError

_TABLE = re.compile(r"^\s*\[(\[)?\s*([\w.\-\" ]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([\w\-\"]+(?:\s*\.\s*[\w\-\"]+)*)\s*=")
_LONGEST_LINE = 2_000
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def read_toml(file: Path) -> MarkedYaml:
    """The document and its lines, in the same form as a YAML file's.

    :raises UsageError: it cannot be read, or is not TOML.
    """
    text = read_text(file, kind="a TOML file")
    _refuse_long_lines(text, file)
    try:
        value: dict[str, Any] = tomllib.loads(text)
    except RecursionError as error:
        raise UsageError(
            place=str(file), problem=f"nested in more than {DEEPEST} levels", remedy="write fewer brackets"
        ) from error
    except ValueError as error:  # also a whole number of thousands of digits
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise UsageError(
            place=f"{file}:{line}", problem=f"is not TOML: {error}", remedy="correct the line (quotes, brackets, =)"
        ) from error
    document = MarkedYaml(file=file, value=value, lines=_lines(text))
    if (odd := first_oddity(value)) is not None:
        raise document.error(odd.place, problem=f"{'.'.join(map(str, odd.place))}: {odd.problem}", remedy=odd.remedy)
    return document


def _refuse_long_lines(text: str, file: Path) -> None:
    """tomllib takes quadratic time for a key of many parts."""
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > _LONGEST_LINE:
            raise UsageError(
                place=f"{file}:{number}",
                problem=f"a line of {len(line):,} characters",
                remedy=f"keep it below {_LONGEST_LINE}; a text may go over several lines between triple quotes",
            )


def _lines(text: str) -> dict[Place, int]:
    """Line of every table and key that has a line of its own; keys of an inline table have that table's line."""
    lines: dict[Place, int] = {(): 1}
    table: Place = ()
    counts: dict[Place, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if match := _TABLE.match(line):
            table = _within_last(_parts(match[2]), counts)
            if match[1]:
                index = counts[table] = counts.get(table, -1) + 1
                lines.setdefault(table, number)
                table = (*table, str(index))
            lines.setdefault(table, number)
        elif match := _KEY.match(line):
            lines.setdefault((*table, *_parts(match[1])), number)
    return lines


def _within_last(parts: Place, counts: dict[Place, int]) -> Place:
    """Path of a table header: a table below an array of tables belongs to the array's last item."""
    place: Place = ()
    for number, part in enumerate(parts):
        place = (*place, part)
        if place in counts and number < len(parts) - 1:
            place = (*place, str(counts[place]))
    return place


def _parts(dotted: str) -> Place:
    return tuple(part.strip().strip('"') for part in dotted.split("."))
