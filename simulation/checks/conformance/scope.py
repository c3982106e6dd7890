"""What value a contract's path has at one write, and whether two values are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from simulation.checks.evidence.wal import as_instant
from simulation.contract.functions import hash_of, is_hash

Scope = Mapping[str, Any]


class _Missing:
    def __repr__(self) -> str:
        return "nothing to be found"


MISSING = _Missing()
"""The value of a path of which some part does not exist. It equals nothing."""


def path_to(path: str) -> Callable[[Scope], Any]:
    """A function from the scope to the value at a path; :data:`MISSING` where a part of the path does not exist."""
    names = path.split(".")

    def find(scope: Scope) -> Any:
        value: Any = scope
        for name in names:
            value = value.get(name, MISSING) if type(value) is dict else _step(value, name)
            if value is MISSING:
                break
        return value

    return find


def _step(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name, MISSING)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value[int(name)] if name.isdigit() and int(name) < len(value) else MISSING
    return getattr(value, name, MISSING)


def same(actual: Any, expected: Any) -> bool:
    """Whether a recorded value is the expected one: instants as instants, documents part by part or by their hash."""
    if type(actual) is type(expected) and actual == expected:
        return True
    if expected is MISSING:
        return False
    if is_hash(actual) != is_hash(expected):
        return bool(hash_of(actual) == hash_of(expected))
    if isinstance(expected, (list, tuple)) and isinstance(actual, list):
        return len(actual) == len(expected) and all(map(same, actual, expected))
    if isinstance(expected, dict) and isinstance(actual, dict):
        return actual.keys() == expected.keys() and all(same(actual[key], expected[key]) for key in expected)
    if isinstance(actual, bool) or isinstance(expected, bool):
        return actual is expected
    if isinstance(expected, datetime) or (isinstance(actual, str) and isinstance(expected, str) and actual != expected):
        return instant(actual) is not None and instant(actual) == instant(expected)
    return bool(actual == expected)


def instant(value: Any) -> datetime | None:
    """A moment from the database, a JSON document, Stripe (Unix seconds) or the history; None for anything else."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return _from_unix(value)
    return as_instant(value)


def _from_unix(seconds: int) -> datetime | None:
    """Unix seconds as aware UTC; None for a number out of range."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def shown(value: Any) -> str:
    """A value as text for a finding: short, and on one line."""
    text = "null" if value is None else str(value)
    return text if len(text) <= 200 else text[:197] + "…"
