"""One run in which two meet in one order, and what the jury says of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from simulation.events import Interleaved
from simulation.faults.plan import FaultPlan
from simulation.proof.interleave.orders import Order
from simulation.proof.planned_run import run_with
from simulation.scenario.faults.concurrency import TwoAtOnce

Outcome = Literal["held", "wrong", "not met"]
KIND = TwoAtOnce.name()


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """How a run with one order ended. ``interleaved`` is None where the two never met."""

    scenario: str
    seed: int
    target: Path | None
    order: Order
    outcome: Outcome
    findings: tuple[str, ...]
    interleaved: Interleaved | None
    directory: Path | None
    cpu_seconds: float
    """Of this run, its database and its shells: what it costs on a machine that does nothing else."""

    @property
    def sequence(self) -> tuple[tuple[str, str, str], ...]:
        """What really happened: orders that differ may be the same sequence, where one side has to wait."""
        steps = () if self.interleaved is None else self.interleaved.steps
        return tuple((step.side, step.what, step.note) for step in steps)

    def steps_of(self, side: str) -> int:
        """How many steps it took, without what is only told of it: that it waits, or goes on."""
        return sum(told == side and not note for told, _, note in self.sequence)


@dataclass(frozen=True, kw_only=True)
class Meet:
    """Carries out one run an order; picklable, for workers."""

    scenario: str
    seed: int
    out: Path
    target: Path | None = None
    """Folder of a backend in processes of its own; None: the platform that comes along."""

    def made(self, meeting: Meeting) -> bool:
        """Whether a meeting that was kept is one of these runs."""
        return (meeting.scenario, meeting.seed, meeting.target) == (self.scenario, self.seed, self.target)

    def __call__(self, order: Order) -> Meeting:
        """Never raises for what the run does."""

        def ordered(plan: FaultPlan) -> FaultPlan:
            text = " ".join(map(str, order))
            faults = (
                fault.model_copy(update={"order": text}) if fault.kind == KIND else fault for fault in plan.faults
            )
            return plan.model_copy(update={"faults": tuple(faults)})

        done = run_with(self.scenario, seed=self.seed, out=self.out, change=ordered, target=self.target)
        met = next(iter(() if done.history is None else done.history.of(Interleaved)), None)
        both = met is not None and len({step.side for step in met.steps}) == 2
        outcome: Outcome = "not met" if not both else "held" if done.passed else "wrong"
        return Meeting(
            scenario=self.scenario,
            seed=self.seed,
            target=self.target,
            order=order,
            outcome=outcome,
            findings=done.told,
            interleaved=met,
            directory=done.keep(kept=outcome != "held"),
            cpu_seconds=done.cpu_seconds,
        )
