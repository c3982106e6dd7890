"""One line per event: domain, time, severity, what happened, and the ids that matter."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

Domain = Literal["Auth", "Ingestion", "Settlement", "Payment", "Payout", "Lifecycle", "Admin"]
Severity = Literal["INFO", "WARNING", "ERROR"]
RECENT_LINES = 200


def to_stderr(line: str) -> None:
    """The default destination."""
    sys.stderr.write(f"{line}\n")


class Log:
    """Writes log lines to the callable it was given."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._recent: deque[str] = deque(maxlen=RECENT_LINES)

    def recent(self, lines: int) -> list[str]:
        """The last lines of this process, oldest first, at most `RECENT_LINES`, for readers without other access."""
        return list(self._recent)[-lines:]

    def info(self, domain: Domain, message: str, **fields: object) -> None:
        """Something expected happened."""
        self._line("INFO", domain, message, fields)

    def warning(self, domain: Domain, message: str, **fields: object) -> None:
        """Something went wrong that the platform will retry automatically."""
        self._line("WARNING", domain, message, fields)

    def error(self, domain: Domain, message: str, **fields: object) -> None:
        """Something went wrong that needs a runbook, or that no retry can resolve."""
        self._line("ERROR", domain, message, fields)

    def _line(self, severity: Severity, domain: Domain, message: str, fields: dict[str, object]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        details = "".join(f" {key}={_shown(value)}" for key, value in fields.items() if value is not None)
        line = f"[{domain}] {at} {severity} {message}{details}"
        self._recent.append(line)
        self._write(line)


def _shown(value: object) -> str:
    """A value without blanks as it is, anything else quoted, so that an entry stays on one line."""
    text = str(value)
    return text if text.isprintable() and text and " " not in text else json.dumps(text)
