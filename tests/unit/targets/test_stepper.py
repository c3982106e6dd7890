"""How the clock of a backend moves: a little on with each look, and never back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from simulation.clock import SimulationClock
from simulation.clock_file import TEXT_NAME
from simulation.targets.process.event_loop import EventLoop
from simulation.targets.process.idle_probe import IdleProbe
from simulation.targets.process.quiescence import ThreadTable
from simulation.targets.process.socket_queues import SocketQueues
from simulation.targets.process.stepper import Stepper

_START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[tuple[SimulationClock, Stepper, Path]]:
    """A clock, a stepper of a backend without programs, and the file that its programs would read."""
    clock, file = SimulationClock(start=_START), tmp_path / TEXT_NAME
    threads = ThreadTable(belongs=lambda _: False, ancestors=tuple)
    unused = {"loop": cast(EventLoop, None), "socket_queues": cast(SocketQueues, None)}
    probe = cast(IdleProbe, None)
    stepper = Stepper(
        clock=clock, clock_file=file, threads=threads, **unused, idle_probe=probe, own=tuple, with_timers=tuple,
        short_timer_seconds=5, each_second=lambda: None,
    )  # fmt: skip
    yield clock, stepper, file
    threads.close()


def _read(file: Path) -> datetime:
    text = file.read_text(encoding="utf-8").strip()
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f" if "." in text else "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def test_within_an_instant_the_clock_goes_on_and_never_back(shown: tuple[SimulationClock, Stepper, Path]) -> None:
    clock, stepper, file = shown
    seen = [_read(file)]
    for _ in range(2500):
        stepper.show(clock.now)
        seen.append(_read(file))
    assert seen == sorted(seen)
    assert len(set(seen)) > 900
    assert (seen[-1] - _START).total_seconds() < 0.001  # however often it is looked at, it shows no millisecond


def test_a_new_instant_begins_within_its_first_millisecond(shown: tuple[SimulationClock, Stepper, Path]) -> None:
    clock, stepper, file = shown
    for second in range(1, 2500):
        for _ in range(second % 3):
            stepper.show(clock.now)
        clock.advance(1)
        late = _read(file) - clock.now
        assert late.total_seconds() < 0.001
    assert (clock.now - _START).total_seconds() == 2499
