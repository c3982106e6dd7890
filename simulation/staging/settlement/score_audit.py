"""Settled scores compared with the provider's later corrections: finding a difference, and resolving it.

A corrected score is a new event, never an edit (`fixtures/spec/platform.md`, Money), and a settled contest stays
settled: ranks, prizes and payouts rest on the event that the settlement names. A correction after it is a finding that
somebody must resolve; it is resolved only when a replay from the settlement's checkpoint proves the settlement right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.canonical import canonical_json, sha256_of
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime
from simulation.staging.scores.validation import validate
from simulation.staging.settlement import replay
from simulation.staging.settlement.settlement import outcome

OPEN = "a.settled_scores_hash <> a.provider_scores_hash AND a.resolved_at IS NULL"
"""SQL condition: a difference that is not resolved."""
_LOOK_BACK_HOURS = 25
"""One hour longer than the provider is asked for corrections."""

_NEWER_BOARD = f"""
    settlement_records r
    JOIN settlement_audit s ON s.settlement_run_id = r.settlement_run_id
    JOIN score_history h ON h.settlement_run_id = r.settlement_run_id
    JOIN LATERAL (
        SELECT id, provider_data_json FROM ingestion_events
        WHERE contest_instance_id = r.contest_instance_id AND validation_status = 'VALID' ORDER BY sequence_number DESC
        LIMIT 1) e ON true
    WHERE r.contest_instance_id = c.id AND c.settle_time > now() - make_interval(hours => {_LOOK_BACK_HOURS})
        AND e.id <> ALL (s.event_ids_applied) AND NOT EXISTS (
            SELECT FROM score_audits a WHERE a.contest_instance_id = c.id AND a.ingestion_event_id = e.id)
"""  # noqa: S608 - every part is ours
"""The provider's newest board of settled contest `c`, unless it was settled on or was audited before."""
UNAUDITED = f"EXISTS (SELECT FROM {_NEWER_BOARD})"
"""SQL condition: settled contest `c` has a board that `run` would compare."""
_UNAUDITED = text(f"""
    SELECT c.*, r.settlement_run_id, h.scores_json, e.id AS event_id, e.provider_data_json
    FROM contest_instances c, {_NEWER_BOARD} ORDER BY c.id
""")  # noqa: S608 - every part is ours
_INSERT = text("""
    INSERT INTO score_audits (id, contest_instance_id, settlement_run_id, ingestion_event_id, settled_scores_hash,
        provider_scores_hash, differences)
    VALUES (:id, :contest_id, :run_id, :event_id, :settled, :provider, CAST(:differences AS jsonb))
    ON CONFLICT (contest_instance_id, ingestion_event_id) DO NOTHING
""")
_LIST = text(f"""
    SELECT a.id, a.contest_instance_id AS contest_id, c.contest_name, c.settle_time, a.settlement_run_id,
        a.ingestion_event_id, a.differences, a.created_at, a.resolved_at, a.resolved_by, a.resolution_reason,
        (SELECT count(*) FROM settlement_audit s WHERE s.contest_instance_id = c.id AND s.status = 'COMPLETE')
            AS settlement_runs_complete,
        (SELECT count(*) FROM payout_transfers t WHERE t.contest_id = c.id
            AND t.status NOT IN ('completed', 'failed_terminal')) AS prizes_open
    FROM score_audits a JOIN contest_instances c ON c.id = a.contest_instance_id
    WHERE a.settled_scores_hash <> a.provider_scores_hash
        AND (CAST(:open AS boolean) IS NULL OR ({OPEN}) = :open)
    ORDER BY a.created_at, a.id
""")  # noqa: S608 - every part is ours
_LOCK = text("""
    SELECT id, contest_instance_id, settled_scores_hash <> provider_scores_hash AS mismatch FROM score_audits
    WHERE id = :id FOR UPDATE
""")
_RESOLVE = text("""
    UPDATE score_audits SET resolved_at = CASE WHEN :resolved THEN now() END,
        resolved_by = CASE WHEN :resolved THEN CAST(:actor AS uuid) END,
        resolution_reason = CASE WHEN :resolved THEN CAST(:reason AS text) END
    WHERE id = :id
""")


def run(runtime: Runtime, context: Context) -> int:
    """Compare every settled contest that has a board newer than its settlement; the number of differences found."""
    return sum(_examine(runtime, context, contest) for contest in runtime.database.read(_UNAUDITED))


def findings(runtime: Runtime, *, is_open: bool | None) -> list[Row[Any]]:
    """Differences, oldest first: open ones, resolved ones, or all."""
    return list(runtime.database.read(_LIST, open=is_open))


def resolve(runtime: Runtime, context: Context, audit_id: UUID, *, resolved: bool, reason: str) -> None:
    """Mark a difference as resolved, or withdraw the mark. Nothing settled or paid is touched.

    Raises 404; 409 `scores_agree` where there is none, `settlement_not_proven` when the replay gives another result.
    """
    action = "score_mismatch_resolved" if resolved else "score_mismatch_reopened"
    with runtime.unit_of_work(context, action=action, reason=reason, entity=("score_audit", audit_id)) as work:
        rows = work.read(_LOCK, id=audit_id)
        if not rows:
            raise ApiError(404, "score_audit_not_found", f"no score audit {audit_id}")
        contest_id = rows[0].contest_instance_id
        if not rows[0].mismatch:
            raise ApiError(409, "scores_agree", "this audit found no difference")
        if resolved and not replay.of_contest(work, contest_id).follows:
            raise ApiError(409, "settlement_not_proven", "the replay from the checkpoint gives another result")
        work.write(_RESOLVE, id=audit_id, resolved=resolved, actor=context.actor, reason=reason)
        work.record_contest_action(contest_id, action=action, reason=reason, payload={"score_audit_id": str(audit_id)})
    runtime.log_admin(context, action, entity_id=audit_id, contest_id=contest_id)


def _examine(runtime: Runtime, context: Context, contest: Row[Any]) -> bool:
    """Score the settled entrants by the new board; store the result. Returns whether the scores differ."""
    found = contest.provider_data_json["events"][0]["id"]
    board, _ = validate(contest.provider_data_json, found)
    assert board is not None, f"ingestion event {contest.event_id} was stored as valid"
    with runtime.unit_of_work(
        context,
        action="scores_audited",
        reason="the provider has a board that is newer than the settlement",
        entity=("contest", contest.id),
    ) as work:
        rosters = replay.settled_rosters(work, contest.id, contest.scores_json)
        scores = outcome(contest, contest.event_id, board, rosters).scores
        differences = [_difference(user_id, contest.scores_json, scores) for user_id in sorted(scores)]
        differences = [one for one in differences if one["settled"] != one["corrected"]]
        work.payload.update(settlement_run_id=str(contest.settlement_run_id), scores_that_differ=len(differences))
        work.write(
            _INSERT,
            id=work.new_id(),
            contest_id=contest.id,
            run_id=contest.settlement_run_id,
            event_id=contest.event_id,
            settled=sha256_of(_totals(contest.scores_json)),
            provider=sha256_of(_totals(scores)),
            differences=canonical_json(differences),
        )
    if differences:
        runtime.log.error(
            "Settlement",
            "settled scores differ from the provider's",
            contest_id=contest.id,
            settlement_run_id=contest.settlement_run_id,
            scores_that_differ=len(differences),
            request_id=context.request_id,
        )
    return bool(differences)


def _totals(scores: Mapping[str, Any]) -> dict[str, int]:
    """The totals, which decide places and prizes. A correction that leaves every total as it was is no difference."""
    return {user_id: int(score["score"]) for user_id, score in scores.items()}


def _difference(user_id: str, settled: Mapping[str, Any], corrected: Mapping[str, Any]) -> dict[str, object]:
    return {"user_id": user_id, "settled": settled[user_id]["score"], "corrected": corrected[user_id]["score"]}
