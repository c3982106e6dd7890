-- The canonical relations (simulation/targets/protocol.py) of the staging platform, as the observer reads them.
-- Each query has a name and is totally ordered. Times are aware; the harness writes them as ISO 8601 UTC.

-- name: contests
SELECT c.id AS contest_id, c.contest_name AS name, c.status, c.organizer_id, c.entry_fee_cents, c.payout_structure, c.scoring,
       c.provider_event_id AS tournament, c.created_at, c.lock_time, c.start_time, c.end_time, c.completed_at,
       c.settle_time AS settled_at, j.completed_at AS paid_out_at
FROM contest_instances c
LEFT JOIN payout_jobs j ON j.contest_id = c.id AND j.status = 'complete'
ORDER BY c.created_at, c.id;

-- name: entries
SELECT contest_instance_id AS contest_id, user_id, joined_at, roster
FROM contest_participants ORDER BY contest_instance_id, joined_at, user_id;

-- name: payments
SELECT id AS payment_id, contest_instance_id AS contest_id, user_id, stripe_payment_intent_id, status, amount_cents, created_at
FROM payment_intents ORDER BY created_at, id;

-- name: postings
SELECT id AS posting_id, transaction_id, contest_instance_id AS contest_id, user_id, account, entry_type, direction, amount_cents,
       currency, reference_type, reference_id, idempotency_key, stripe_event_id, created_at
FROM ledger ORDER BY sequence_number;

-- name: settlements
SELECT id AS settlement_id, contest_instance_id AS contest_id, settled_at, participant_count, total_pool_cents, results
FROM settlement_records ORDER BY settled_at, id;

-- name: payout_jobs
SELECT id AS job_id, contest_id, settlement_id, status, total_payouts, completed_count, failed_count, created_at, completed_at
FROM payout_jobs ORDER BY created_at, id;

-- name: transfers
SELECT id AS transfer_id, contest_id, user_id, amount_cents, currency, status, attempt_count, max_attempts, stripe_transfer_id,
       idempotency_key, failure_reason, created_at, completed_at
FROM payout_transfers ORDER BY created_at, id;

-- name: refunds
SELECT id AS refund_id, payment_intent_id AS payment_id, contest_instance_id AS contest_id, user_id, amount_cents, currency, status,
       stripe_refund_id, idempotency_key, reason, failure_reason
FROM refunds ORDER BY created_at, id;

-- name: stripe_events
SELECT stripe_event_id, event_type, processing_status, received_at, processed_at, error
FROM stripe_events ORDER BY received_at, stripe_event_id;

-- name: contest_audit
SELECT id AS audit_id, contest_instance_id AS contest_id, admin_user_id AS actor, action, reason, from_status, to_status, created_at
FROM admin_contest_audit ORDER BY sequence_number;

-- name: audit_records
SELECT id AS audit_id, transaction_id, actor, action, reason, entity_type, entity_id, request_id, created_at
FROM audit_log ORDER BY sequence_number;

-- name: runbook_executions
SELECT id, runbook_name, runbook_version, executed_by, status, execution_phase, phase_step, start_time, end_time,
       duration_seconds, error_reason, system_state_before, system_state_after, result_json
FROM runbook_executions ORDER BY created_at, id;

-- name: ingestion_events
SELECT id AS event_id, contest_instance_id AS contest_id, event_type, payload_hash, received_at, validation_status,
       provider_data_json AS payload
FROM ingestion_events ORDER BY sequence_number;

-- name: ingestion_errors
SELECT id AS error_id, contest_instance_id AS contest_id, error_code, created_at
FROM ingestion_validation_errors ORDER BY sequence_number;

-- name: settlement_runs
SELECT settlement_run_id AS run_id, contest_instance_id AS contest_id, status, started_at, completed_at,
       error_json ->> 'error_code' AS error_code
FROM settlement_audit ORDER BY sequence_number;

-- name: users
SELECT id AS user_id, is_admin, stripe_connected_account_id AS stripe_account_id, deleted_at
FROM users ORDER BY created_at, id;

-- name: disputes
SELECT id AS dispute_id, stripe_dispute_id, payment_intent_id AS payment_id, contest_instance_id AS contest_id, user_id, amount_cents,
       fee_cents, acknowledged_at, created_at
FROM disputes ORDER BY created_at, id;
