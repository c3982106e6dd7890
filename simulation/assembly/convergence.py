"""Convergence: after the last fault the platform must have nothing pending within the scenario's time limit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulation.clock import SimProcess
from simulation.events import RunEnded
from simulation.scenario.model import Scenario

if TYPE_CHECKING:
    from simulation.assembly import Simulation

_LOOK_INTERVAL_SECONDS = 1800
_OPEN = ("pending", "processing", "retryable")


def _last_signals(scenario: Scenario) -> Iterator[datetime]:
    """Times of the last planned events from outside: ends of contests, final results of tournaments, tasks.

    A tournament may last longer than the planned end of its contest.
    """
    for contest in scenario.contests:
        tournament = scenario.tournaments.get(contest.tournament)
        yield contest.end if tournament is None else max(contest.end, tournament.final_board_at)
    yield from (task.at for task in scenario.operator.tasks)


class Convergence:
    """Polls from the end of the last fault on, and keeps the first time at which nothing was pending."""

    def __init__(self, sim: Simulation) -> None:
        self._on = sim
        self._last_signal = max(_last_signals(sim.scenario))
        self.converged_at: datetime | None = None

    @property
    def healthy_at(self) -> datetime:
        """When the last fault is over, as far as it is known now: one may strike later than planned, and last."""
        return max(self._on.injector.healthy_at(), self._last_signal)

    @property
    def deadline(self) -> datetime:
        return self.healthy_at + timedelta(hours=self._on.scenario.converge_within_hours)

    def watch(self) -> SimProcess:
        """SimPy process: poll until nothing is pending, every 30 simulated minutes."""
        kernel = self._on.kernel
        while kernel.now < self.healthy_at or self.pending():
            if kernel.now < self.healthy_at:
                yield kernel.until(self.healthy_at)
            else:
                yield kernel.sleep(_LOOK_INTERVAL_SECONDS)
        self.converged_at = kernel.now

    def pending(self) -> tuple[str, ...]:
        """What is still pending, one line each."""
        sim = self._on
        statuses = sim.request.target.contract.works.statuses
        pending = [
            f"contest {row['name']} is {row['status']}, not paid out"
            for row in sim.observer.rows_if_any("contests")
            if row["paid_out_at"] is None and statuses.canonical("contests", str(row["status"])) != "CANCELLED"
        ]
        for relation, key in (("transfers", "transfer_id"), ("refunds", "refund_id")):
            pending += [
                f"{relation[:-1]} {row[key]} is {row['status']}"
                for row in sim.observer.rows_if_any(relation)
                if statuses.canonical(relation, str(row["status"])) in _OPEN
            ]
        if sim.twin.pending_deliveries:
            pending.append(f"{sim.twin.pending_deliveries} webhooks are still to be delivered")
        pending += [f"alert {alert.alert} is firing" for alert in sim.monitor.firing]
        if sim.operator.busy:
            pending.append("the operator is carrying out a runbook")
        return tuple(pending)

    def ended(self) -> RunEnded:
        """The event that ends the history, with the result."""
        return RunEnded(
            healthy_at=self.healthy_at,
            converged_at=self.converged_at,
            converge_deadline=self.deadline,
            pending=() if self.converged_at is not None else self.pending(),
            events_processed=self._on.kernel.events_processed,
        )
