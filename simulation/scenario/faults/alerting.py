"""Whether an alert that calls for a runbook is sure to fire: what decides how a fault ends.

The monitoring looks at its interval, and an alert may want its condition to hold for a while, so that what lasts long
enough is sure to be seen, what is shorter than that is sure not to be, and what is between may be either.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from simulation.scenario.faults.expectation import SELF_HEALS, Expectation
from simulation.scenario.faults.fault import Beyond

if TYPE_CHECKING:
    from simulation.scenario.model import Scenario

JOB_INTERVAL = timedelta(minutes=5)
"""How often a platform's jobs run (fixtures/spec/platform.md, "Background work")."""
_A_MINUTE = timedelta(minutes=1)
_NOTHING = timedelta(0)

STORM_RUNBOOK = "duplicate_payment_webhook"
"""For more deliveries within an hour, of events that were processed before, than the alert lets pass."""


def alerted(
    scenario: Scenario,
    *,
    least: timedelta,
    most: timedelta,
    held_for: timedelta = _NOTHING,
    field: str,
    runbook: Expectation,
) -> Expectation | Beyond:
    """How a fault ends by which the condition of an alert holds from ``least`` to ``most``, in simulated time.

    :param held_for: how long it must hold before the alert fires. :param field: of the fault, that decides about it.
    :param runbook: how it ends when the alert fires; it heals by itself if not.
    """
    interval = timedelta(seconds=scenario.monitor.scrape_interval_seconds)
    until_seen = interval * -(-held_for // interval)
    if least >= interval + until_seen:
        return runbook
    if most < until_seen or most <= _NOTHING:
        return SELF_HEALS
    longer = -(-(interval + until_seen - least) // _A_MINUTE)
    shorter = -(-(most - until_seen) // _A_MINUTE)
    return Beyond(
        field=field,
        problem=f"the alert that calls for {runbook} may see it or not",
        remedy=f"let it last {longer} minutes longer, so that the alert is sure to fire, or {shorter + 1} minutes less",
    )
