"""What a contest may look like: prizes, scoring, times. Refuses bad terms before they reach the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from simulation.staging import parsing
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
    entry_fee_cents: int
    payout_structure: dict[str, object]
    max_entries: int
    provider_event_id: str
    scoring: dict[str, int]
    schedule: Schedule


def schedule_of(body: parsing.Body) -> Schedule:
    """Lock, start and end time of a request."""
    return Schedule(
        lock_time=parsing.time_of(body, "lock_time"),
        start_time=parsing.time_of(body, "start_time"),
        end_time=parsing.time_of(body, "end_time"),
    )


def terms_of(body: parsing.Body) -> Terms:
    """The terms of a request; raises ApiError 400."""
    parsing.require(body, "payout_structure", "scoring")
    return Terms(
        contest_name=parsing.text_of(body, "contest_name"),
        entry_fee_cents=parsing.integer_of(body, "entry_fee_cents", minimum=0),
        payout_structure=_payout_structure(parsing.object_of(body, "payout_structure") or {}),
        max_entries=parsing.integer_of(body, "max_entries", minimum=1),
        provider_event_id=parsing.text_of(body, "provider_event_id"),
        scoring=_scoring(parsing.object_of(body, "scoring") or {}),
        schedule=schedule_of(body),
    )


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


def _payout_structure(value: dict[str, object]) -> dict[str, object]:
    try:
        percents(value)
    except (ValueError, KeyError) as error:
        raise ApiError(400, "invalid_payout_structure", str(error)) from error
    return value


def _scoring(value: dict[str, object]) -> dict[str, int]:
    return {
        "roster_size": parsing.integer_of(value, "roster_size", minimum=1),
        "missed_round_strokes": parsing.integer_of(value, "missed_round_strokes", minimum=1),
    }
