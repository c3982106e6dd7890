"""Outcomes of recent requests: counts in memory, by the hour, for two of the specification's metrics."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

SMALLEST_ERROR_BUDGET = 10
"""Failed requests a month that are acceptable however few requests there are."""
ACCEPTABLE_ERROR_SHARE = 0.01


class OutcomeLog:
    """A file to which every process of a deployment appends its outcomes, and from which each reads what the others
    did."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._position = 0
        self.takers: dict[str, Callable[[datetime, bool], None]] = {}

    def append(self, counter: str, failed: bool) -> None:
        """One line in one write, so that lines of several processes do not mix."""
        os.write(self._descriptor, f"{counter} {datetime.now(UTC).timestamp()} {int(failed)}\n".encode())

    def catch_up(self) -> None:
        """Read every complete new line, of any process, and pass it to its counter."""
        new = os.pread(self._descriptor, os.fstat(self._descriptor).st_size - self._position, self._position)
        whole = new[: new.rfind(b"\n") + 1]
        self._position += len(whole)
        for line in whole.decode().splitlines():
            counter, at, failed = line.split()
            self.takers[counter](datetime.fromtimestamp(float(at), tz=UTC), failed == "1")


@dataclass(frozen=True, kw_only=True)
class Share:
    """One counter's part of the log."""

    log: OutcomeLog
    counter: str

    @classmethod
    def of(cls, log: OutcomeLog | None, counter: str) -> Share | None:
        """A counter's part of ``log``; None without a log."""
        return None if log is None else cls(log=log, counter=counter)

    def tell(self, failed: bool) -> None:
        self.log.append(self.counter, failed)

    def catch_up(self) -> None:
        self.log.catch_up()


@dataclass(kw_only=True)
class Hour:
    """Requests that were answered within one hour, and those of them that failed."""

    begins: datetime
    total: int = 0
    failed: int = 0


class Rate:
    """Failures among requests over a sliding window, kept by the hour, or by fewer `minutes` that divide one."""

    def __init__(self, window: timedelta, share: Share | None = None, *, minutes: int = 60) -> None:
        self._minutes = minutes
        self._window = window
        self._share = share
        self._hours: deque[Hour] = deque()
        self._total = 0
        self._failed = 0

    def count(self, *, failed: bool) -> None:
        """One more request."""
        if self._share is None:
            self.take(datetime.now(UTC), failed)
        else:
            self._share.tell(failed)

    def take(self, at: datetime, failed: bool) -> None:
        """Count a request that was answered at ``at``, in this or another process."""
        hour = at.replace(minute=at.minute - at.minute % self._minutes, second=0, microsecond=0)
        if not self._hours or self._hours[-1].begins != hour:
            self._hours.append(Hour(begins=hour))
        self._hours[-1].total += 1
        self._hours[-1].failed += failed
        self._total += 1
        self._failed += failed

    def totals(self) -> tuple[int, int]:
        """Requests and failures in the window."""
        self._catch_up()
        begin = datetime.now(UTC) - self._window
        while self._hours and self._hours[0].begins < begin:
            left = self._hours.popleft()
            self._total -= left.total
            self._failed -= left.failed
        return self._total, self._failed

    def by_hour(self, hours: int) -> list[Hour]:
        """The last so many hours in which there were requests, oldest first; the current one is the last."""
        self._catch_up()
        begin = datetime.now(UTC) - timedelta(hours=hours)
        return [hour for hour in self._hours if hour.begins > begin]

    def _catch_up(self) -> None:
        if self._share is not None:
            self._share.catch_up()


class Recent:
    """How often something happened within a sliding window, to the second; for what is rare."""

    def __init__(self, window: timedelta, share: Share | None = None) -> None:
        self._window = window
        self._share = share
        self._moments: deque[datetime] = deque()

    def count(self) -> None:
        """Count one that happens now."""
        if self._share is None:
            self.take(datetime.now(UTC))
        else:
            self._share.tell(False)

    def take(self, at: datetime, _: bool = False) -> None:
        """Count one that happened at ``at``, in this or another process."""
        self._moments.append(at)

    def number(self) -> int:
        """How often it happened in the window."""
        if self._share is not None:
            self._share.catch_up()
        begin = datetime.now(UTC) - self._window
        while self._moments and self._moments[0] < begin:
            self._moments.popleft()
        return len(self._moments)


class InARow:
    """Failures since the last success, within a sliding window."""

    def __init__(self, window: timedelta, share: Share | None = None) -> None:
        self._window = window
        self._share = share
        self._failures: deque[datetime] = deque()

    def count(self, *, failed: bool) -> None:
        """Count an outcome now; a success resets the count."""
        if self._share is None:
            self.take(datetime.now(UTC), failed)
        else:
            self._share.tell(failed)

    def take(self, at: datetime, failed: bool) -> None:
        """Count one that happened at ``at``, in this or another process."""
        if failed:
            self._failures.append(at)
        else:
            self._failures.clear()

    def moments(self) -> list[datetime]:
        """The times of those failures, oldest first."""
        if self._share is not None:
            self._share.catch_up()
        begin = datetime.now(UTC) - self._window
        while self._failures and self._failures[0] < begin:
            self._failures.popleft()
        return list(self._failures)


class ServiceLevels:
    """Request outcomes of this process, or of all that share `file`, so that every worker knows them all."""

    def __init__(self, file: Path | None = None) -> None:
        self.since = datetime.now(UTC)
        """When this process began to count."""
        log = None if file is None else OutcomeLog(file)
        self.webhook_duplicates = Recent(timedelta(hours=1), Share.of(log, "webhook_duplicates"))
        self.webhook_refusals = InARow(timedelta(hours=1), Share.of(log, "webhook_refusals"))
        """Deliveries whose signature did not fit, since one did."""
        self.requests = Rate(timedelta(days=30), Share.of(log, "requests"))
        self.authentications = Rate(timedelta(minutes=15), Share.of(log, "authentications"), minutes=5)
        if log is not None:
            log.takers = {
                "webhook_duplicates": self.webhook_duplicates.take,
                "webhook_refusals": self.webhook_refusals.take,
                "requests": self.requests.take,
                "authentications": self.authentications.take,
            }

    def auth_error_rate_percent(self) -> float:
        """Share of authentications that failed with an error, in percent; a refused token is not an error."""
        total, failed = self.authentications.totals()
        return 100 * failed / total if total else 0.0

    def error_budget_remaining_percent(self) -> float:
        """What is left of the month's acceptable failures, in percent."""
        total, failed = self.requests.totals()
        budget = max(SMALLEST_ERROR_BUDGET, total * ACCEPTABLE_ERROR_SHARE)
        return max(0.0, 100 * (1 - failed / budget))
