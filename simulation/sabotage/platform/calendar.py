"""Defects of days that a calendar rarely has: a leap day, a night in which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulation.sabotage.patches import Patches
from simulation.sabotage.platform.contests import alter_move
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.settlement import settlement

DEFECTS = DefectRegistry("contests", scenario="leap_day")
_HOME = ZoneInfo("America/New_York")


@DEFECTS.sabotage(
    "lifecycle_automatic",
    scenario="summer_time",
    origin="an offset from UTC that was kept with the contest when it was made, instead of the zone",
)
def locked_by_the_offset_of_winter(patches: Patches) -> None:
    """A contest that was made before the clocks went forward is locked an hour late."""

    def by_the_old_offset(due: Any) -> bool:
        now = datetime.now(UTC)
        behind = now.astimezone(_HOME).dst() or timedelta(0)
        return bool(due.target == "LOCKED" and now < due.lock_time + behind)

    alter_move(patches, by_the_old_offset)


@DEFECTS.sabotage(
    "settlement_automatic",
    origin="the same day next year, which 29 February does not have: an exception once in four years",
)
def no_settlement_on_a_leap_day(patches: Patches) -> None:
    """The settlement job works out when its rows may be deleted, and breaks off on 29 February."""

    def make(real: Any) -> Any:
        def run(*arguments: Any) -> Any:
            now = datetime.now(UTC)
            try:
                now.replace(year=now.year + 1)
            except ValueError:
                patches.trigger()
                raise
            return real(*arguments)

        return run

    patches.replace(settlement, "run", make)
