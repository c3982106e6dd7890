"""One spelling for each value: JSON for storing and hashing, text for times and rows."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no blanks; equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=json_value)


def sha256_of(value: object) -> str:
    """Hex digest over the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def iso(moment: datetime) -> str:
    """UTC with milliseconds and `Z`, as the specification's examples have it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def json_value(value: object) -> object:
    """What JSON has for a database value; raises TypeError for a type we did not think of."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"no JSON form for {type(value).__name__}: {value!r}")


def row_json(row: Row[Any]) -> dict[str, object]:
    """A database row as a JSON object, in column order."""
    return {
        key: json_value(value) if isinstance(value, UUID | datetime) else value for key, value in row._asdict().items()
    }
