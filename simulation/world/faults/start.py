"""Starts every fault of a run's plan that strikes by itself, each as a process of its own."""

from __future__ import annotations

from simulation.faults.plan import FaultPlan
from simulation.scenario.faults.registry import KINDS
from simulation.world.faults import (
    accounts,
    database,
    disputes,
    events,
    identity,
    organizing,
    paying,
    people,
    programs,
    provider,
    refunds,
    stripe,
    winners,
)
from simulation.world.faults.context import ACTS, FaultContext

FAMILIES = (
    accounts,
    database,
    disputes,
    events,
    identity,
    organizing,
    paying,
    people,
    programs,
    provider,
    refunds,
    stripe,
    winners,
)
"""Modules with the acts; importing them makes the acts known."""
assert set(ACTS) == {name for name, kind in KINDS.items() if kind.acts}, (
    "each kind that acts has one who carries it out"
)


class TimedFaults:
    """One run's faults that strike by themselves, at their own time."""

    def __init__(self, *, plan: FaultPlan, around: FaultContext) -> None:
        self._plan = plan
        self._around = around

    def start(self) -> None:
        """Spawn each; none strikes before its time."""
        self._around.twin.subscribe(self._around.payers.saw)
        self._around.twin.subscribe(self._around.winners.saw)
        for fault in self._plan.faults:
            if fault.kind in ACTS:
                self._around.kernel.spawn(ACTS[fault.kind](self._around, fault))

    def close(self) -> None:
        """Take back what still stands. Safe to call twice."""
        self._around.close()
