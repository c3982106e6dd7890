"""Small pure functions that a contract may name in ``derived``. None knows a platform."""

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
    """The first that is not null: what stays once it was set."""
    return next((value for value in values if value is not None), None)


def equal(first: Any, second: Any) -> bool:
    return bool(first == second)


def sorted_ids(rows: Any) -> list[str]:
    """The ``id`` of each row, in order."""
    return sorted(str(row["id"]) for row in rows)


def pg_array(*items: Any) -> str:
    """How PostgreSQL writes an array of names."""
    return "{" + ",".join(map(str, items)) + "}"


def hash_of(document: Any) -> str:
    """sha256 of a document's canonical JSON, whether it is here or only its hash."""
    return str(document["sha256"]) if is_hash(document) else canonical_sha256(document)


def is_hash(value: Any) -> bool:
    """How the write-ahead log's witness keeps large documents."""
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
"""Functions to which a path that leads nowhere is null."""
