"""What a contest may look like: prizes, scoring, times. Refuses bad terms before they reach the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from simulation.staging.errors import ApiError


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The three planned moments of a contest, UTC."""

    lock_time: datetime
    start_time: datetime
    end_time: datetime

    def check(self, now: datetime) -> None:
        """Raise 400 `invalid_schedule` unless now < lock ≤ start < end."""
        if not now < self.lock_time <= self.start_time < self.end_time:
            raise ApiError(400, "invalid_schedule", "times must satisfy now < lock_time <= start_time < end_time")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The immutable part of a contest, as its organizer asked for it."""

    contest_name: str
    currency: str
    """Of every amount of the contest; in capitals."""
    entry_fee_cents: int
    payout_structure: dict[str, object]
    max_entries: int
    min_entries: int
    """Fewer at the lock cancel it; 0: any number is enough."""
    guaranteed_pool_cents: int
    """The pool at least; 0: what the entry fees come to."""
    provider_event_id: str
    scoring: dict[str, int]
    schedule: Schedule


def check_entries(least: int, most: int) -> None:
    """Raise 400 `invalid_entries` for a contest that could never be played."""
    if least > most:
        raise ApiError(400, "invalid_entries", "min_entries must not exceed max_entries")


def percents(payout_structure: dict[str, object]) -> list[Fraction]:
    """Percent of the pool by place, first place first; raises ValueError on impossible places or numbers."""
    places = sorted(int(place) for place in payout_structure)
    if places != list(range(1, len(places) + 1)):
        raise ValueError("places must be 1, 2, 3, … without a gap")
    shares = []
    for place in places:
        value = payout_structure[str(place)]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"place {place} must have a number of percent")
        shares.append(Fraction(str(value)))
    if not shares or min(shares) <= 0 or sum(shares) > 100:
        raise ValueError("each percentage must be positive and all together at most 100")
    return shares


def check_payout_structure(value: dict[str, object]) -> None:
    """Raise 400 `invalid_payout_structure` unless it says what each place gets, at most 100 percent in all."""
    try:
        percents(value)
    except (ValueError, KeyError) as error:
        raise ApiError(400, "invalid_payout_structure", str(error)) from error
