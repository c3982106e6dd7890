"""Small pure functions that a contract may name in ``derived``. None knows a platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "canonical_sha256": canonical_sha256,
    "plus": plus,
    "minus": minus,
    "lower": lower,
    "upper": upper,
    "length": length,
    "first_set": first_set,
}
