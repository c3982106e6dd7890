"""Typed access to the columns of a canonical relation's rows; a missing or malformed value is never an error."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from pydantic import JsonValue

from simulation.events import Row


def text(row: Row, column: str) -> str:
    """The column as text, empty where it is null or missing."""
    value = row.get(column)
    return "" if value is None else str(value)


def number(row: Row, column: str) -> int:
    """The column as an integer, 0 where it is null, missing or no integer."""
    value = row.get(column)
    return int(value) if isinstance(value, (int, float, str)) and str(value).lstrip("-").isdigit() else 0


def instant(row: Row, column: str) -> datetime | None:
    """The column as an aware UTC datetime, None where it is null, missing or no time."""
    value = row.get(column)
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def document(row: Row, column: str) -> dict[str, JsonValue]:
    """A JSON column (parsed or as text) as a dict; empty where it is not a JSON object."""
    value = row.get(column)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
