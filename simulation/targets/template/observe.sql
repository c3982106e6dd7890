-- What the jury reads of your database at the end, as a role that can write nothing. One query for each relation; the
-- names after AS are fixed, everything else is yours. As they stand they fit the tables of fixtures/spec/platform.md.
--
-- Ids may be of any type. Money is in whole cents. Times are timestamptz. Every query needs an ORDER BY that leaves
-- nothing open. The table behind a relation needs its key in a column called `id`: by it the jury finds the rows in the
-- write-ahead log. A relation that you cannot give: take the query out, and the checks that need it say `unknown`.

-- Contests. status: SCHEDULED, LOCKED, LIVE, COMPLETE, CANCELLED, ERROR. settled_at is null until the prizes are known,
-- paid_out_at until every prize is sent or given up. tournament is the id in the provider's feed. scoring: {"roster_size":
-- …, "missed_round_strokes": …}.
-- name: contests
SELECT c.id AS contest_id, c.contest_name AS name, c.status AS status, c.organizer_id AS organizer_id,
       c.entry_fee_cents AS entry_fee_cents, c.payout_structure AS payout_structure, c.scoring AS scoring,
       c.provider_event_id AS tournament, c.created_at AS created_at, c.lock_time AS lock_time,
       c.start_time AS start_time, c.end_time AS end_time, c.completed_at AS completed_at, c.settle_time AS settled_at,
       j.completed_at AS paid_out_at
FROM contest_instances c
LEFT JOIN payout_jobs j ON j.contest_id = c.id AND j.status = 'complete'
ORDER BY c.created_at, c.id;

-- Who entered which contest; roster is a JSON list of golfers' ids. (Also entry_id, if entries of the ledger refer to it.)
-- name: entries
SELECT contest_instance_id AS contest_id, user_id AS user_id, joined_at AS joined_at, roster AS roster
FROM contest_participants ORDER BY contest_instance_id, joined_at, user_id;

-- Entry fees on their way in, one row for each payment intent.
-- name: payments
SELECT id AS payment_id, contest_instance_id AS contest_id, user_id AS user_id,
       stripe_payment_intent_id AS stripe_payment_intent_id, status AS status, amount_cents AS amount_cents,
       created_at AS created_at
FROM payment_intents ORDER BY created_at, id;

-- The ledger, double entry: rows of one transaction_id balance. (Single entries, see contract.yaml: leave out
-- transaction_id and direction, and give the amount a sign.) account: 'stripe' (your money there, gross of fees),
-- 'contest_pool:<contest>', 'winnings_payable:<contest>:<user>', 'platform'. entry_type: ENTRY_FEE (payment_intent),
-- ENTRY_FEE_REFUND (refund), PRIZE_PAYOUT and ADJUSTMENT (settlement), PAYOUT_ATTEMPT_COMPLETED, _RETRYABLE (0 cents),
-- _FAILED_TERMINAL (0 cents) (payout_transfer); in brackets the reference_type. direction: DEBIT or CREDIT.
-- name: postings
SELECT id AS posting_id, transaction_id AS transaction_id, contest_instance_id AS contest_id, user_id AS user_id,
       account AS account, entry_type AS entry_type, direction AS direction, amount_cents AS amount_cents,
       currency AS currency, reference_type AS reference_type, reference_id AS reference_id,
       idempotency_key AS idempotency_key, stripe_event_id AS stripe_event_id, created_at AS created_at
FROM ledger ORDER BY created_at, id;

-- Settled contests, one row each. results: {"rankings": [{"user_id", "rank", "score", "payout_cents"}, …],
-- "platform_cents": what the prizes leave of the pool}.
-- name: settlements
SELECT id AS settlement_id, contest_instance_id AS contest_id, settled_at AS settled_at,
       participant_count AS participant_count, total_pool_cents AS total_pool_cents, results AS results
FROM settlement_records ORDER BY settled_at, id;

-- One row for each settled contest. status: pending, processing, complete.
-- name: payout_jobs
SELECT id AS job_id, contest_id AS contest_id, settlement_id AS settlement_id, status AS status,
       total_payouts AS total_payouts, completed_count AS completed_count, failed_count AS failed_count,
       created_at AS created_at, completed_at AS completed_at
FROM payout_jobs ORDER BY created_at, id;

-- Prizes on their way out, one row for each winner. status: pending, processing, retryable, completed, failed_terminal.
-- idempotency_key is the one that Stripe is sent.
-- name: transfers
SELECT id AS transfer_id, contest_id AS contest_id, user_id AS user_id, amount_cents AS amount_cents, status AS status,
       attempt_count AS attempt_count, max_attempts AS max_attempts, stripe_transfer_id AS stripe_transfer_id,
       idempotency_key AS idempotency_key, failure_reason AS failure_reason, created_at AS created_at,
       completed_at AS completed_at
FROM payout_transfers ORDER BY created_at, id;

-- Entry fees on their way back; the same statuses. payment_id as in payments.
-- name: refunds
SELECT id AS refund_id, payment_intent_id AS payment_id, contest_instance_id AS contest_id, user_id AS user_id,
       amount_cents AS amount_cents, status AS status, stripe_refund_id AS stripe_refund_id,
       idempotency_key AS idempotency_key, reason AS reason, failure_reason AS failure_reason
FROM refunds ORDER BY created_at, id;

-- Stripe's events as you keep them. processing_status: PROCESSED once it had its effect.
-- name: stripe_events
SELECT stripe_event_id AS stripe_event_id, event_type AS event_type, processing_status AS processing_status,
       received_at AS received_at, processed_at AS processed_at, error AS error
FROM stripe_events ORDER BY received_at, stripe_event_id;

-- The trail of contests: every transition with who, why, from, to.
-- name: contest_audit
SELECT id AS audit_id, contest_instance_id AS contest_id, admin_user_id AS actor, action AS action, reason AS reason,
       from_status AS from_status, to_status AS to_status, created_at AS created_at
FROM admin_contest_audit ORDER BY created_at, id;

-- The trail of everything: one row for each transaction that changed a governed table. transaction_id is the database's
-- own number of that transaction (xid8, pg_current_xact_id()).
-- name: audit_records
SELECT id AS audit_id, transaction_id AS transaction_id, actor AS actor, action AS action, reason AS reason,
       entity_type AS entity_type, entity_id AS entity_id, request_id AS request_id, created_at AS created_at
FROM audit_log ORDER BY created_at, id;

-- Runbook executions, as the specification has the table (06A).
-- name: runbook_executions
SELECT id AS id, runbook_name AS runbook_name, runbook_version AS runbook_version, executed_by AS executed_by,
       status AS status, execution_phase AS execution_phase, phase_step AS phase_step, start_time AS start_time,
       end_time AS end_time, duration_seconds AS duration_seconds, error_reason AS error_reason,
       system_state_before AS system_state_before, system_state_after AS system_state_after, result_json AS result_json
FROM runbook_executions ORDER BY start_time, id;

-- What the provider sent, good or bad. validation_status: VALID or INVALID. payload is the whole body as JSON: the jury
-- compares its hash with what the provider handed out.
-- name: ingestion_events
SELECT id AS event_id, contest_instance_id AS contest_id, event_type AS event_type, payload_hash AS payload_hash,
       received_at AS received_at, validation_status AS validation_status, provider_data_json AS payload
FROM ingestion_events ORDER BY received_at, id;

-- Every failure of the provider or of its data that you wrote down.
-- name: ingestion_errors
SELECT id AS error_id, contest_instance_id AS contest_id, error_code AS error_code, created_at AS created_at
FROM ingestion_validation_errors ORDER BY created_at, id;

-- Runs of the settlement. status: STARTED, COMPLETE, FAILED.
-- name: settlement_runs
SELECT settlement_run_id AS run_id, contest_instance_id AS contest_id, status AS status, started_at AS started_at,
       completed_at AS completed_at, error_json ->> 'error_code' AS error_code
FROM settlement_audit ORDER BY started_at, settlement_run_id;

-- People. stripe_account_id is the account to which their prizes go.
-- name: users
SELECT id AS user_id, is_admin AS is_admin, stripe_connected_account_id AS stripe_account_id, deleted_at AS deleted_at
FROM users ORDER BY created_at, id;

-- Chargebacks. amount_cents: what the cardholder took back; fee_cents: what Stripe took for it.
-- name: disputes
SELECT id AS dispute_id, stripe_dispute_id AS stripe_dispute_id, payment_intent_id AS payment_id,
       contest_instance_id AS contest_id, user_id AS user_id, amount_cents AS amount_cents, fee_cents AS fee_cents,
       acknowledged_at AS acknowledged_at, created_at AS created_at
FROM disputes ORDER BY created_at, id;
