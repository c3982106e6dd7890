"""What every document that people write is held against before anything else looks at it.

Numbers fit in 64 bits, texts are texts, and no list or table is nested so deeply that reading on could fail.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulation.documents.text import CONTROL, control_named

DEEPEST = 40
"""Levels of lists and tables."""
MOST_VALUES = 50_000
"""Values of a document, those that an alias repeats included."""
_TEXT_REMEDY = "write it without that character"


class Oddity(NamedTuple):
    """A value that no document of ours has."""

    place: tuple[str | int, ...]
    """Keys and indices from the top."""
    problem: str
    remedy: str


def first_oddity(document: Any) -> Oddity | None:
    """The first value, in no particular order, that cannot stand in a document."""
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    seen = 0
    while pending:
        place, value = pending.pop()
        seen += 1
        if seen > MOST_VALUES:
            return Oddity(place, f"more than {MOST_VALUES:,} values", "keep the file below that")
        if (found := _of_one(place, value)) is not None:
            return found
        if isinstance(value, dict | list):
            if len(place) >= DEEPEST:
                return Oddity(place, f"nested in more than {DEEPEST} levels", "write fewer brackets or dots")
            items = value.items() if isinstance(value, dict) else enumerate(value)
            pending.extend(((*place, key if isinstance(key, int) else str(key)), item) for key, item in items)
    return None


def _of_one(place: tuple[str | int, ...], value: Any) -> Oddity | None:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return Oddity(place, f"a number of {value.bit_length()} bits is too large", "write one that 64 bits can hold")
    if isinstance(value, str) and (found := CONTROL.search(value)):
        return Oddity(place, f"the text has {control_named(found[0])}", _TEXT_REMEDY)
    keys = value if isinstance(value, dict) else ()
    for key in keys:
        if isinstance(key, str) and (found := CONTROL.search(key)):
            return Oddity(place, f"the key {key[:40]!r} has {control_named(found[0])}", _TEXT_REMEDY)
    return None
