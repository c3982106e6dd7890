"""Which fault an alert goes back to: the link between fault and runbook in a history's chain of causes."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.events import AlertResolved, Event, FaultInjected, FaultScheduled


def cause_of_alert(events: Sequence[Event], *, alert_id: str, runbook: str | None) -> str:
    """``fault:<id>`` when exactly one open fault expects ``runbook``, else ``alert:<alert_id>``.

    A fault is open from its first strike until an alert that goes back to it is resolved. If two open faults expect the
    same runbook, the alert is its own cause: nobody can tell which fault it was, and a guess would mislead.
    """
    if runbook is None:
        return f"alert:{alert_id}"
    expecting = {event.fault_id for event in events if isinstance(event, FaultScheduled) and event.runbook == runbook}
    injected = {event.fault_id for event in events if isinstance(event, FaultInjected)}
    closed = {event.cause for event in events if isinstance(event, AlertResolved)}
    candidates = [fault_id for fault_id in sorted(expecting & injected) if f"fault:{fault_id}" not in closed]
    return f"fault:{candidates[0]}" if len(candidates) == 1 else f"alert:{alert_id}"
