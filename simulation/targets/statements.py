"""How a statement of a platform is told, wherever the platform lives: whose it is, whether it writes, how it fails."""

from __future__ import annotations

import re

WRITES = re.compile(
    r"\b(INSERT\s+INTO|UPDATE\s+\w+(\s+(AS\s+)?\w+)?\s+SET|DELETE\s+FROM|(TRUNCATE|CREATE|DROP|ALTER|COPY|CALL|DO)\s)",
    re.IGNORECASE,
)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b(?:pi|acct|evt|tr|re|ch)_\w+|\b\d+\b")
BEFORE_ANY = "deployment"
"""The operation of statements that neither a job nor a request sends."""
MESSAGES = {
    "40001": "could not serialize access due to concurrent update",
    "40P01": "deadlock detected",
    "55P03": "canceling statement due to lock timeout",
    "53100": "could not extend file: wrote only 4096 of 8192 bytes",
}
"""By SQLSTATE: what the server says."""
LONGEST_STEP = 160
"""Characters of a statement that the record of an order of statements keeps."""


def operation_of(method: str, path: str) -> str:
    """A request as faults name it: every id in its path is ``{id}``."""
    return f"{method} {_ID.sub('{id}', path)}"
