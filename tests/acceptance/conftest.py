"""Whole runs, in this process, as the command line makes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.progress import Silent
from simulation.run import RunResult, run

Simulate = Callable[..., RunResult]


@pytest.fixture
def simulate(tmp_path: Path) -> Simulate:
    """``simulate(scenario, seed=1)``: one run with its run directory below the test's own folder."""

    def one(scenario: str, *, seed: int = 1) -> RunResult:
        return run(prepare(scenario=scenario, seed=seed, out=tmp_path), Silent())

    return one
