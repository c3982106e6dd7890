-- The canonical relations (simulation/targets/protocol.py) of Fairway Games.

-- name: contests
SELECT g.id AS contest_id, g.title AS name, g.state AS status, g.host_id AS organizer_id, g.fee_cents AS entry_fee_cents,
       g.prize_split AS payout_structure,
       jsonb_build_object('roster_size', g.picks_each, 'missed_round_strokes', g.missed_round_strokes) AS scoring,
       g.tournament, g.created_on AS created_at, g.locks_at AS lock_time, g.starts_at AS start_time, g.ends_at AS end_time,
       g.finished_at AS completed_at, g.settled_on AS settled_at, b.closed_at AS paid_out_at
FROM games g LEFT JOIN prize_batches b ON b.game_id = g.id AND b.state = 'complete'
ORDER BY g.created_on, g.id;

-- name: entries
SELECT game_id AS contest_id, person_id AS user_id, signed_up_at AS joined_at, picks AS roster
FROM signups ORDER BY game_id, signed_up_at, person_id;

-- name: payments
SELECT id AS payment_id, game_id AS contest_id, person_id AS user_id, stripe_intent AS stripe_payment_intent_id,
       state AS status, cents AS amount_cents, requested_at AS created_at
FROM charges ORDER BY requested_at, id;

-- name: postings
SELECT id AS posting_id, txn AS transaction_id, game_id AS contest_id, person_id AS user_id,
       CASE WHEN account = 'cash' THEN 'stripe'
            WHEN account = 'house' THEN 'platform'
            WHEN account LIKE 'pot:%' THEN 'contest_pool' || substr(account, 4)
            WHEN account LIKE 'owed:%' THEN 'winnings_payable' || substr(account, 5) END AS account,
       what AS entry_type, side AS direction, cents AS amount_cents, 'USD' AS currency,
       CASE about_kind WHEN 'charge' THEN 'payment_intent' WHEN 'payback' THEN 'refund' WHEN 'result' THEN 'settlement'
                       WHEN 'prize' THEN 'payout_transfer' END AS reference_type,
       about_id AS reference_id, line_key AS idempotency_key, stripe_event AS stripe_event_id, booked_at AS created_at
FROM journal_lines ORDER BY n;

-- name: settlements
SELECT id AS settlement_id, game_id AS contest_id, made_at AS settled_at, paid_players AS participant_count,
       pot_cents AS total_pool_cents, standings AS results
FROM results ORDER BY made_at, id;

-- name: payout_jobs
SELECT id AS job_id, game_id AS contest_id, result_id AS settlement_id, state AS status, prizes AS total_payouts,
       sent AS completed_count, failed AS failed_count, made_at AS created_at, closed_at AS completed_at
FROM prize_batches ORDER BY made_at, id;

-- name: transfers
SELECT id AS transfer_id, game_id AS contest_id, person_id AS user_id, cents AS amount_cents, state AS status,
       tries AS attempt_count, max_tries AS max_attempts, stripe_id AS stripe_transfer_id, idem_key AS idempotency_key,
       failure AS failure_reason, made_at AS created_at, done_at AS completed_at
FROM prize_payments ORDER BY made_at, id;

-- name: refunds
SELECT id AS refund_id, charge_id AS payment_id, game_id AS contest_id, person_id AS user_id, cents AS amount_cents,
       state AS status, stripe_id AS stripe_refund_id, idem_key AS idempotency_key, why AS reason, failure AS failure_reason
FROM paybacks ORDER BY made_at, id;

-- An event is kept only with its effect.
-- name: stripe_events
SELECT event_id AS stripe_event_id, kind AS event_type, 'PROCESSED' AS processing_status, got_at AS received_at,
       got_at AS processed_at, NULL AS error
FROM stripe_inbox ORDER BY got_at, event_id;

-- name: contest_audit
SELECT id AS audit_id, game_id AS contest_id, who AS actor, what AS action, why AS reason, from_state AS from_status,
       to_state AS to_status, at AS created_at
FROM game_trail ORDER BY n;

-- name: audit_records
SELECT id AS audit_id, xact AS transaction_id, who AS actor, what AS action, why AS reason, about_kind AS entity_type,
       about_id AS entity_id, request AS request_id, at AS created_at
FROM operations_log ORDER BY n;

-- name: runbook_executions
SELECT id, runbook_name, runbook_version, executed_by, status, execution_phase, phase_step, start_time, end_time,
       duration_seconds, error_reason, system_state_before, system_state_after, result_json
FROM ops_runs ORDER BY start_time, id;

-- name: ingestion_events
SELECT id AS event_id, game_id AS contest_id, 'leaderboard' AS event_type, body_hash AS payload_hash, got_at AS received_at,
       CASE WHEN good THEN 'VALID' ELSE 'INVALID' END AS validation_status, body AS payload
FROM boards ORDER BY n;

-- name: ingestion_errors
SELECT id AS error_id, game_id AS contest_id, code AS error_code, noted_at AS created_at
FROM board_errors ORDER BY n;

-- name: settlement_runs
SELECT id AS run_id, game_id AS contest_id, outcome AS status, began_at AS started_at, ended_at AS completed_at, error_code
FROM settle_runs ORDER BY n;

-- name: users
SELECT id AS user_id, staff AS is_admin, payout_account AS stripe_account_id, removed_at AS deleted_at
FROM people ORDER BY joined_on, id;
