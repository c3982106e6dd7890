"""Faults of the identity service: its signing key does not come, and nobody's token can be verified."""

from __future__ import annotations

from simulation.clock import SimProcess
from simulation.scenario.faults.identity import AuthenticationOutage
from simulation.scenario.faults.planned import PlannedFault
from simulation.world.faults.context import FaultContext, carries_out

_LOOK_SECONDS = 60


@carries_out(AuthenticationOutage)
def take_the_key_away(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The file with the key is gone from its mount, for the window. It comes back as it was.

    It waits for a moment in which no runbook is being carried out: one that is torn in the middle would fail for
    another reason than its own.
    """
    yield around.kernel.until(fault.starts_at)
    while around.under_way():
        yield around.kernel.sleep(_LOOK_SECONDS)
    key = around.signing_key
    if key is None or around.kernel.now >= fault.until:
        return
    away = key.with_name(f"{key.name}.away")
    around.injector.strike(fault, {}, detail="the identity service's signing key cannot be read", touches=False)
    key.rename(away)
    around.injector.locked_out = True
    yield around.kernel.until(fault.until)
    around.injector.locked_out = False
    away.rename(key)
