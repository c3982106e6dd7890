"""An operator who improvises, keeps silent or does not come."""

from __future__ import annotations

import dataclasses
from typing import Any

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.people.registry import DEFECTS
from simulation.world.operator.audit_trail import AuditTrail
from simulation.world.operator.execution import Execution
from simulation.world.operator.robot import OperatorRobot


@DEFECTS.sabotage(
    "runbook_steps_exact",
    origin="experience: one more request than the page says",
    scenario="payday",
)
def operator_improvises_a_step(patches: Patches) -> None:
    """Within an execution the operator makes a request that no step documents."""

    def make(real: Any) -> Any:
        def perform(self: Any, step: Any) -> Any:
            difference = yield from real(self, step)
            if not patches.triggers:
                patches.trigger()
                with self._acting_at_terminal():
                    self._trail._client.post(
                        "/api/admin/diagnostics/run-ingestion-poller",
                        headers={"Authorization": f"Bearer {self._trail._token}", "X-Request-Id": "improvised-1"},
                    )
            return difference

        return perform

    patches.replace(Execution, "_perform", make)


@DEFECTS.sabotage(
    "runbook_steps_exact",
    origin="somebody who trusts an answer only when it comes twice",
    scenario="payday",
)
def operator_types_what_was_answered_again(patches: Patches) -> None:
    """Each command that only reads is typed a second time, though it was answered as written."""

    def make(real: Any) -> Any:
        def typed(self: Any, step: Any) -> Any:
            tries, answer = yield from real(self, step)
            if step.writes:
                return tries, answer
            patches.trigger()
            again, other = yield from real(self, step)
            requests = (*answer.request_ids, *other.request_ids)
            return tries + again, dataclasses.replace(other, request_ids=requests)

        return typed

    patches.replace(Execution, "_typed", make)


@DEFECTS.sabotage(
    "runbook_steps_exact",
    "no_escalation",
    origin="a runbook written for the version before",
    scenario="payday",
)
def runbook_that_does_not_work(patches: Patches) -> None:
    """A step, carried out as documented, answers otherwise than documented."""
    _expect_otherwise(patches)


def _expect_otherwise(patches: Patches) -> None:
    def make(real: Any) -> Any:
        def perform(self: Any, step: Any) -> Any:
            if step.number == 2:
                patches.trigger()
                step = dataclasses.replace(step, expected=("as it was in the old version",))
            return (yield from real(self, step))

        return perform

    patches.replace(Execution, "_perform", make)


@DEFECTS.sabotage(
    "runbook_steps_exact",
    origin="a printed copy with a note in the margin; the file was changed, or was not",
    scenario="payday",
)
def runbook_edited_at_the_desk(patches: Patches) -> None:
    """The operator carries out a text that works and is not the one shipped."""

    def edit(sim: Simulation) -> None:
        for name, runbook in sim.operator._runbooks.items():
            sim.operator._runbooks[name] = dataclasses.replace(runbook, sha256="0" * 64)
        patches.trigger()

    patches.when_assembled(edit)


@DEFECTS.sabotage(
    "failures_escalated",
    "runbook_steps_exact",
    origin="an operator who does not want to wake anybody",
    scenario="payday",
)
def failure_not_escalated(patches: Patches) -> None:
    """An execution fails and nobody is told."""
    _expect_otherwise(patches)

    def gag(sim: Simulation) -> None:
        def make(real: Any) -> Any:
            def record(event: Any, **rest: Any) -> Any:
                return event if event.kind == "escalated" else real(event, **rest)

            return record

        patches.replace(sim.recorder, "record", make)

    patches.when_assembled(gag)


@DEFECTS.sabotage(
    "failures_escalated",
    origin="a call at night: it does not work, please look",
    scenario="payday",
)
def escalated_with_empty_hands(patches: Patches) -> None:
    """An execution fails and engineering is told so, and nothing else."""
    _expect_otherwise(patches)
    patches.replace(AuditTrail, "bundle", lambda _: lambda *_args, **_rest: {"alert": "it does not work"})


@DEFECTS.sabotage(
    "runbook_steps_exact",
    "runbook_rows",
    "faults_recovered",
    "convergence",
    origin="a window that stays open over the weekend; on Monday it is closed",
    scenario="payday",
)
def operator_never_relieved(patches: Patches) -> None:
    """The operator stops in the middle of a runbook and nobody ever takes over."""

    def make(real: Any) -> Any:
        def perform(self: Any, step: Any) -> Any:
            difference = yield from real(self, step)
            if step.writes:
                patches.trigger()
                yield self._desk.kernel.sleep(10**8)
            return difference

        return perform

    patches.replace(Execution, "_perform", make)


@DEFECTS.sabotage(
    "runbook_steps_exact",
    "failures_escalated",
    origin="whoever comes next wants a clean page",
    scenario="../operator_gone_2d",
)
def taken_over_without_rollback(patches: Patches) -> None:
    """The next operator closes what was left open and says it is rolled back; nothing was."""

    def make(_: Any) -> Any:
        def roll_back(_self: Any) -> Any:
            patches.trigger()
            yield from ()
            return "rolled back as the runbook says"

        return roll_back

    patches.replace(Execution, "_roll_back", make)


@DEFECTS.sabotage(
    "alerts_answered",
    "faults_recovered",
    "runbooks_rehearsed",
    origin="alerts into a channel that everybody has muted",
    scenario="payday",
)
def alerts_ignored(patches: Patches) -> None:
    """Alerts fire and nobody opens a runbook."""
    patches.replace(OperatorRobot, "on_alert", lambda _: lambda *_args: patches.trigger())
