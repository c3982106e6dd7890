"""Faults of Stripe that need no call to strike: a secret that changes on one side only."""

from __future__ import annotations

from simulation.clock import SimProcess
from simulation.history import caused_by
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.stripe import ApiKeyRolled, SigningSecretRolled
from simulation.world.faults.context import FaultContext, carries_out


@carries_out(SigningSecretRolled)
def roll_signing_secret(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Somebody rolls the signing secret of the platform's webhook endpoint at Stripe, and tells nobody."""
    yield around.kernel.until(fault.starts_at)
    with caused_by(f"fault:{fault.fault_id}"):
        endpoint = around.twin.roll_signing_secret(fault_id=fault.fault_id)
        detail = "the signing secret is another one, and every delivery is refused"
        around.injector.strike(fault, {"webhook_endpoint": endpoint}, detail=detail, touches=False)


@carries_out(ApiKeyRolled)
def roll_api_key(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Somebody rolls the platform's key at Stripe; the new one comes to its secret store at the end of the window."""
    yield around.kernel.until(fault.starts_at)
    file = around.stripe_key_file
    if file is None:
        return
    with caused_by(f"fault:{fault.fault_id}"):
        new_key = around.twin.roll_api_key(fault_id=fault.fault_id)
        detail = "the key of Stripe's API is another one, and the platform's has expired"
        around.injector.strike(fault, {}, detail=detail, touches=False)
    yield around.kernel.until(fault.until)
    file.write_text(f"{new_key}\n")
