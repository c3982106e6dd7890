"""A run waits for everything to come to rest from when the last fault is over, which may be later than planned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from simulation.assembly import Simulation
from simulation.assembly.convergence import Convergence
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.file import load_scenario

SCENARIO = load_scenario(SCENARIOS_FOLDER / "smoke_2d.yaml")
FINAL = SCENARIO.tournaments["two_day_masters"].final_board_at


class _Kernel:
    """A clock that goes where the process wants."""

    def __init__(self) -> None:
        self.now = SCENARIO.start

    def until(self, at: datetime) -> None:
        self.now = at

    def sleep(self, sim_seconds: int) -> None:
        self.now += timedelta(seconds=sim_seconds)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Convergence]:
    def made(*, over_at: Callable[[datetime], datetime], rest_at: datetime) -> Convergence:
        kernel = _Kernel()
        injector = SimpleNamespace(healthy_at=lambda: over_at(kernel.now))
        sim = cast(Simulation, SimpleNamespace(kernel=kernel, injector=injector, scenario=SCENARIO))
        monkeypatch.setattr(Convergence, "pending", lambda _: () if kernel.now >= rest_at else ("a transfer",))
        convergence = Convergence(sim)
        list(convergence.watch())
        return convergence

    return made


def test_the_deadline_counts_from_the_last_signal_when_no_fault_is_later(world: Callable[..., Convergence]) -> None:
    convergence = world(over_at=lambda _: SCENARIO.start, rest_at=FINAL + timedelta(minutes=40))
    assert convergence.healthy_at == FINAL
    assert convergence.deadline == FINAL + timedelta(hours=12)
    assert convergence.converged_at == FINAL + timedelta(minutes=60)


def test_a_fault_that_strikes_late_and_lasts_moves_the_deadline(world: Callable[..., Convergence]) -> None:
    """An operator who is gone when a runbook is carried out, and comes back half a day later."""
    back = FINAL + timedelta(hours=13)
    convergence = world(
        over_at=lambda now: back if now >= FINAL + timedelta(hours=1) else SCENARIO.start,
        rest_at=back + timedelta(minutes=10),
    )
    assert convergence.healthy_at == back
    assert convergence.deadline == back + timedelta(hours=12)
    assert convergence.converged_at == back + timedelta(minutes=30)
