"""Tries every falsehood on a history, and collects which checks notice it."""

from __future__ import annotations

import gc
from pathlib import Path

from simulation.checks.conformance.log_lines import log_lines
from simulation.checks.conformance.share import share_of
from simulation.checks.evidence.case import Case
from simulation.checks.verdict import judge
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.judging import Jury
from simulation.proof.coverage.plan import falsehoods_of
from simulation.proof.coverage.result import Coverage, Told
from simulation.proof.parallel import in_parallel
from simulation.run_directory import RunDirectory


def measure(run_dir: Path, history: History, draw: Draw, *, jobs: int) -> Coverage:
    """Measure the coverage of a history; the result does not depend on ``jobs``, the number of parallel workers.

    :param history: the history of the run in ``run_dir``.
    """
    verdict, started = judge(history), history.started
    return Coverage(
        scenario=started.scenario if started is not None else "",
        digest=verdict.digest,
        outcome=verdict.outcome,
        seed=draw.seed,
        rows=draw.rows,
        told=tuple(told_of(history, draw, jobs=jobs)),
        log_lines=_lines(RunDirectory(path=run_dir).platform_log),
        log_lines_judged=_judged_lines(history),
        without_rule=_without_rule(history),
    )


def _judged_lines(history: History) -> int:
    started = history.started
    case = Case(history, started.governance if started is not None else NO_GOVERNANCE)
    return 0 if case.contract.log is None else case.remembered(log_lines).judged["log"]


def _without_rule(history: History) -> tuple[str, ...]:
    """Columns without a rule; none where the target declares no contract, which the verdict says."""
    started = history.started
    case = Case(history, started.governance if started is not None else NO_GOVERNANCE)
    share = share_of(case) if case.contract.tables else None
    return () if share is None else share.columns_without_rule


def told_of(history: History, draw: Draw, *, jobs: int) -> list[Told]:
    """Every falsehood of the draw with the jury's reaction, in the order of ``falsehoods_of``."""
    jury, falsehoods = Jury(history), draw.sampled(falsehoods_of(history, draw))
    gc.collect()
    gc.freeze()  # what all judgements share stays; collecting it again and again took half of the time

    def share(number: int) -> tuple[int, list[Told]]:
        return number, [Told.of(falsehood, jury.react(falsehood)) for falsehood in falsehoods[number::jobs]]

    try:
        parts = [share(0)] if jobs == 1 else in_parallel(range(jobs), share, workers=jobs, told=lambda _: None)
    finally:
        gc.unfreeze()
    told: dict[int, Told] = {number + place * jobs: item for number, items in parts for place, item in enumerate(items)}
    return [told[number] for number in sorted(told)]


def _lines(log: Path) -> int:
    return len(log.read_text(encoding="utf-8", errors="replace").splitlines()) if log.is_file() else 0
