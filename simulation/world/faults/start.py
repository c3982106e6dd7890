"""Starts every trouble of a run's fault plan, each as a process of its own."""

from __future__ import annotations

from collections.abc import Mapping

from simulation.faults.plan import FaultPlan
from simulation.scenario.faults import WORLD_NEEDS, FaultKind
from simulation.world.faults import database, identity, people
from simulation.world.faults import database as lost_rows
from simulation.world.faults import programs as killing
from simulation.world.faults import provider as scores
from simulation.world.faults import stripe as secrets
from simulation.world.faults.context import Act, FaultContext

ACTS: Mapping[FaultKind, Act] = {
    "contest_row_held": database.hold_contest_row,
    "database_connections_exhausted": database.take_every_connection,
    "contest_rows_lost": lost_rows.lose_contest_rows,
    "authentication_outage": identity.take_the_key_away,
    "backend_killed": killing.kill_backend,
    "refund_requested": people.ask_for_refund,
    "chargeback": people.charge_back,
    "provider_correction": scores.correct_a_card,
    "signing_secret_rolled": secrets.roll_signing_secret,
}
assert set(ACTS) == set(WORLD_NEEDS), "every kind that comes by itself has somebody who carries it out"


class Troubles:
    """One run's troubles."""

    def __init__(self, *, plan: FaultPlan, around: FaultContext) -> None:
        self._plan = plan
        self._around = around

    def start(self) -> None:
        """Spawn each; none strikes before its time."""
        self._around.twin.subscribe(self._around.payers.saw)
        for fault in self._plan.faults:
            if fault.kind in ACTS:
                self._around.kernel.spawn(ACTS[fault.kind](self._around, fault))

    def close(self) -> None:
        """Take back what still stands. Safe to call twice."""
        self._around.close()
