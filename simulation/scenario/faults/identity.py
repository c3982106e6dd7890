"""Faults of the identity service that issues the platform's tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.outage import OutageFault
from simulation.scenario.faults.rule import BrokenRule

if TYPE_CHECKING:
    from simulation.scenario.model import Scenario

_ROOM_FOR_A_TASK = timedelta(hours=3)


class AuthenticationOutage(OutageFault):
    """For `minutes` from `at` the identity service's signing key cannot be read: no token can be verified."""

    kind: Literal["authentication_outage"]
    title = "The identity service's key is gone, and no token can be verified"
    origin = "A secrets agent that fails to renew its lease, a mount that is gone, a key rotated half way."
    recovery = "Lets nobody in. By the break-glass access the runbook fails over to the replica's key."
    turns_people_away = True
    expects = Expectation(runbook="authentication_service_unavailable")
    aim = ("service", "authentication")

    def in_the_way(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """Tasks have their time, and nobody is let in to carry them out; two outages at once are one."""
        for task in scenario.operator.tasks:
            yield from self.meets(task.at, task.at + _ROOM_FOR_A_TASK, f"lets nobody in for the task {task.runbook}")
        for rival in earlier:
            if isinstance(rival, AuthenticationOutage):
                yield from self.meets(rival.at, rival.ends_at, f"lets nobody in for fault {rival.id}")


IdentityKinds = AuthenticationOutage
