"""Trouble with the machine that the platform runs on."""

from __future__ import annotations

from simulation.clock import SimProcess
from simulation.faults.plan import PlannedFault
from simulation.world.faults.context import FaultContext


def kill_backend(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Every program of the platform is killed at once, in whatever it is doing, and started again later."""
    assert fault.ends_at is not None, f"fault {fault.fault_id} has no end"
    yield around.kernel.until(fault.starts_at)
    if around.service is None:
        return
    around.injector.strike(fault, dict(fault.keys), detail="every program of the platform is killed", touches=False)
    around.service.stop()
    yield around.kernel.until(fault.ends_at)
    around.service.start()
