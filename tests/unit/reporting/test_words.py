from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from simulation.reporting.times import Calendar, duration
from simulation.reporting.words import fault_title, listed, mark, money, ordinal
from simulation.words import plural

START = datetime(2026, 3, 1, tzinfo=UTC)
CALENDAR = Calendar(start=START, end=START + timedelta(days=14))


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "$0.00"), (5, "$0.05"), (123456, "$1,234.56"), (-5, "-$0.05"), (-123456, "-$1,234.56")]
)
def test_money_is_in_money_to_the_cent(cents: int, text: str) -> None:
    assert money(cents) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "—"),
        (0, "0 s"),
        (59, "59 s"),
        (92, "1 min 32 s"),
        (3180, "53 min"),
        (5400, "1 h 30 min"),
        (93600, "26 h"),
        (180000, "2 d 2 h"),
    ],
)
def test_durations_have_at_most_two_units(seconds: int | None, text: str) -> None:
    assert duration(seconds) == text


def test_a_time_is_told_by_day_and_date() -> None:
    assert CALENDAR.when(START + timedelta(days=3, hours=14, minutes=5)) == "day 3, 04 Mar 14:05"


def test_a_time_of_the_preparation_is_before_day_0() -> None:
    assert CALENDAR.when(START - timedelta(minutes=30)) == "before day 0, 28 Feb 23:30"


def test_positions_stay_within_the_window() -> None:
    positions = [CALENDAR.percent(START + timedelta(days=day)) for day in (-1, 0, 7, 14, 20)]
    assert positions == [0.0, 0.0, 50.0, 100.0, 100.0]


def test_english_counts_and_lists() -> None:
    assert (plural(1, "contest"), plural(1204, "record")) == ("1 contest", "1,204 records")
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("none", "a", "a, b and c")
    assert [ordinal(rank) for rank in (1, 2, 3, 11, 21)] == ["1st", "2nd", "3rd", "11th", "21st"]


def test_every_outcome_has_its_own_symbol_and_an_odd_one_is_doubt() -> None:
    outcomes = ("pass", "fail", "unknown", "not_verified")
    assert len({mark(outcome).symbol for outcome in outcomes}) == len(outcomes)
    assert mark("surprise").tone == "doubt"


def test_a_fault_is_called_by_its_title_and_without_one_by_its_kind() -> None:
    assert fault_title("The disk is full", "disk_full") == "The disk is full"
    assert fault_title("", "disk_full") == "Disk full"
