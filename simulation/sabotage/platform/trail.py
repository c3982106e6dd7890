"""Defects of the trail: audit rows that are missing or wrong, execution records that differ from what happened."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging import unit_of_work
from simulation.staging.errors import ApiError
from simulation.staging.money import payouts
from simulation.staging.operations import runbooks

DEFECTS = DefectRegistry("trail", scenario="quiet")


@DEFECTS.sabotage(
    "transition_audit",
    origin="a second code path for a transition, without the audit call of the first",
)
def transition_without_audit_row(patches: Patches) -> None:
    """A contest becomes LIVE and its own trail does not say so."""

    def make(real: Any) -> Any:
        def record(self: Any, contest_id: Any, **row: Any) -> None:
            if row.get("to_status") != "LIVE":
                real(self, contest_id, **row)
            else:
                patches.trigger()

        return record

    patches.replace(unit_of_work.UnitOfWork, "record_contest_action", make)


@DEFECTS.sabotage(
    "audit_completeness",
    origin="auditing by hand in each handler: one of them forgot",
)
def change_without_audit_record(patches: Patches) -> None:
    """A transaction changes a governed table and leaves no audit record."""

    def make(real: Any) -> Any:
        def finish(self: Any) -> None:
            if self.action != "contest_locked":
                real(self)
            else:
                patches.trigger()

        return finish

    patches.replace(unit_of_work.UnitOfWork, "finish", make)


@DEFECTS.sabotage(
    "audit_completeness",
    origin="a mandatory field satisfied with a blank",
)
def audit_record_without_reason(patches: Patches) -> None:
    """Audit records say nothing about why."""

    def make(real: Any) -> Any:
        def finish(self: Any) -> None:
            patches.trigger()
            self.reason = " "
            real(self)

        return finish

    patches.replace(unit_of_work.UnitOfWork, "finish", make)


@DEFECTS.sabotage(
    "transition_audit",
    origin="a mandatory field satisfied with a blank",
)
def transition_without_reason(patches: Patches) -> None:
    """A contest's trail says that it moved, and not why."""
    _alter_contest_rows(patches, lambda row: {**row, "reason": " "} if row.get("to_status") else row)


@DEFECTS.sabotage(
    "transition_audit",
    origin="the status read after the update instead of before it",
)
def transition_from_the_wrong_status(patches: Patches) -> None:
    """A contest's trail names another status than the one it came from."""
    _alter_contest_rows(
        patches, lambda row: {**row, "from_status": "SCHEDULED"} if row.get("to_status") == "LIVE" else row
    )


@DEFECTS.sabotage(
    "audit_completeness",
    origin="audit records written by a worker when it gets round to it",
)
def audit_record_with_the_wrong_time(patches: Patches) -> None:
    """Audit records are dated an hour before their transaction."""

    def make(real: Any) -> Any:
        plot_text = real.text.replace("request_id, payload)", "request_id, payload, created_at)")
        return text(
            plot_text.replace("CAST(:payload AS jsonb))", "CAST(:payload AS jsonb), now() - interval '1 hour')")
        )

    patches.replace(unit_of_work, "_INSERT_AUDIT_LOG", make)
    _note_records(patches)


@DEFECTS.sabotage(
    "lifecycle_automatic",
    origin="a shared service account: whoever deployed last is the actor of everything",
)
def transition_by_the_wrong_actor(patches: Patches) -> None:
    """Automatic transitions are signed by an admin."""
    admins: list[UUID] = []
    patches.when_assembled(lambda sim: admins.append(UUID(sim.ops_admin.user_id)))

    def make(real: Any) -> Any:
        def record(self: Any, contest_id: Any, **row: Any) -> None:
            own = self.context
            if own.actor.int == 0 and row.get("to_status"):
                patches.trigger()
                self.context = replace(own, actor=admins[0])
            real(self, contest_id, **row)
            self.context = own

        return record

    patches.replace(unit_of_work.UnitOfWork, "record_contest_action", make)


@DEFECTS.sabotage(
    "runbook_rows",
    "convergence",
    origin="a double click on start, a retried request without idempotency",
    scenario="payday",
)
def execution_row_duplicated(patches: Patches) -> None:
    """Starting a runbook opens two executions."""

    def make(real: Any) -> Any:
        def start(*arguments: Any, **named: Any) -> Any:
            patches.trigger()
            real(*arguments, **named)
            return real(*arguments, **named)

        return start

    patches.replace(runbooks, "start", make)


@DEFECTS.sabotage(
    "runbook_rows",
    "convergence",
    origin="the last call of a long procedure is the one that is forgotten",
    scenario="payday",
)
def execution_left_in_progress(patches: Patches) -> None:
    """Completing a runbook answers well and writes nothing."""
    patches.replace(runbooks, "_COMPLETE", lambda _: text("SELECT now() AS end_time WHERE :id IS NOT NULL"))
    _harmless(patches, "complete")


@DEFECTS.sabotage(
    "runbook_rows",
    "runbook_steps_exact",
    origin="a green status by default: whoever closes an execution has finished it",
    scenario="payday",
)
def completed_though_a_step_failed(patches: Patches) -> None:
    """A step of the runbook fails, and the execution is recorded as completed."""

    def refuse(real: Any) -> Any:
        def run(runtime: Any, context: Any, *, ignore_backoff: bool = False) -> Any:
            if ignore_backoff:
                raise ApiError(500, "internal_error", "the scheduler cannot be run")
            return real(runtime, context)

        return run

    def make(real: Any) -> Any:
        def complete(*arguments: Any, **named: Any) -> Any:
            if named["status"] != "completed":
                patches.trigger()
            return real(*arguments, **{**named, "status": "completed", "error_reason": None})

        return complete

    patches.replace(payouts, "run", refuse)
    patches.replace(runbooks, "complete", make)


@DEFECTS.sabotage(
    "runbook_steps_logged",
    origin="notes written up at the end of the shift",
    scenario="payday",
    how="person",
)
def steps_not_logged(patches: Patches) -> None:
    """The operator carries out steps and does not record them."""
    from simulation.world.operator.audit_trail import AuditTrail

    patches.replace(AuditTrail, "step", lambda _: lambda *_args, **_named: patches.trigger())


def _harmless(patches: Patches, name: str) -> None:
    def make(real: Any) -> Any:
        def noted(*arguments: Any, **named: Any) -> Any:
            patches.trigger()
            return real(*arguments, **named)

        return noted

    patches.replace(runbooks, name, make)


def _note_records(patches: Patches) -> None:
    def make(real: Any) -> Any:
        def finish(self: Any) -> None:
            patches.trigger()
            real(self)

        return finish

    patches.replace(unit_of_work.UnitOfWork, "finish", make)


@DEFECTS.sabotage("rows_accounted_for", scenario="payday", origin="a record that only the manual path writes")
def end_of_payouts_without_audit_row(patches: Patches) -> None:
    """Every prize of a contest is paid, and the contest's own trail does not say so."""

    def make(real: Any) -> Any:
        def record(self: Any, contest_id: Any, **row: Any) -> None:
            if row["action"] != "payouts_complete":
                real(self, contest_id, **row)
            else:
                patches.trigger()

        return record

    patches.replace(unit_of_work.UnitOfWork, "record_contest_action", make)


def _alter_contest_rows(patches: Patches, altered: Any) -> None:
    def make(real: Any) -> Any:
        def record(self: Any, contest_id: Any, **row: Any) -> None:
            changed = altered(row)
            if changed != row:
                patches.trigger()
            real(self, contest_id, **changed)

        return record

    patches.replace(unit_of_work.UnitOfWork, "record_contest_action", make)
