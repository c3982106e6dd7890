"""Faults of Stripe's events that need no event to strike: the shape that all of them have for a while."""

from __future__ import annotations

from simulation.clock import SimProcess
from simulation.scenario.faults.events import EndpointsBothEnabled, EventsOfOlderVersion, WebhookEndpointDisabled
from simulation.scenario.faults.planned import PlannedFault
from simulation.world.faults.context import FaultContext, carries_out
from simulation.world.stripe.older_version import OLDER_VERSION


@carries_out(EventsOfOlderVersion)
def show_older_version(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The endpoint is set to an older version of the API, and back."""
    yield around.kernel.until(fault.starts_at)
    around.injector.strike(fault, {"api_version": OLDER_VERSION}, detail="events have this version", touches=False)
    around.twin.show_older_events(True)
    yield around.kernel.until(fault.until)
    around.twin.show_older_events(False)


@carries_out(EndpointsBothEnabled)
def enable_both_endpoints(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The standby gets every event too, and at the end none again."""
    yield around.kernel.until(fault.starts_at)
    endpoint = around.twin.enable_standby(fault_id=fault.fault_id)
    detail = "the standby is enabled as well"
    around.injector.strike(fault, {"webhook_endpoint": endpoint}, detail=detail, touches=False)
    yield around.kernel.until(fault.until)
    around.twin.disable_standby()


@carries_out(WebhookEndpointDisabled)
def turn_deliveries_away(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Nothing of Stripe's comes through any more, until Stripe disables the endpoint."""
    yield around.kernel.until(fault.starts_at)

    def tell(endpoint_id: str, detail: str) -> None:
        around.injector.strike(fault, {"webhook_endpoint": endpoint_id}, detail=detail, touches=False)

    around.twin.turn_deliveries_away(fault.fault_id, tell)
