"""One run of a scenario with a plan of faults that was changed, judged; kept on disk only where it did not pass."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from simulation.assembly.request import prepare
from simulation.checks.verdict import Verdict, judge
from simulation.errors import SimulationError
from simulation.faults.plan import FaultPlan
from simulation.history import History
from simulation.progress import Silent
from simulation.reporting.write import write_report
from simulation.run import carry_out
from simulation.run_directory import RunDirectory


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """``verdict`` is None where the harness broke off; ``told`` says why then, and else one line a finding's check."""

    history: History | None
    verdict: Verdict | None
    told: tuple[str, ...]
    directory: Path
    cpu_seconds: float = 0.0
    """Of this run, its database and its programs: what it costs on a machine that does nothing else."""

    @property
    def passed(self) -> bool:
        return self.verdict is not None and self.verdict.outcome == "pass"

    def against(self) -> frozenset[str]:
        """The checks that said something against the run."""
        results = () if self.verdict is None else self.verdict.results
        return frozenset(result.check for result in results if result.findings or result.unknown is not None)

    def found(self) -> frozenset[str]:
        """The checks that found something: without those that could not tell."""
        results = () if self.verdict is None else self.verdict.results
        return frozenset(result.check for result in results if result.findings)

    def keep(self, *, kept: bool) -> Path | None:
        """Its folder with its report, or nothing of it."""
        if not kept:
            shutil.rmtree(self.directory)
            return None
        if self.history is not None and self.verdict is not None:
            write_report(self.directory, self.history, self.verdict)
        return self.directory


def run_with(
    scenario: str, *, seed: int, out: Path, change: Callable[[FaultPlan], FaultPlan], target: Path | None = None
) -> PlannedRun:
    """Live the scenario with ``change(plan)``. Never raises for what the run does.

    :param target: folder of a backend in processes of its own; None: the platform that comes along.
    """
    request = prepare(scenario=scenario, seed=seed, environment="embedded", out=out, target=target)
    directory = RunDirectory.create(out=out, scenario=request.scenario.name, seed=seed)
    used, history, verdict = _cpu_seconds(), None, None
    try:
        history = carry_out(replace(request, plan=change(request.plan), asked=()), directory, Silent())
        verdict = judge(history)
        told = tuple(_told(verdict))
    except (SimulationError, OSError) as error:
        history, told = None, (str(error),)
    return PlannedRun(
        history=history, verdict=verdict, told=told, directory=directory.path, cpu_seconds=_cpu_seconds() - used
    )


def _cpu_seconds() -> float:
    """Of this process and of those that it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _told(verdict: Verdict) -> Iterator[str]:
    for result in verdict.results:
        if result.findings:
            first = result.findings[0]
            yield f"{result.check}: {first.subject}: {first.message}" + (f" ({first.actual})" if first.actual else "")
        elif result.unknown is not None:
            yield f"{result.check}: cannot tell: {result.unknown}"
