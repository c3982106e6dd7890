-- The canonical relations (simulation/targets/protocol.py) of Points League.

-- name: contests
SELECT id AS contest_id, title AS name,
       phase AS status, captain AS organizer_id, entry_cents AS entry_fee_cents, split AS payout_structure, tournament,
       made_at AS created_at, closes_at AS lock_time, begins_at AS start_time, ends_at AS end_time,
       settled_at, paid_at AS paid_out_at
FROM pools ORDER BY made_at, id;

-- name: entries
SELECT id AS entry_id, pool_id AS contest_id, member_id AS user_id, picked_at AS joined_at, golfers AS roster
FROM picks ORDER BY pool_id, picked_at, member_id;

-- name: payments
SELECT id AS payment_id, pool_id AS contest_id, member_id AS user_id, stripe_intent AS stripe_payment_intent_id,
       state AS status, cents AS amount_cents, asked_at AS created_at
FROM topups ORDER BY asked_at, id;

-- One line a movement, signed: what the wallet's owner gained. No direction, no second half.
-- name: postings
SELECT id AS posting_id, pool_id AS contest_id, member_id AS user_id, wallet AS account, kind AS entry_type,
       cents AS amount_cents, 'USD' AS currency,
       CASE kind WHEN 'topup' THEN 'payment_intent' WHEN 'entry' THEN 'entry' WHEN 'cashout' THEN 'payout_transfer'
                 ELSE 'settlement' END AS reference_type,
       about AS reference_id, once AS idempotency_key, written_at AS created_at
FROM wallet_lines ORDER BY written_at, id;

-- name: settlements
SELECT id AS settlement_id, pool_id AS contest_id, settled_at, players AS participant_count,
       pot_cents AS total_pool_cents, standings AS results
FROM settlements ORDER BY settled_at, id;

-- name: stripe_events
SELECT id AS stripe_event_id, kind AS event_type, 'PROCESSED' AS processing_status, got_at AS received_at
FROM stripe_events ORDER BY got_at, id;

-- name: contest_audit
SELECT id AS audit_id, pool_id AS contest_id, who AS actor, what AS action, why AS reason, from_phase AS from_status,
       to_phase AS to_status, moved_at AS created_at
FROM pool_moves ORDER BY moved_at, id;

-- name: audit_records
SELECT id AS audit_id, xact AS transaction_id, who AS actor, what AS action, why AS reason, request AS request_id,
       written_at AS created_at
FROM journal ORDER BY written_at, id;

-- name: ingestion_events
SELECT id AS event_id, pool_id AS contest_id, 'leaderboard' AS event_type, got_at AS received_at,
       'VALID' AS validation_status, sha256 AS payload_sha256
FROM boards ORDER BY got_at, id;

-- name: ingestion_errors
SELECT id AS error_id, pool_id AS contest_id, code AS error_code, noted_at AS created_at
FROM board_errors ORDER BY noted_at, id;

-- name: users
SELECT id AS user_id, is_staff AS is_admin, stripe_account AS stripe_account_id
FROM members ORDER BY since, id;
