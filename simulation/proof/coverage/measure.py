"""Tries every falsehood on a history, and collects which checks notice it."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path

from simulation.checks.conformance.log_lines import log_lines
from simulation.checks.conformance.share import share_of
from simulation.checks.evidence.case import Case
from simulation.checks.verdict import judge
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.proof.coverage.accepted import NOTHING, Accepted
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.judging import Jury
from simulation.proof.coverage.plan import falsehoods_of
from simulation.proof.coverage.result import Coverage, Told
from simulation.proof.parallel import in_parallel
from simulation.run_directory import RunDirectory

_SHARES = 8
"""Parts of the work for each worker, so that none is left with much when the others are done."""


def measure(run_dir: Path, history: History, draw: Draw, *, jobs: int, accepted: Accepted = NOTHING) -> Coverage:
    """Measure the coverage of a history; the result does not depend on ``jobs``, the number of parallel workers.

    :param history: the history of the run in ``run_dir``. :param accepted: what need not be noticed, with the reasons.
    """
    started = history.started
    true, told = _tried(history, draw, jobs=jobs, accepted=accepted)
    return Coverage(
        scenario=started.scenario if started is not None else "",
        digest=true.digest,
        outcome=true.outcome,
        seed=draw.seed,
        rows=draw.rows,
        told=tuple(told),
        log_lines=_lines(RunDirectory(path=run_dir).platform_log),
        log_lines_judged=true.judged_lines,
        without_rule=true.without_rule,
    )


@dataclass(frozen=True, kw_only=True)
class _True:
    """What the jury says of the true history. ``judged_lines``: of the log. ``without_rule``: columns."""

    digest: str
    outcome: str
    judged_lines: int
    without_rule: tuple[str, ...]

    @classmethod
    def of(cls, history: History) -> _True:
        verdict = judge(history)
        return cls(
            digest=verdict.digest,
            outcome=verdict.outcome,
            judged_lines=_judged_lines(history),
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
    return _tried(history, draw, jobs=jobs, accepted=NOTHING)[1]


def _tried(history: History, draw: Draw, *, jobs: int, accepted: Accepted) -> tuple[_True, list[Told]]:
    """The true history is judged beside the first falsehoods, so that no worker waits for it."""
    jury, falsehoods = Jury(history), draw.sampled(falsehoods_of(history, draw))
    gc.collect()
    gc.freeze()  # what all judgements share stays; collecting it again and again took half of the time
    shares = jobs * _SHARES

    def share(number: int) -> tuple[int, list[Told]] | _True:
        if number == shares:
            return _True.of(history)
        return number, [Told.of(each, jury.react(each), accepted) for each in falsehoods[number::shares]]

    numbers = [shares, *range(shares)]
    try:
        parts = list(map(share, numbers)) if jobs == 1 else in_parallel(numbers, share, workers=jobs, told=_nobody)
    finally:
        gc.unfreeze()
    (true,) = [part for part in parts if isinstance(part, _True)]
    told: dict[int, Told] = {
        part[0] + place * shares: item
        for part in parts
        if not isinstance(part, _True)
        for place, item in enumerate(part[1])
    }
    return true, [told[number] for number in sorted(told)]


def _nobody(_: object) -> None:
    """There is nothing to tell while it lasts."""


def _lines(log: Path) -> int:
    return len(log.read_text(encoding="utf-8", errors="replace").splitlines()) if log.is_file() else 0
