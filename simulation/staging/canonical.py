"""One textual form for each value: JSON for storing and hashing, text for times and rows."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no blanks; equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=json_value)


def sha256_of(value: object) -> str:
    """Hex digest over the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def storable(value: object) -> object:
    """The JSON value with the characters that PostgreSQL cannot store (U+0000, lone surrogates) replaced by U+FFFD."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {_UNSTORABLE.sub("\ufffd", key): storable(item) for key, item in value.items()}
    return value


def unstorable_path(value: object, path: str = "$") -> str | None:
    """JSON path of the first character that PostgreSQL cannot store; None if there is none."""
    if isinstance(value, str):
        return path if _UNSTORABLE.search(value) else None
    if isinstance(value, list):
        return next(filter(None, (unstorable_path(item, f"{path}[{at}]") for at, item in enumerate(value))), None)
    if isinstance(value, dict):
        inside = (unstorable_path(item, f"{path}.{key}") for key, item in value.items())
        return path if any(map(_UNSTORABLE.search, value)) else next(filter(None, inside), None)
    return None


def iso(moment: datetime) -> str:
    """UTC with milliseconds and `Z`, as the specification's examples have it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def json_value(value: object) -> object:
    """A database value as a JSON value; raises TypeError for a type that is not covered."""
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
