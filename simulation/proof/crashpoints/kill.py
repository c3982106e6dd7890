"""One run in which the platform is killed at one place, and what the jury says of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from simulation.events import FaultInjected
from simulation.faults.plan import FaultPlan
from simulation.proof.crashpoints.points import Point
from simulation.proof.planned_run import PlannedRun, run_with

Outcome = Literal["survived", "escalated", "turned away", "wrong", "not met"]
"""``turned away``: a person's own request was killed, and they gave up; what was promised to them is missing, and
nothing else may be. ``escalated``: the operator's own request was killed; its runbook ended as failed, and people were
told, as the specification asks. ``not met``: the run never came to the place, or the harness broke off, which proves
nothing."""
_TELL_OF_A_FAILED_RUNBOOK = frozenset({"no_escalation", "faults_recovered", "promised_events"})
"""Checks that say that a runbook did not do what it is for. It could not: its request was killed."""
_TELL_OF_SOMEBODY_MISSING = frozenset(
    {
        "contests_paid_out",
        "convergence",
        "expected_prizes",
        "faults_recovered",
        "lifecycle_automatic",
        "nobody_turned_away",
        "promised_events",
        "runbooks_rehearsed",
    }
)
"""Checks that say that somebody, or their contest, is not there. Theirs was the request that was killed."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run with one kill ended."""

    point: Point
    outcome: Outcome
    findings: tuple[str, ...]
    """``check: subject: message``, at most one a check."""
    directory: Path | None
    """Of the run, where it is kept: one that survived is not."""
    cpu_seconds: float
    """Of this run, its database and its shells: what it costs on a machine that does nothing else."""


@dataclass(frozen=True, kw_only=True)
class Killing:
    """Carries out one run a point; picklable, for workers."""

    scenario: str
    seed: int
    out: Path
    target: Path | None = None
    """Folder of a backend in processes of its own; None: the platform that comes along."""

    def __call__(self, point: Point) -> Ending:
        """Never raises for what the run does."""

        def with_kill(plan: FaultPlan) -> FaultPlan:
            return plan.model_copy(update={"faults": (*plan.faults, point.fault)})

        done = run_with(self.scenario, seed=self.seed, out=self.out, change=with_kill, target=self.target)
        outcome = outcome_of(done, point)
        return Ending(
            point=point,
            outcome=outcome,
            findings=done.told,
            directory=done.keep(kept=outcome in ("wrong", "not met")),
            cpu_seconds=done.cpu_seconds,
        )


def outcome_of(done: PlannedRun, point: Point) -> Outcome:
    """What the jury's findings mean for this place: it depends on whose request was killed."""
    strikes = () if done.history is None else done.history.of(FaultInjected)
    if all(strike.fault_id != point.fault.fault_id for strike in strikes):
        return "not met"
    if done.passed:
        return "survived"
    if point.asked_by == "operator":
        return "escalated" if done.against() <= _TELL_OF_A_FAILED_RUNBOOK else "wrong"
    if point.asked_by == "person" and done.found() <= _TELL_OF_SOMEBODY_MISSING:
        return "turned away"
    return "wrong"
