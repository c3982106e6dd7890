"""What the audit rules must know of the staging platform's tables."""

from __future__ import annotations

from simulation.governance import Governance

GOVERNANCE = Governance(
    governed_tables=(
        "users",
        "contest_instances",
        "contest_participants",
        "payment_intents",
        "stripe_events",
        "stripe_webhook_dead_letters",
        "ledger",
        "refunds",
        "ingestion_events",
        "ingestion_validation_errors",
        "settlement_audit",
        "score_history",
        "settlement_records",
        "payout_jobs",
        "payout_transfers",
        "admin_contest_audit",
        "runbook_executions",
    ),
    append_only_tables=(
        "contest_participants",
        "stripe_events",
        "ledger",
        "ingestion_events",
        "ingestion_validation_errors",
        "score_history",
        "settlement_records",
        "admin_contest_audit",
        "audit_log",
    ),
    audit_table="audit_log",
    audit_columns={
        "transaction_id": "transaction_id",
        "actor": "actor",
        "action": "action",
        "reason": "reason",
        "request_id": "request_id",
        "created_at": "created_at",
    },
    contest_table="contest_instances",
    contest_status_column="status",
    contest_audit_table="admin_contest_audit",
    contest_audit_columns={
        "contest_id": "contest_instance_id",
        "actor": "admin_user_id",
        "action": "action",
        "reason": "reason",
        "from_status": "from_status",
        "to_status": "to_status",
        "created_at": "created_at",
    },
    executions_table="runbook_executions",
    system_actor="00000000-0000-0000-0000-000000000000",
    planned_time_columns=(
        "contest_instances.lock_time",
        "contest_instances.start_time",
        "contest_instances.end_time",
        "payout_transfers.next_attempt_at",
        "refunds.next_attempt_at",
    ),
    runbook_only_requests=(
        "POST /api/admin/diagnostics/*",
        "POST /api/admin/contests/*/*",
        "POST /api/admin/payout-transfers/*/acknowledge",
        "POST /api/admin/users/*/*",
    ),
)
