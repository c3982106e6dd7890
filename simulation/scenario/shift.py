"""A scenario moved in time, so that one of its moments is now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from simulation.documents.strict import day_moment
from simulation.errors import UsageError
from simulation.scenario.faults.rule import days_of
from simulation.scenario.model import Scenario


def moment_of(scenario: Scenario, text: str) -> datetime:
    """``day 3 10:00`` or an ISO 8601 time within the scenario's days.

    :raises UsageError: it is neither, or outside them.
    """
    moment = day_moment(text, scenario.start)
    if moment is None or not scenario.start <= moment <= scenario.end:
        raise UsageError(
            place=f"--until {text!r}",
            problem=f"is no moment of the scenario {scenario.name}, which has {days_of(scenario.days)}",
            remedy=f"write 'day 0 00:00' to 'day {scenario.days} 00:00', or a time like 2026-03-01T08:00:00Z",
        )
    return moment


def shifted(scenario: Scenario, by: timedelta) -> Scenario:
    """The same scenario, everything in it ``by`` later."""
    return Scenario.model_validate(_moved(scenario.model_dump(exclude_none=True), by))


def _moved(value: Any, by: timedelta) -> Any:
    if isinstance(value, datetime):
        return value + by
    if isinstance(value, dict):
        return {key: _moved(item, by) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(item, by) for item in value]
    return value
