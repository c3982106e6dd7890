"""The metrics page: Prometheus text from one statement and a few counters in memory."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from simulation.staging.jobs import JOBS, JobBook
from simulation.staging.money import payout_batches, payouts
from simulation.staging.money.payout_holds import HOLD_REASONS
from simulation.staging.money.reconciliation import ENDPOINTS_DISABLED, EVENTS_MISSING, WEBHOOKS_MISSING
from simulation.staging.money.webhooks import DEAD_LETTER, WAITING_DEAD_LETTER
from simulation.staging.operations import connections
from simulation.staging.runtime import Runtime
from simulation.staging.scores import store
from simulation.staging.service_levels import ServiceLevels
from simulation.staging.settlement import score_audit

STUCK_PAYOUT_MINUTES = 30
LOCK_GRACE_MINUTES = 15
START_GRACE_MINUTES = 60
_CONTEST_STATUSES = ("SCHEDULED", "LOCKED", "LIVE", "COMPLETE", "CANCELLED", "ERROR")
_SENT_STATUSES = ("pending", "processing", "retryable", "completed", "failed_terminal")

HELP: Mapping[str, str] = {
    "auth_service_error_rate": "Authentications that broke in the last 15 minutes, percent; each scrape tries one",
    "contest_status_transitions_failed": "Contests in ERROR or overdue for their next status",
    "contests": "Contests by status",
    "database_connection_pool_available": "Connections that can be taken from the pool",
    "error_budget_remaining": "What is left of the month's acceptable failed requests, percent",
    "ingestion_lag_seconds": "Time since the last successful ingestion of a tournament that contests wait for",
    "jobs_broken_off": "Runs in a row that a background job ended with an error that nobody foresaw",
    "payment_webhooks_missing": "Payments at Stripe that are not in the ledger, and other events that never came",
    "payout_transfers": "Payout transfers by status",
    "payout_transfers_failed_terminal_unacknowledged": "Failed transfers that nobody has acknowledged, by reason",
    "payout_jobs_not_started": "Settlements of more than 15 minutes ago whose payouts nobody has begun",
    "payout_jobs_partial": "Batches paid in part that nobody has reviewed",
    "payout_transfers_reversed_unacknowledged": "Transfers that Stripe took back and nobody has acknowledged",
    "bank_payouts_failed_unacknowledged": "Winners' banks that refused a prize, which nobody has acknowledged",
    "payout_transfers_held": "Transfers held before an attempt, by reason",
    "payout_transfers_stuck_retryable": "Transfers retryable for longer than 30 minutes",
    "refunds": "Refunds by status",
    "refund_requests_open": "Entrants who wait for a decision on their entry fee",
    "stripe_disputes_unacknowledged": "Chargebacks that nobody has acknowledged",
    "score_audit_mismatches": "Settled scores that differ from the provider's later ones, unresolved",
    "settlement_duration_seconds": "Duration of the latest settlement run",
    "settlement_status": "1 for an unsettled contest whose latest settlement run failed, 0 for any other",
    "stripe_webhook_duplicates": "Deliveries, in the last hour, of events that had come by the same endpoint before",
    "stripe_webhook_endpoints_disabled": "1 when no endpoint at Stripe is enabled, so that no event is pushed to us",
    "stripe_webhooks_refused": "Deliveries, in the last hour and since one was accepted, whose signature did not fit",
    "stripe_webhook_dead_letters": "Events that failed repeatedly, were never processed, and wait for no other event",
}

_BEFORE_ANYTHING_HAPPENED: dict[tuple[str, str], float] = {
    **{("contests", f'status="{status}"'): 0.0 for status in _CONTEST_STATUSES},
    **{("jobs_broken_off", f'job="{job}"'): 0.0 for job in JOBS},
    **{(name, f'status="{status}"'): 0.0 for name in ("payout_transfers", "refunds") for status in _SENT_STATUSES},
    **{("payout_transfers_held", f'reason="{reason}"'): 0.0 for reason in HOLD_REASONS},
    **{
        ("payout_transfers_failed_terminal_unacknowledged", f'failure_reason="{reason}",winner="{winner}"'): 0.0
        for reason in payouts.OWN_FAILURES
        for winner in ("active", "deleted")
    },
}
"""Series by name and labels, exported from the start: one that first appears with a value shows no increase."""

_SAMPLES = text(f"""
    SELECT 'contests' AS name, 'status="' || status || '"' AS labels, count(*)::double precision AS value
    FROM contest_instances GROUP BY status
    UNION ALL
    SELECT '{connections.FREE}', '', ({connections.FREE_CONNECTIONS})
    UNION ALL
    SELECT 'contest_status_transitions_failed', '', count(*) FROM contest_instances c
    WHERE status = 'ERROR' OR published_at IS NOT NULL AND (
        status = 'SCHEDULED' AND lock_time < now() - make_interval(mins => {LOCK_GRACE_MINUTES})
        OR status = 'LOCKED' AND start_time < now() - make_interval(mins => {START_GRACE_MINUTES}) AND EXISTS (
            SELECT FROM ingestion_events e WHERE e.contest_instance_id = c.id AND e.validation_status = 'VALID'))
    UNION ALL
    SELECT 'ingestion_lag_seconds', 'provider_event_id=' || to_json(f.provider_event_id)::text,
           extract(epoch FROM now() - f.good_at)
    FROM ({store.FEEDS_AWAITED}) f
    UNION ALL
    SELECT 'payment_webhooks_missing', '', count(*) FROM ({WEBHOOKS_MISSING} UNION ALL {EVENTS_MISSING}) m
    UNION ALL
    SELECT 'payout_transfers', 'status="' || status || '"', count(*) FROM payout_transfers GROUP BY status
    UNION ALL
    SELECT 'payout_transfers_failed_terminal_unacknowledged',
        'failure_reason=' || to_json(t.failure_reason)::text || ',winner="'
            || CASE WHEN u.deleted_at IS NULL THEN 'active' ELSE 'deleted' END || '"', count(*)
    FROM payout_transfers t JOIN users u ON u.id = t.user_id
    WHERE t.status = 'failed_terminal' AND t.acknowledged_at IS NULL GROUP BY 2
    UNION ALL
    SELECT 'payout_jobs_not_started', '', count(*) FROM {payout_batches.SETTLED} WHERE {payout_batches.NOT_STARTED}
    UNION ALL
    SELECT 'payout_jobs_partial', '', count(*) FROM payout_jobs j WHERE {payout_batches.PARTIAL}
    UNION ALL
    SELECT 'payout_transfers_held', 'reason="' || held_reason || '"', count(*) FROM payout_transfers
    WHERE held_reason IS NOT NULL GROUP BY held_reason
    UNION ALL
    SELECT 'payout_transfers_reversed_unacknowledged', '', count(*) FROM payout_transfers
    WHERE reversed_cents > 0 AND acknowledged_at IS NULL
    UNION ALL
    SELECT 'bank_payouts_failed_unacknowledged', '', count(*) FROM failed_bank_payouts WHERE acknowledged_at IS NULL
    UNION ALL
    SELECT 'payout_transfers_stuck_retryable', '', count(*) FROM payout_transfers
    WHERE status = 'retryable' AND first_attempted_at < now() - make_interval(mins => {STUCK_PAYOUT_MINUTES})
    UNION ALL
    SELECT 'refund_requests_open', '', count(*) FROM refund_requests WHERE status = 'open'
    UNION ALL
    SELECT 'stripe_disputes_unacknowledged', '', count(*) FROM disputes WHERE acknowledged_at IS NULL
    UNION ALL
    SELECT 'refunds', 'status="' || status || '"', count(*) FROM refunds GROUP BY status
    UNION ALL
    SELECT 'score_audit_mismatches', '', (SELECT count(*) FROM score_audits a WHERE {score_audit.OPEN}) + (
        SELECT count(*) FROM (SELECT FROM score_history GROUP BY contest_instance_id
            HAVING count(DISTINCT scores_hash) > 1) s)
    UNION ALL
    SELECT 'settlement_duration_seconds', '', coalesce((
        SELECT extract(epoch FROM completed_at - started_at) FROM settlement_audit ORDER BY sequence_number DESC
            LIMIT 1), 0)
    UNION ALL
    SELECT 'settlement_status', 'contest_id="' || c.id || '",status="FAILED"', CASE WHEN 'FAILED' = (
        SELECT s.status FROM settlement_audit s WHERE s.contest_instance_id = c.id ORDER BY s.sequence_number DESC
            LIMIT 1) THEN 1 ELSE 0 END
    FROM contest_instances c WHERE c.settle_time IS NULL AND c.status = 'COMPLETE'
    UNION ALL
    SELECT 'stripe_webhook_endpoints_disabled', '', count(*) FROM ({ENDPOINTS_DISABLED}) e
    UNION ALL
    SELECT 'stripe_webhook_dead_letters', '', count(*) FROM stripe_webhook_dead_letters d
    WHERE {DEAD_LETTER} AND NOT {WAITING_DEAD_LETTER}
""")  # noqa: S608 - every part is ours


def exposition(runtime: Runtime, levels: ServiceLevels, book: JobBook) -> str:
    """The page, metrics and labels in alphabetical order."""
    levels.authentications.count(failed=not runtime.signing_key.is_available())
    samples = dict(_BEFORE_ANYTHING_HAPPENED)
    samples |= {(row.name, row.labels): row.value for row in runtime.database.read(_SAMPLES)}
    free = samples.pop((connections.FREE, ""))
    samples |= {("jobs_broken_off", f'job="{job}"'): last.broken_off for job, last in book.last_runs.items()}
    samples |= {
        ("auth_service_error_rate", ""): levels.auth_error_rate_percent(),
        ("database_connection_pool_available", ""): runtime.database.available_connections(server_grants=int(free)),
        ("stripe_webhook_duplicates", ""): levels.webhook_duplicates.number(),
        ("stripe_webhooks_refused", ""): len(levels.webhook_refusals.moments()),
        ("error_budget_remaining", ""): levels.error_budget_remaining_percent(),
    }
    lines: list[str] = []
    previous = None
    for (name, labels), value in sorted(samples.items()):
        if name != previous:
            lines += [f"# HELP {name} {HELP[name]}", f"# TYPE {name} gauge"]
        previous = name
        lines.append(f"{name}{{{labels}}} {value:.10g}" if labels else f"{name} {value:.10g}")
    return "\n".join(lines) + "\n"
