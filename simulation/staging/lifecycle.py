"""Contest states: who may move a contest, when, and the job that does it automatically.

The rules are those of `fixtures/spec/platform.md`, Contest states.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.canonical import iso
from simulation.staging.contests import contests
from simulation.staging.context import Context
from simulation.staging.database import PASSING
from simulation.staging.errors import ApiError
from simulation.staging.money import refunds
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

DUE = text(f"""
    SELECT c.id, c.status, c.lock_time, c.start_time, c.min_entries, latest.id AS event_id,
           CASE WHEN latest.is_cancelled OR (c.status = 'SCHEDULED' AND c.min_entries > 0 AND c.min_entries > (
                   SELECT count(*) FROM contest_participants e
                   WHERE e.contest_instance_id = c.id AND NOT {contests.HAS_LEFT})) THEN 'CANCELLED'
               WHEN c.status = 'SCHEDULED' THEN 'LOCKED' WHEN c.status = 'LOCKED' THEN 'LIVE' ELSE 'COMPLETE' END
               AS target
    FROM contest_instances c
    LEFT JOIN LATERAL (
        SELECT e.id, e.is_terminal,
               e.provider_data_json #>> '{{events,0,status,type,name}}' = 'STATUS_CANCELED' AS is_cancelled
        FROM ingestion_events e
        WHERE c.status <> 'SCHEDULED' AND e.contest_instance_id = c.id AND e.validation_status = 'VALID'
        ORDER BY e.sequence_number DESC LIMIT 1) latest ON true
    WHERE c.settle_time IS NULL AND c.published_at IS NOT NULL AND (
        (c.status = 'SCHEDULED' AND c.lock_time <= now())
        OR (c.status = 'LOCKED' AND c.start_time <= now() AND latest.id IS NOT NULL)
        OR (c.status = 'LIVE' AND latest.is_terminal)
        OR (c.status IN ('LOCKED', 'LIVE') AND latest.is_cancelled))
    ORDER BY c.lock_time, c.id
""")  # noqa: S608 - every part is ours
_TRANSITION = text("""
    UPDATE contest_instances SET status = :target, updated_at = now(),
        completed_at = CASE WHEN :target = 'COMPLETE' THEN now() ELSE completed_at END,
        cancelled_at = CASE WHEN :target = 'CANCELLED' THEN now() ELSE cancelled_at END
    WHERE id = :id AND status = :source RETURNING id
""")
_LAST_ACTION = text("""
    SELECT action, from_status, to_status FROM admin_contest_audit WHERE contest_instance_id = :id
    ORDER BY sequence_number DESC LIMIT 1
""")


@dataclass(frozen=True, kw_only=True)
class ReconcileResult:
    """What one run of the lifecycle reconciler did."""

    transitions: int = 0
    transitions_failed: int = 0


def transition(
    work: UnitOfWork,
    contest_id: UUID,
    *,
    source: str,
    target: str,
    action: str,
    reason: str,
    payload: dict[str, object] | None = None,
) -> bool:
    """Move a contest that is still in `source`; False (and nothing written) if it is not."""
    if not work.write(_TRANSITION, id=contest_id, source=source, target=target):
        return False
    work.record_contest_action(
        contest_id, action=action, reason=reason, from_status=source, to_status=target, payload=payload
    )
    return True


def reconcile(runtime: Runtime, context: Context) -> ReconcileResult:
    """Make every due transition, one for each contest; a failure in one contest does not stop the others."""
    made = failed = 0
    for due in runtime.database.read(DUE):
        try:
            made += _move(runtime, context, due)
        except Exception as error:
            failed += 1
            _record_failure(runtime, context, due, error)
    return ReconcileResult(transitions=made, transitions_failed=failed)


def _move(runtime: Runtime, context: Context, due: Row[Any]) -> bool:
    if due.target == "CANCELLED":
        cancelling = _cancel_for_lack if due.status == "SCHEDULED" else _cancel_with_tournament
        return cancelling(runtime, context, due)
    reason, payload = _why(due)
    with runtime.unit_of_work(
        context, action=f"contest_{due.target.lower()}", reason=reason, entity=("contest", due.id)
    ) as work:
        contest = contests.locked(work, due.id)
        if due.target == "LOCKED" and contest.min_entries and contests.entries(work, due.id) < contest.min_entries:
            return False  # somebody left in the last instant; the next run cancels it
        moved = transition(
            work, due.id, source=due.status, target=due.target, action="status_changed", reason=reason, payload=payload
        )
    if moved:
        _log_move(runtime, context, due, reason)
    return moved


def _cancel_for_lack(runtime: Runtime, context: Context, due: Row[Any]) -> bool:
    """Cancel a contest that fewer have entered than it takes, and refund whoever paid."""
    reason = f"fewer than {due.min_entries} entries at the lock"
    with runtime.unit_of_work(context, action="contest_cancelled", reason=reason, entity=("contest", due.id)) as work:
        contests.locked(work, due.id)
        entries = contests.entries(work, due.id)
        moved = entries < due.min_entries and transition(
            work, due.id, source=due.status, target="CANCELLED", action="cancel", reason=reason
        )
        if moved:
            work.payload.update(entries=entries, refunds_requested=refunds.request_for_contest(work, due.id))
    if moved:
        _log_move(runtime, context, due, reason)
    return moved


def _cancel_with_tournament(runtime: Runtime, context: Context, due: Row[Any]) -> bool:
    """Cancel a contest whose tournament the provider has cancelled, and refund whoever paid."""
    reason = "the provider cancelled the tournament"
    with runtime.unit_of_work(
        context, action="contest_cancelled_by_provider", reason=reason, entity=("contest", due.id)
    ) as work:
        contests.locked(work, due.id)
        moved = transition(work, due.id, source=due.status, target="CANCELLED", action="cancel", reason=reason)
        if moved:
            work.payload["refunds_requested"] = refunds.request_for_contest(work, due.id)
    if moved:
        _log_move(runtime, context, due, reason)
    return moved


def _log_move(runtime: Runtime, context: Context, due: Row[Any], reason: str) -> None:
    runtime.log.info(
        "Lifecycle",
        f"{due.status} -> {due.target}",
        contest_id=due.id,
        reason=reason,
        request_id=context.request_id,
    )


def _why(due: Row[Any]) -> tuple[str, dict[str, object]]:
    if due.target == "LOCKED":
        return f"lock time {iso(due.lock_time)} reached", {}
    evidence: dict[str, object] = {"ingestion_event_id": str(due.event_id)}
    if due.target == "LIVE":
        return f"start time {iso(due.start_time)} reached and the field is known", evidence
    return "the provider's terminal signal", evidence


def _record_failure(runtime: Runtime, context: Context, due: Row[Any], error: Exception) -> None:
    """Log every failure and record it once; a live contest goes to ERROR unless trying again may help."""
    detail = " ".join(str(error).split())[:500]
    runtime.log.error(
        "Lifecycle",
        f"{due.status} -> {due.target} failed",
        contest_id=due.id,
        error=detail,
        request_id=context.request_id,
    )
    reason = f"transition to {due.target} failed: {type(error).__name__}"
    with runtime.unit_of_work(
        context,
        action="contest_transition_failed",
        reason=reason,
        entity=("contest", due.id),
        payload={"error": detail},
    ) as work:
        last = work.read(_LAST_ACTION, id=due.id)
        if last and (last[0].action, last[0].to_status) == ("transition_failed", due.target):
            return
        work.record_contest_action(
            due.id,
            action="transition_failed",
            reason=reason,
            from_status=due.status,
            to_status=due.target,
            payload={"error": detail},
        )
        if due.status == "LIVE" and not isinstance(error, (*PASSING, contests.ContestBusy)):
            transition(work, due.id, source="LIVE", target="ERROR", action="status_changed", reason=reason)


def force_lock(
    runtime: Runtime, context: Context, contest_id: UUID, reason: str, *, organizer_only: bool = False
) -> None:
    """Lock a published contest whose lock time has come, without waiting for the reconciler."""
    with runtime.unit_of_work(context, action="contest_locked", reason=reason, entity=("contest", contest_id)) as work:
        contest = contests.organized(work, context, contest_id) if organizer_only else contests.locked(work, contest_id)
        if contest.status == "LOCKED":
            return
        if contest.status == "SCHEDULED" and (contest.published_at is None or contest.lock_time > datetime.now(UTC)):
            raise ApiError(
                409, "lock_time_not_reached", "an unpublished contest, or one before its lock time, cannot be locked"
            )
        if contest.status == "SCHEDULED" and contests.entries(work, contest_id) < contest.min_entries:
            raise ApiError(409, "too_few_entries", "it is cancelled at its lock, and not locked")
        _demand(
            transition(work, contest_id, source="SCHEDULED", target="LOCKED", action="force_lock", reason=reason),
            contest,
            "LOCKED",
        )
    _log_action(runtime, context, contest_id, "locked")


def mark_error(runtime: Runtime, context: Context, contest_id: UUID, reason: str) -> None:
    """Take a live contest out of automatic handling."""
    with runtime.unit_of_work(context, action="contest_error", reason=reason, entity=("contest", contest_id)) as work:
        contest = contests.locked(work, contest_id)
        _demand(
            transition(work, contest_id, source="LIVE", target="ERROR", action="mark_error", reason=reason),
            contest,
            "ERROR",
        )
    _log_action(runtime, context, contest_id, "marked as in error")


def resolve_error(runtime: Runtime, context: Context, contest_id: UUID, target: str, reason: str) -> None:
    """Bring a contest out of ERROR, to COMPLETE or to CANCELLED."""
    if target not in ("COMPLETE", "CANCELLED"):
        raise ApiError(400, "invalid_status", "to_status must be COMPLETE or CANCELLED")
    with runtime.unit_of_work(
        context, action="contest_error_resolved", reason=reason, entity=("contest", contest_id)
    ) as work:
        contest = contests.locked(work, contest_id)
        _demand(
            transition(work, contest_id, source="ERROR", target=target, action="resolve_error", reason=reason),
            contest,
            target,
        )
        if target == "CANCELLED":
            refunds.request_for_contest(work, contest_id)
    _log_action(runtime, context, contest_id, f"error resolved to {target}")


def cancel(runtime: Runtime, context: Context, contest_id: UUID, reason: str, *, organizer_only: bool = False) -> int:
    """Cancel before the contest is live and refund whoever paid; the number of refunds requested."""
    action = "contest_cancelled_by_organizer" if organizer_only else "contest_cancelled"
    with runtime.unit_of_work(context, action=action, reason=reason, entity=("contest", contest_id)) as work:
        contest = contests.organized(work, context, contest_id) if organizer_only else contests.locked(work, contest_id)
        if contest.status == "CANCELLED":
            return refunds.requested_for_contest(work, contest_id)  # whoever got no answer asks again
        allowed = ("SCHEDULED",) if organizer_only else ("SCHEDULED", "LOCKED")
        _demand(
            contest.status in allowed
            and transition(work, contest_id, source=contest.status, target="CANCELLED", action="cancel", reason=reason),
            contest,
            "CANCELLED",
        )
        requested = refunds.request_for_contest(work, contest_id)
        work.payload["refunds_requested"] = work.result = requested
    _log_action(runtime, context, contest_id, "cancelled")
    return requested


def _demand(moved: bool, contest: Row[Any], target: str) -> None:
    if not moved:
        raise ApiError(409, "transition_not_allowed", f"a contest in {contest.status} cannot become {target} this way")


def _log_action(runtime: Runtime, context: Context, contest_id: UUID, what: str) -> None:
    runtime.log.info(
        "Admin", f"contest {what}", contest_id=contest_id, user_id=context.actor, request_id=context.request_id
    )
