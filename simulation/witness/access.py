"""Who used the database: connections of every role, and the statements of every role except the platform's and ours.

Read from the server's own JSON log. Lines with the same role, application and time are counted as one event, because a
connection pool opens many at once.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from simulation.events import DatabaseAccess, WitnessSummary
from simulation.history import Recorder

_AUTHORIZED = re.compile(r"^connection authorized: user=(\S+)(?: database=\S+)?(?: application_name=(\S+))?")
_STATEMENT = re.compile(r"^(?:statement|execute [^:]*): (.*)$", re.S)


@dataclass(frozen=True, kw_only=True)
class _Access:
    at: datetime
    role: str
    application: str
    access: Literal["connection", "statement", "refused"]
    statement: str = ""


def record_access(lines: Iterable[str], *, recorder: Recorder, database: str, since: datetime) -> None:
    """Record the accesses to ``database`` in the log from ``since`` on, and the witness's summary."""
    seen: dict[tuple[str, int], _Access] = {}
    for number, line in enumerate(lines):
        entry = json.loads(line)
        access = _read(entry, database=database)
        if access is None or access.at < since:
            continue
        session = entry.get("session_id", "")
        if access.access == "refused":
            # The server logs "authorized" once the password is right, and only then checks whether the role may log in.
            seen = {key: other for key, other in seen.items() if key[0] != session or other.access != "connection"}
        seen[session, number] = access
    counts = Counter(seen.values())
    for access, count in counts.items():
        recorder.record(
            DatabaseAccess(
                role=access.role,
                application=access.application,
                access=access.access,
                statement=access.statement,
                count=count,
            ),
            at=access.at,
            cause="monitor",
        )
    recorder.record(WitnessSummary(witness="access_log", records=sum(counts.values())), cause="monitor")


def _read(entry: dict[str, Any], *, database: str) -> _Access | None:
    if entry.get("dbname") not in (database, None):
        return None
    message = entry.get("message", "")
    at = datetime.strptime(entry["timestamp"][:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    role = entry.get("user", "")
    application = entry.get("application_name", "")
    if match := _AUTHORIZED.match(message):
        return _Access(at=at, role=match[1], application=match[2] or "", access="connection")
    if entry.get("error_severity") == "FATAL" and role:
        return _Access(at=at, role=role, application=application, access="refused", statement=message)
    if (match := _STATEMENT.match(message)) and entry.get("error_severity") == "LOG":
        return _Access(at=at, role=role, application=application, access="statement", statement=match[1])
    return None
