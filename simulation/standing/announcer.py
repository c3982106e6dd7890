"""What a standing platform says on its terminal: alerts, faults, nothing else."""

from __future__ import annotations

from datetime import datetime

import click

from simulation.events import AlertFired, AlertResolved, Event, FaultInjected


class Announcer:
    """A :class:`simulation.progress.Progress` for people who operate the platform themselves."""

    def phase(self, text: str) -> None:
        click.echo(f"… {text}")

    def at(self, now: datetime) -> None:
        """Time passes without a word."""

    def seen(self, event: Event) -> None:
        text = _said(event)
        if text is not None:
            click.echo(f"{event.at:%Y-%m-%d %H:%M:%S}  {text}")


def _said(event: Event) -> str | None:
    if isinstance(event, AlertFired):
        todo = f"follow fixtures/runbooks/{event.runbook}.md" if event.runbook else "no runbook: escalate"
        return f"ALERT {event.alert} ({event.severity}): {todo}"
    if isinstance(event, AlertResolved):
        return f"resolved: {event.alert}"
    if isinstance(event, FaultInjected):
        return f"a fault of the scenario: {event.fault_id}"
    return None
