"""Lives all that is left of a campaign, and keeps each result at once, so that a killed one goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from simulation.proof.campaign.live import live, lost
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import JUDGED, Case, Result, Timed
from simulation.proof.campaign.store import appending, results_in, write_sorted
from simulation.proof.parallel import finished


def carry_out(folder: Path, plan: Plan, *, workers: int, told: Callable[[Timed], None]) -> None:
    """Live every case that has no verdict yet.

    :param told: called with each result when it is on the disk.
    """
    ended = partial(live, folder=folder, environment=plan.environment, target=plan.target)
    left = _until(plan.minutes, left_of(plan, results_in(folder)))
    try:
        with appending(folder) as keep:
            for timed in finished(left, ended, workers=workers, lost=lost):
                keep(timed)
                told(timed)
    finally:
        write_sorted(folder, plan, results_in(folder))


def left_of(plan: Plan, results: list[Result]) -> Iterator[Case]:
    """Cases without a verdict; one that broke off is tried again."""
    judged = {result.case for result in results if result.outcome in JUDGED}
    return (case for case in plan.cases() if case not in judged)


def _until(minutes: float | None, cases: Iterator[Case]) -> Iterator[Case]:
    began = time.monotonic()
    for case in cases:
        if minutes is not None and time.monotonic() - began > minutes * 60:
            return
        yield case
