"""Faults of the machine that the platform runs on."""

from __future__ import annotations

from simulation.clock import SimProcess
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.programs import BackendKilled
from simulation.world.faults.context import FaultContext, carries_out


@carries_out(BackendKilled)
def kill_backend(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Every program of the platform is killed at once, in whatever it is doing, and started again later."""
    yield around.kernel.until(fault.starts_at)
    if around.service is None:
        return
    around.injector.strike(
        fault, BackendKilled.keys(fault), detail="every program of the platform is killed", touches=False
    )
    around.service.stop()
    yield around.kernel.until(fault.until)
    around.service.start()
