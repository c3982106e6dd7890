"""What all parts of a scenario file share: a strict base model, points in time, and errors that name a remedy."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic.functional_validators import BeforeValidator
from pydantic_core import PydanticCustomError

TIMES = "write 2026-03-01T00:00:00Z or 'day 3 08:00'"
_DAY = re.compile(r"^day (\d{1,4}) ([01]?\d|2[0-3]):([0-5]\d)$")
_LOCAL = re.compile(
    r"^(?:day (\d{1,4})|(\d{4}-\d\d-\d\d)) ([01]?\d|2[0-3]):([0-5]\d) ([A-Z]\w*(?:[/+-]\w+)*)$", re.ASCII
)

REFUSED, SEVERAL = "refused", "several"
"""Types of a validator's error: one mistake, or several of which each has its place."""

YEARS = range(2000, 2100)
"""In which clocks, certificates and sums with times work."""


def _instant(value: Any, info: ValidationInfo) -> Any:
    """``day 3 08:00`` against the scenario's start, which the loader passes as validation context."""
    start = (info.context or {}).get("start", datetime(2026, 3, 1, tzinfo=UTC))
    if isinstance(value, str) and _DAY.match(value):
        return day_moment(value, start)
    if isinstance(value, str) and (match := _LOCAL.match(value)):
        return _local_moment(match, start)
    if isinstance(value, int | float) or (isinstance(value, str) and value.replace(".", "", 1).isdigit()):
        raise refusal(f"{reprlib.repr(value)} is a number, which could be any time", remedy=TIMES)
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


def _local_moment(match: re.Match[str], start: datetime) -> datetime:
    """``day 3 08:00 Europe/Berlin``: by the clocks of a place, on the third date after that of ``start`` (in UTC); or
    on a date. An hour that the clocks leave out is counted as before the change, one that comes twice is its first
    (RFC 5545, 3.3.5)."""
    day, written, hour, minute, place = match.groups()
    zone = _zone(place)
    try:
        when = start.astimezone(UTC).date() + timedelta(days=int(day)) if day else date.fromisoformat(written)
        return datetime.combine(when, time(int(hour), int(minute)), zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refusal(f"{match[0]!r} is no time: {error}", remedy=TIMES) from error


@cache
def _zone(place: str) -> ZoneInfo:
    """By the package's tables, not by the machine's, which may be of other years: a seed means the same everywhere."""
    known = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    if place not in known:
        nearest = get_close_matches(place, known, n=1, cutoff=0.5)
        hint = f"did you mean {nearest[0]}? " if nearest else ""
        raise refusal(
            f"no zone is called {place!r}", remedy=f"{hint}write a name of the IANA's, such as America/New_York"
        )
    with resources.files("tzdata").joinpath("zoneinfo", *place.split("/")).open("rb") as table:
        return ZoneInfo.from_file(table, key=place)


def refusal(problem: str, *, remedy: str, path: Sequence[str | int] = ()) -> PydanticCustomError:
    """A validator's error with its remedy. ``path``: where below the validated model the mistake is."""
    return PydanticCustomError(REFUSED, "{problem}", {"problem": problem, "remedy": remedy, "path": tuple(path)})


class Mistake(NamedTuple):
    """One of several that a validator finds in a whole."""

    path: tuple[str | int, ...]
    """Where it is, below the validated model."""
    problem: str
    remedy: str


def refusals(mistakes: Sequence[Mistake]) -> PydanticCustomError:
    """A validator's error that tells all mistakes that it found, one or more."""
    return PydanticCustomError(
        SEVERAL, "{count} mistakes", {"count": len(mistakes), "mistakes": [each._asdict() for each in mistakes]}
    )


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise refusal("a time needs a zone", remedy=TIMES)
    if value.year not in YEARS:
        raise refusal(
            f"the year {value.year} is beyond what the clocks of a run carry",
            remedy=f"write a time of the years {YEARS[0]} to {YEARS[-1]}",
        )
    return value.astimezone(UTC)


def absolute(value: Any) -> Any:
    """A validator of the instant that ``day N`` counts from: it cannot be one of those."""
    if isinstance(value, str) and value.startswith("day "):
        raise refusal("days are counted from this time", remedy="write it as 2026-03-01T00:00:00Z")
    return value


Instant = Annotated[datetime, BeforeValidator(_instant), AfterValidator(_aware)]


class ScenarioModel(BaseModel):
    """Base of every part of a scenario: unknown keys are refused, and nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _whole_numbers_only(cls, data: Any) -> Any:
        """Pydantic takes ``1000.00``, ``'1000'`` and ``true`` for numbers. Who writes them may mean something else."""
        if not isinstance(data, Mapping):
            return data
        return {key: _marked(value) if _holds_numbers(cls, str(key)) else value for key, value in data.items()}


class _NoNumber:
    """Stands in the place of a value that pydantic would turn into a number, so that it refuses it in its place."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        return repr(self._value)


def _marked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else _marked(key): _marked(item) for key, item in value.items()}  # JSON's
    if isinstance(value, list | tuple):
        return [_marked(item) for item in value]
    return _NoNumber(value) if isinstance(value, bool | float | str) else value


@cache
def _holds_numbers(model: type[BaseModel], field: str) -> bool:
    """Whether what stands in the field is whole numbers, or lists or mappings of them, and nothing else."""
    known = model.model_fields.get(field)
    return known is not None and set(_leaves(known.annotation)) - {type(None)} == {int}


def _leaves(annotation: Any) -> Iterator[type]:
    """Types of the single values that an annotation holds."""
    if get_origin(annotation) is Literal:
        yield from map(type, get_args(annotation))
    elif get_origin(annotation) is Annotated:
        yield from _leaves(get_args(annotation)[0])
    elif arguments := [argument for argument in get_args(annotation) if argument is not Ellipsis]:
        for argument in arguments:
            yield from _leaves(argument)
    else:
        yield annotation
