"""Secrets that change on one side only."""

from __future__ import annotations

from simulation.clock import SimProcess
from simulation.faults.plan import PlannedFault
from simulation.history import caused_by
from simulation.world.faults.context import FaultContext


def roll_signing_secret(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Somebody rolls the signing secret of the platform's webhook endpoint at Stripe, and tells nobody."""
    yield around.kernel.until(fault.starts_at)
    with caused_by(f"fault:{fault.fault_id}"):
        endpoint = around.twin.roll_signing_secret(fault_id=fault.fault_id)
        detail = "the signing secret is another one, and every delivery is refused"
        around.injector.strike(fault, {"webhook_endpoint": endpoint}, detail=detail, touches=False)
