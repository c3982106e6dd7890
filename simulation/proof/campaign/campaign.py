"""Lives all that is left of a campaign, and keeps each result at once, so that a killed one goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from simulation.environment.caller import plain_environment
from simulation.environment.clock_library import clock_library
from simulation.environment.workspace import workspace_root
from simulation.proof.campaign.cluster import finished_on
from simulation.proof.campaign.live import live, lost
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import JUDGED, Case, Result, Timed
from simulation.proof.campaign.store import appending, results_in, write_sorted
from simulation.proof.parallel import finished
from simulation.world.operator.tools import find_tools, try_tools


def require_what_all_need() -> None:
    """What this machine lacks is said once, not by every run; what is made for all runs is made here."""
    clock_library()
    workspace_root()
    try_tools(find_tools(), plain_environment())


def carry_out(folder: Path, plan: Plan, *, workers: int, dask: str | None, told: Callable[[Timed], None]) -> None:
    """Live every case that has no verdict yet.

    :param workers: processes at a time, on this machine. :param dask: address of a cluster that lives them instead.
    :param told: called with each result when it is on the disk.
    """
    left = _until(plan.minutes, left_of(plan, results_in(folder)))
    try:
        with appending(folder) as keep:
            for timed in _lived(left, folder, plan, workers, dask):
                keep(timed)
                told(timed)
    finally:
        write_sorted(folder, plan, of=(folder,))


def _lived(cases: Iterator[Case], folder: Path, plan: Plan, workers: int, dask: str | None) -> Iterator[Timed]:
    if dask is None:
        work = partial(
            live,
            folder=folder,
            environment=plan.environment,
            target=plan.target,
            required=plan.required,
            kept_below=plan.kept_below,
        )
        return finished(cases, work, workers=workers, lost=lost)
    return finished_on(dask, cases, plan=plan, folder=folder)


def left_of(plan: Plan, results: Iterable[Result]) -> Iterator[Case]:
    """Cases without a verdict; one that broke off is tried again."""
    judged = {plan.order(result.case) for result in results if result.outcome in JUDGED}
    return (case for case in plan.cases() if plan.order(case) not in judged)


def _until(minutes: float | None, cases: Iterator[Case]) -> Iterator[Case]:
    began = time.monotonic()
    for case in cases:
        if minutes is not None and time.monotonic() - began > minutes * 60:
            return
        yield case
