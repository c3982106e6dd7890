"""Defects of the contests' lifecycle and of the jobs that drive it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.platform.runtime_access import runtime_of
from simulation.sabotage.registry import DefectRegistry
from simulation.sabotage.superuser import superuser
from simulation.staging import lifecycle
from simulation.staging.contests import contests
from simulation.staging.context import SYSTEM, Context
from simulation.staging.money import reconciliation
from simulation.staging.operations import diagnostics, metrics
from simulation.staging.settlement import settlement

DEFECTS = DefectRegistry("contests", scenario="quiet")


@DEFECTS.sabotage(
    "lifecycle_automatic",
    "contests_paid_out",
    "convergence",
    "promised_events",
    origin="a transition whose precondition can never hold, and a reconciler that skips it in silence",
)
def stuck_in_locked(patches: Patches) -> None:
    """A contest never becomes LIVE."""
    alter_move(patches, lambda due: due.target == "LIVE")


@DEFECTS.sabotage(
    "lifecycle_automatic",
    origin="a time zone: the lock time was read as local time",
)
def locked_an_hour_late(patches: Patches) -> None:
    """A contest is locked an hour after its lock time."""
    alter_move(
        patches,
        lambda due: due.target == "LOCKED" and datetime.now(UTC) < due.lock_time + timedelta(hours=1),
    )


@DEFECTS.sabotage(
    "lifecycle_order",
    "lifecycle_automatic",
    "promised_events",
    origin="a catch-up after an outage that jumps to where the clock says a contest should be",
)
def stage_skipped(patches: Patches) -> None:
    """A contest goes from SCHEDULED to LIVE; the trigger that would refuse it was lost in a migration."""
    patches.when_assembled(
        lambda sim: superuser(sim, "ALTER TABLE contest_instances DISABLE TRIGGER contest_instances_transitions")
    )
    _alter_due(patches, "'SCHEDULED' THEN 'LOCKED'", "'SCHEDULED' THEN 'LIVE'")
    _note_moves(patches, lambda due: due.status == "SCHEDULED" and due.target == "LIVE")


@DEFECTS.sabotage(
    "lifecycle_automatic",
    origin="no news for hours taken for the end: the provider was only quiet",
)
def complete_inferred_from_silence(patches: Patches) -> None:
    """A contest becomes COMPLETE four hours after its start, whatever the provider says."""
    _alter_due(
        patches,
        "c.status = 'LIVE' AND latest.is_terminal",
        "c.status = 'LIVE' AND c.start_time + interval '4 hours' <= now()",
    )
    _note_moves(patches, lambda due: due.target == "COMPLETE")


@DEFECTS.sabotage(
    "lifecycle_order",
    origin="an admin page that edits a running contest, on a database without the guard",
)
def configuration_changed_after_lock(patches: Patches) -> None:
    """A contest's end is moved while it is live."""

    def edit(sim: Simulation) -> None:
        runtime = runtime_of(sim)
        contest_id = str(sim.observer.rows("contests")[0]["contest_id"])
        context = Context(actor=SYSTEM, request_id="contest-editor")
        with runtime.unit_of_work(
            context, action="contest_edited", reason="the organizer asked", entity=("contest", contest_id)
        ) as work:
            later = text("UPDATE contest_instances SET end_time = end_time + interval '30 minutes' WHERE id = :id")
            work.write(later, id=contest_id)
        patches.trigger()

    patches.when_assembled(
        lambda sim: superuser(
            sim, "ALTER TABLE contest_instances DISABLE TRIGGER contest_instances_configuration_frozen"
        )
    )
    patches.at(day=0, hour=9, act=edit)


@DEFECTS.sabotage(
    "no_error_state",
    "error_states_recovered",
    "contests_paid_out",
    "no_escalation",
    origin="an exception in a hook of the last transition: the state exists, nobody wrote down the way out",
)
def error_without_a_way_out(patches: Patches) -> None:
    """A contest enters ERROR and no runbook leads out of it."""

    def make(real: Any) -> Any:
        def move(runtime: Any, context: Any, due: Any) -> Any:
            if due.target == "COMPLETE":
                patches.trigger()
                raise RuntimeError("completion hook failed")
            return real(runtime, context, due)

        return move

    patches.replace(lifecycle, "_move", make)


@DEFECTS.sabotage(
    "settlement_automatic",
    "no_manual_endpoints",
    origin="settlement as a button: it works in every demonstration",
)
def settled_by_hand(patches: Patches) -> None:
    """The settlement job does nothing; a person settles the contest."""

    def by_hand(sim: Any) -> None:
        contest_id = str(sim.observer.rows("contests")[0]["contest_id"])
        with sim.context.acting("operator"):
            answer = sim.http.post(
                f"/api/admin/contests/{contest_id}/settle",
                json={"reason": "the players are waiting"},
                headers=sim.authorization(sim.ops_admin.user_id),
            )
        if answer.status_code == 200:
            patches.trigger()

    patches.replace(settlement, "run", lambda _: lambda *_args: settlement.SettlementResult())
    patches.at(day=1, hour=18, act=by_hand)


@DEFECTS.sabotage(
    "jobs_ran",
    origin="an unhandled answer of an API: the nightly job has been failing since the upgrade",
)
def job_that_raises(patches: Patches) -> None:
    """The financial reconciliation breaks off every night."""

    def run(*_: Any) -> Any:
        patches.trigger()
        raise RuntimeError("unexpected answer")

    patches.replace(reconciliation, "run", lambda _: run)


@DEFECTS.sabotage(
    "diagnostics_truthful",
    origin="a dashboard behind a cache that is never emptied",
)
def dashboard_from_a_cache(patches: Patches) -> None:
    """The payouts page shows what it showed first."""
    pages: list[Any] = []

    def make(real: Any) -> Any:
        def payouts(*arguments: Any) -> Any:
            pages.append(real(*arguments))
            if pages[-1] != pages[0]:
                patches.trigger()
            return pages[0]

        return payouts

    patches.replace(diagnostics, "payouts", make)


@DEFECTS.sabotage(
    "monitoring_active",
    origin="a metric renamed in code, and not in the rules",
)
def metric_renamed(patches: Patches) -> None:
    """A metric of the specification is missing from the page."""

    def make(real: Any) -> Any:
        def exposition(*arguments: Any) -> str:
            patches.trigger()
            return str(real(*arguments)).replace("score_audit_mismatches", "scores_audit_mismatches")

        return exposition

    patches.replace(metrics, "exposition", make)


@DEFECTS.sabotage(
    "time_window",
    origin="a timestamp taken from the machine instead of the database",
)
def row_dated_by_another_clock(patches: Patches) -> None:
    """Entries are dated by a clock that is months ahead."""

    def ahead(real: Any) -> Any:
        return text(
            real.text.replace(
                "(contest_instance_id, user_id, roster)", "(contest_instance_id, user_id, roster, joined_at)"
            ).replace("CAST(:roster AS jsonb))", "CAST(:roster AS jsonb), now() + interval '200 days')")
        )

    patches.replace(contests, "_JOIN", ahead)

    def make(real: Any) -> Any:
        def join(*arguments: Any) -> Any:
            patches.trigger()
            return real(*arguments)

        return join

    patches.replace(contests, "join", make)


def alter_move(patches: Patches, skipped: Callable[[Any], bool]) -> None:
    """Make the reconciler leave out, for as long as ``skipped`` says so, moves of a contest that are due."""

    def make(real: Any) -> Any:
        def move(runtime: Any, context: Any, due: Any) -> Any:
            if skipped(due):
                patches.trigger()
                return False
            return real(runtime, context, due)

        return move

    patches.replace(lifecycle, "_move", make)


def _note_moves(patches: Patches, deviates: Any) -> None:
    def make(real: Any) -> Any:
        def move(runtime: Any, context: Any, due: Any) -> Any:
            if deviates(due):
                patches.trigger()
            return real(runtime, context, due)

        return move

    patches.replace(lifecycle, "_move", make)


def _alter_due(patches: Patches, old: str, new: str) -> None:
    def make(real: Any) -> Any:
        assert old in real.text, f"the platform's statement has no {old!r} any more"
        return text(real.text.replace(old, new))

    patches.replace(lifecycle, "DUE", make)
