"""Which core a run takes, and how it collects garbage."""

from __future__ import annotations

import gc
import os

import pytest

from simulation.environment import process
from simulation.environment.process import idle_ticks, imports_without_collector, least_used, one_cpu


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_LOOK_WALL_SECONDS", 0)


@pytest.mark.parametrize("busy", [0, 1, 2])
def test_a_run_takes_the_core_that_others_leave_the_most_of(busy: int) -> None:
    looks = iter(
        [{0: 5, 1: 900, 2: 70}, {core: ticks + 5 * (core != busy) for core, ticks in {0: 5, 1: 900, 2: 70}.items()}]
    )
    assert least_used([0, 1, 2], look=lambda: next(looks)) != busy


def test_among_equals_runs_spread_by_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = []
    for number in (40, 41):
        monkeypatch.setattr(os, "getpid", lambda number=number: number)
        chosen.append(least_used([0, 1], look=dict))
    assert chosen == [0, 1]


def test_the_kernel_tells_of_every_core_of_this_process() -> None:
    assert set(os.sched_getaffinity(0)) <= set(idle_ticks())


def test_a_block_on_one_core_gives_the_others_back() -> None:
    allowed = os.sched_getaffinity(0)
    with one_cpu():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == allowed


def test_the_collector_rests_during_imports_only() -> None:
    with imports_without_collector():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()
