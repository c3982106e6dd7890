"""Small pure functions that a contract may name in ``derived``. None is specific to one platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from simulation.documents.canonical import canonical_sha256


def plus(*numbers: int) -> int:
    return sum(numbers)


def minus(first: int, second: int) -> int:
    return first - second


def lower(text: str) -> str:
    return text.lower()


def upper(text: str) -> str:
    return text.upper()


def length(values: Any) -> int:
    return len(values)


def first_set(*values: Any) -> Any:
    """The first value that is not null: for columns that are set once and then stay."""
    return next((value for value in values if value is not None), None)


def equal(first: Any, second: Any) -> bool:
    return bool(first == second)


def sorted_ids(rows: Any) -> list[str]:
    """The ``id`` of each row, in order."""
    return sorted(str(row["id"]) for row in rows)


def pg_array(*items: Any) -> str:
    """The items as PostgreSQL writes an array, e.g. ``{a,b}``."""
    return "{" + ",".join(map(str, items)) + "}"


def hash_of(document: Any) -> str:
    """sha256 of a document's canonical JSON; the document may be given itself or as its hash."""
    return str(document["sha256"]) if is_hash(document) else canonical_sha256(document)


def is_hash(value: Any) -> bool:
    """Whether the value is the hash that the write-ahead log's witness records instead of a large document."""
    return isinstance(value, dict) and set(value) == {"sha256", "characters"}


def column_of(rows: Any, column: str) -> list[Any]:
    """One column of several rows, in their order."""
    return [row[column] for row in rows]


def seconds_between(start: str, end: str) -> int:
    """Whole seconds from one instant to another."""
    return int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def whole_number(text: str) -> int:
    return int(text)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "canonical_sha256": canonical_sha256,
    "plus": plus,
    "minus": minus,
    "lower": lower,
    "upper": upper,
    "length": length,
    "first_set": first_set,
    "equal": equal,
    "sorted_ids": sorted_ids,
    "pg_array": pg_array,
    "whole_number": whole_number,
    "column_of": column_of,
    "seconds_between": seconds_between,
    "hash_of": hash_of,
}
TAKE_NOTHING = frozenset({"first_set"})
"""Functions that get null for a path that does not exist."""
