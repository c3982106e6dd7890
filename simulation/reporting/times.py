"""How the report writes times: ``day 3, 04 Mar 14:05`` (UTC; day 0 begins when the founder's absence begins)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The simulated window of the founder's absence, aware UTC datetimes: day 0 begins at ``start``."""

    start: datetime
    end: datetime

    @property
    def days(self) -> int:
        """Whole days in the window."""
        return max(1, -(-(self.end - self.start) // timedelta(days=1)))

    def day_of(self, at: datetime) -> int:
        """Day number, 0 for the first."""
        return (at - self.start) // timedelta(days=1)

    def date_of(self, day: int) -> str:
        """``Wed 04 Mar`` for a day number."""
        return f"{self.start + timedelta(days=day):%a %d %b}"

    def when(self, at: datetime | None) -> str:
        """``day 3, 04 Mar 14:05``; ``before day 0, …`` before the window starts; an em dash for None."""
        if at is None:
            return "—"
        day = f"day {self.day_of(at)}" if at >= self.start else "before day 0"
        return f"{day}, {at:%d %b %H:%M}"

    def percent(self, at: datetime) -> float:
        """Position in the window, 0 to 100; times outside it are clamped to 0 or 100."""
        share = (at - self.start) / (self.end - self.start) * 100
        return round(min(100.0, max(0.0, share)), 3)


def duration(seconds: int | float | None) -> str:
    """``40 s``, ``5 min``, ``26 h 10 min``, ``2 d 2 h``; an em dash for None."""
    if seconds is None:
        return "—"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _two(whole // 60, "min", whole % 60 if whole < 600 else 0, "s")
    if whole < 2 * 86_400:
        return _two(whole // 3600, "h", whole % 3600 // 60, "min")
    return _two(whole // 86_400, "d", whole % 86_400 // 3600, "h")


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"
