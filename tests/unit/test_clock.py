"""One clock: it only moves forward, moves every reader, and leaves monotonic time real."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulation.clock import Kernel, SimProcess, SimulationClock
from simulation.errors import EnvironmentFault

START = datetime(2026, 3, 1, tzinfo=UTC)


def test_python_and_the_clock_file_see_the_same_second(tmp_path: Path) -> None:
    file = tmp_path / "now"
    with SimulationClock(start=START, files=(file,)).frozen() as clock:
        clock.move_to(START + timedelta(days=3, seconds=7))
        assert datetime.now(UTC) == START + timedelta(days=3, seconds=7)
        assert time.time() == (START + timedelta(days=3, seconds=7)).timestamp()
        assert file.read_text() == "2026-03-04 00:00:07\n"


def test_time_never_goes_back() -> None:
    clock = SimulationClock(start=START)
    clock.move_to(START + timedelta(hours=1))
    clock.move_to(START)
    assert clock.now == START + timedelta(hours=1)


def test_parts_of_a_second_round_up() -> None:
    clock = SimulationClock(start=START)
    clock.advance(0.2)
    assert clock.now == START + timedelta(seconds=1)


def test_monotonic_time_stays_real() -> None:
    with SimulationClock(start=START).frozen() as clock:
        before = time.monotonic()
        clock.move_to(START + timedelta(days=1))
        assert time.monotonic() - before < 3600


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware UTC"):
        SimulationClock(start=datetime(2026, 3, 1))  # noqa: DTZ001


def test_events_of_one_instant_run_in_the_order_they_were_scheduled() -> None:
    kernel = Kernel(SimulationClock(start=START))
    seen: list[str] = []

    def at_noon(name: str) -> SimProcess:
        yield kernel.until(START + timedelta(hours=12))
        seen.append(name)

    for name in ("a", "b", "c"):
        kernel.spawn(at_noon(name))
    kernel.run_until(START + timedelta(days=1))
    assert seen == ["a", "b", "c"]
    assert kernel.now == START + timedelta(days=1)


def test_an_event_that_fell_due_during_a_slow_call_runs_late_at_the_clocks_time() -> None:
    kernel = Kernel(SimulationClock(start=START))
    seen: list[tuple[str, int]] = []

    def slow() -> SimProcess:
        yield kernel.sleep(10)
        kernel.clock.advance(30)
        seen.append(("slow", kernel.clock.elapsed_seconds))

    def due_meanwhile() -> SimProcess:
        yield kernel.sleep(20)
        seen.append(("due", kernel.clock.elapsed_seconds))
        yield kernel.sleep(5)
        seen.append(("after", kernel.clock.elapsed_seconds))

    kernel.spawn(slow())
    kernel.spawn(due_meanwhile())
    kernel.run_until(START + timedelta(minutes=1))
    assert seen == [("slow", 40), ("due", 40), ("after", 45)]


def test_an_error_of_a_process_arrives_whole() -> None:
    kernel = Kernel(SimulationClock(start=START))
    error = EnvironmentFault(problem="the disk is full", remedy="make room")

    def process() -> SimProcess:
        yield kernel.sleep(5)
        raise error

    kernel.spawn(process())
    with pytest.raises(EnvironmentFault) as caught:
        kernel.run_until(START + timedelta(minutes=1))

    assert caught.value is error
    assert kernel.now == START + timedelta(seconds=5)
