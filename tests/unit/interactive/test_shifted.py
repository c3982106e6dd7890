"""A scenario moved in time is the same scenario later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from simulation.errors import UsageError
from simulation.faults.plan import FaultPlan
from simulation.scenario.file import find_scenario, load_scenario
from simulation.scenario.shift import moment_of, shifted

SMOKE = load_scenario(find_scenario("smoke_2d"))
BY = timedelta(days=300, seconds=17)


def test_everything_moves_by_the_same_time() -> None:
    moved = shifted(SMOKE, BY)
    assert moved.start == SMOKE.start + BY
    assert moved.contests[0].lock == SMOKE.contests[0].lock + BY
    assert moved.tournaments["two_day_masters"].first_round == SMOKE.tournaments["two_day_masters"].first_round + BY
    assert moved.days == SMOKE.days


def test_moved_there_and_back_it_is_what_it_was() -> None:
    assert shifted(shifted(SMOKE, BY), -BY) == SMOKE


def test_its_faults_are_planned_anew_for_the_new_days() -> None:
    before, after = (FaultPlan.from_scenario(scenario, 1).scheduled for scenario in (SMOKE, shifted(SMOKE, BY)))
    assert [fault.fault_id for fault in before] == [fault.fault_id for fault in after]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("day 1 12:30", datetime(2026, 3, 2, 12, 30, tzinfo=UTC)),
        ("2026-03-01T08:00:00Z", datetime(2026, 3, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_as_in_scenario_files(text: str, moment: datetime) -> None:
    assert moment_of(SMOKE, text) == moment


@pytest.mark.parametrize("text", ["day 3 00:00", "tomorrow", "2026-03-01T08:00:00", "2025-12-31T00:00:00Z"])
def test_a_moment_outside_the_scenario_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(UsageError, match=r"--until .*is no moment of the scenario smoke_2d(.|\n)*remedy: write 'day 0"):
        moment_of(SMOKE, text)
