"""How well requests were answered lately: counts in memory, by the hour, for two of the specification's metrics."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SMALLEST_ERROR_BUDGET = 10
"""Failed requests a month that are acceptable however few requests there are."""
ACCEPTABLE_ERROR_SHARE = 0.01


@dataclass(kw_only=True)
class Hour:
    """Requests that were answered within one hour, and those of them that failed."""

    begins: datetime
    total: int = 0
    failed: int = 0


class Rate:
    """Failures among requests over a sliding window, kept by the hour."""

    def __init__(self, window: timedelta) -> None:
        self._window = window
        self._hours: deque[Hour] = deque()
        self._total = 0
        self._failed = 0

    def count(self, *, failed: bool) -> None:
        """One more request."""
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        if not self._hours or self._hours[-1].begins != hour:
            self._hours.append(Hour(begins=hour))
        self._hours[-1].total += 1
        self._hours[-1].failed += failed
        self._total += 1
        self._failed += failed

    def totals(self) -> tuple[int, int]:
        """Requests and failures in the window."""
        begin = datetime.now(UTC) - self._window
        while self._hours and self._hours[0].begins < begin:
            left = self._hours.popleft()
            self._total -= left.total
            self._failed -= left.failed
        return self._total, self._failed

    def by_hour(self, hours: int) -> list[Hour]:
        """The last so many hours in which there were requests, oldest first; the current one is the last."""
        begin = datetime.now(UTC) - timedelta(hours=hours)
        return [hour for hour in self._hours if hour.begins > begin]


class Recent:
    """How often something happened within a sliding window, to the second; for what is rare."""

    def __init__(self, window: timedelta) -> None:
        self._window = window
        self._moments: deque[datetime] = deque()

    def count(self) -> None:
        """It happened now."""
        self._moments.append(datetime.now(UTC))

    def number(self) -> int:
        """How often it happened in the window."""
        begin = datetime.now(UTC) - self._window
        while self._moments and self._moments[0] < begin:
            self._moments.popleft()
        return len(self._moments)


class ServiceLevels:
    """Request outcomes of this process."""

    def __init__(self) -> None:
        self.since = datetime.now(UTC)
        """When this process began to count."""
        self.webhook_duplicates = Recent(timedelta(hours=1))
        self.requests = Rate(timedelta(days=30))
        self.authentications = Rate(timedelta(hours=1))

    def auth_error_rate_percent(self) -> float:
        """Share of authentications that broke, in percent; a refused token is not an error."""
        total, failed = self.authentications.totals()
        return 100 * failed / total if total else 0.0

    def error_budget_remaining_percent(self) -> float:
        """What is left of the month's acceptable failures, in percent."""
        total, failed = self.requests.totals()
        budget = max(SMALLEST_ERROR_BUDGET, total * ACCEPTABLE_ERROR_SHARE)
        return max(0.0, 100 * (1 - failed / budget))
