"""Lives one case of a campaign and judges it; its folder stays only if it did not pass."""

from __future__ import annotations

import gc
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulation.assembly.request import prepare
from simulation.checks.cause import causes_of
from simulation.checks.evidence.case import Case as Evidence
from simulation.checks.verdict import Verdict, judge, unverified
from simulation.errors import SimulationError
from simulation.events import FaultInjected, FaultScheduled
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.progress import Silent
from simulation.proof.campaign.calls import calls_of
from simulation.proof.campaign.coverage import Reach
from simulation.proof.campaign.draws import redraw
from simulation.proof.campaign.result import Case, Found, Margin, Outcome, Result, Timed
from simulation.reporting.parts.near_misses import near_misses_of
from simulation.reporting.write import write_report
from simulation.run import carry_out
from simulation.run_directory import RunDirectory

_DAY_SECONDS = 24 * 3600
RUNS = "runs"
_MARGINS = 5
"""Of each run, the smallest."""
_OUTCOMES: Mapping[str, Outcome] = {"pass": "pass", "fail": "fail", "unknown": "unknown"}


def live(
    case: Case,
    *,
    folder: Path,
    environment: str,
    target: Path | None = None,
    required: Sequence[str] = (),
    kept_below: Path | None = None,
) -> Timed:
    """Never raises for what the run does, nor for a fault of the machine.

    :param folder: the campaign's; the run's own is below it. :param environment: ``embedded``, ``containers`` or
        ``compose``. :param target: folder of a backend; None: the platform that comes along. :param required: checks
        that must have looked: else a run that passes otherwise is unknown. :param kept_below: see :class:`Plan`.
    """
    began, own = time.perf_counter(), None
    gc.collect()  # of the life before, whose objects name each other: the thousandth takes no more memory than the 2nd
    try:
        request = prepare(
            scenario=case.scenario,
            seed=case.seed,
            environment=environment,
            out=folder / RUNS,
            target=target,
            redraw=None if case.draw == "own" else redraw(case.draw),
        )
        own = _own_folder(case, request.scenario.name, folder, kept_below)
        history = carry_out(request, own, Silent())
        verdict, reach = judge(history), Reach.of(history)
        shown = "" if verdict.outcome == "pass" and kept_below is None else os.path.relpath(own.path, folder)
        if shown:
            write_report(own.path, history, verdict)
        if kept_below is not None:
            own.become_latest()
        sim_seconds = request.scenario.days * _DAY_SECONDS
        result = Result(case=case, sim_seconds=sim_seconds, folder=shown, **_judged(history, verdict, required))
    except (SimulationError, OSError) as error:
        result, reach = Result(case=case, outcome="broke_off", said=str(error)), Reach()
    if not result.folder and own is not None and kept_below is None:
        shutil.rmtree(own.path, ignore_errors=True)
    return Timed(result=result, reach=reach, wall_seconds=round(time.perf_counter() - began, 3))


def _own_folder(case: Case, scenario: str, folder: Path, kept_below: Path | None) -> RunDirectory:
    if kept_below is not None:
        return RunDirectory.create(out=kept_below, scenario=scenario, seed=case.seed)
    own = RunDirectory(path=folder / RUNS / f"{Path(case.scenario).stem}-{case.draw}-seed{case.seed}")
    shutil.rmtree(own.path, ignore_errors=True)  # of a worker that was killed over the same case
    own.path.mkdir(parents=True)
    return own


def lost(case: Case, how: str) -> Timed:
    """The result of a case over which worker after worker died."""
    result = Result(case=case, outcome="lost", said=f"every worker died over it: {how}")
    return Timed(result=result, reach=Reach(), wall_seconds=0)


def _judged(history: History, verdict: Verdict, required: Sequence[str]) -> dict[str, Any]:
    governance = history.started.governance if history.started is not None else NO_GOVERNANCE
    missing = unverified(verdict, required)
    return {
        "outcome": "unknown" if missing and verdict.outcome == "pass" else _OUTCOMES[verdict.outcome],
        "said": "; ".join(missing),
        "digest": verdict.digest,
        "findings": tuple(_found(history, verdict)),
        "faults": tuple(sorted(fault.fault_kind for fault in history.of(FaultScheduled))),
        "calls": calls_of(history, verdict),
        "struck": tuple(sorted({strike.fault_kind for strike in history.of(FaultInjected)})),
        "margins": tuple(
            Margin(what=miss.what, closest=miss.closest, limit=miss.limit, left=round(miss.left, 6))
            for miss in near_misses_of(Evidence(history, governance))[:_MARGINS]
        ),
    }


def _found(history: History, verdict: Verdict) -> Iterator[Found]:
    for cause, finding in causes_of(history, verdict).items():
        yield Found(check=cause.check, key=cause.key, cause=str(cause), sentence=f"{cause.check}: {finding.sentence}")
