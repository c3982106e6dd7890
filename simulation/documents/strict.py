"""What all parts of a scenario file share: a strict base model, points in time, and errors that name a remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo
from pydantic.functional_validators import BeforeValidator
from pydantic_core import PydanticCustomError

_DAY = re.compile(r"^day (\d{1,4}) ([01]?\d|2[0-3]):([0-5]\d)$")

YEARS = range(2000, 2100)
"""In which clocks, certificates and sums with times work."""


def _instant(value: Any, info: ValidationInfo) -> Any:
    """``day 3 08:00`` against the scenario's start, which the loader passes as validation context."""
    if isinstance(value, str) and _DAY.match(value):
        return day_moment(value, (info.context or {}).get("start", datetime(2026, 3, 1, tzinfo=UTC)))
    return value


def day_moment(text: str, start: datetime) -> datetime | None:
    """``day 3 08:00`` counted from ``start``, or an ISO 8601 time with a zone; None when it is neither."""
    if match := _DAY.match(text):
        day, hour, minute = (int(part) for part in match.groups())
        return start + timedelta(days=day, hours=hour, minutes=minute)
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def refusal(problem: str, *, remedy: str, path: Sequence[str | int] = ()) -> PydanticCustomError:
    """A validator's error with its remedy. ``path``: where below the validated model the mistake is."""
    return PydanticCustomError("refused", "{problem}", {"problem": problem, "remedy": remedy, "path": tuple(path)})


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise refusal("a time needs a zone", remedy="write 2026-03-01T00:00:00Z or 'day 3 08:00'")
    if value.year not in YEARS:
        raise refusal(
            f"the year {value.year} is beyond what the clocks of a run carry",
            remedy=f"write a time of the years {YEARS[0]} to {YEARS[-1]}",
        )
    return value.astimezone(UTC)


def absolute(value: Any) -> Any:
    """A validator of the instant that ``day N`` counts from: it cannot be one of those."""
    if isinstance(value, str) and _DAY.match(value):
        raise refusal("days are counted from this time", remedy="write it as 2026-03-01T00:00:00Z")
    return value


Instant = Annotated[datetime, BeforeValidator(_instant), AfterValidator(_aware)]


class ScenarioModel(BaseModel):
    """Base of every part of a scenario: unknown keys are refused, and nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
