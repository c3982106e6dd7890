-- The canonical relations (simulation/targets/protocol.py) of the shop.

-- name: payments
SELECT id AS payment_id, order_id, customer_id AS user_id, intent AS stripe_payment_intent_id,
       CASE state WHEN 'paid' THEN 'SUCCEEDED' ELSE 'OPEN' END AS status, cents AS amount_cents,
       opened_at AS created_at
FROM payments ORDER BY id;

-- name: refunds
SELECT id AS refund_id, payment_id, order_id, customer_id AS user_id, cents AS amount_cents, state AS status,
       stripe_refund AS stripe_refund_id, why AS reason, why AS failure_reason
FROM refunds ORDER BY id;

-- name: disputes
SELECT id AS dispute_id, id AS stripe_dispute_id, payment_id, cents AS amount_cents, fee_cents
FROM disputes ORDER BY opened_at, id;

-- name: postings
SELECT id AS posting_id, entry AS transaction_id, order_id, customer_id AS user_id,
       CASE account WHEN 'cash' THEN 'stripe' ELSE account END AS account, kind AS entry_type, side AS direction,
       cents AS amount_cents, 'USD' AS currency, about_kind AS reference_type, about AS reference_id,
       once AS idempotency_key, written_at AS created_at
FROM ledger ORDER BY id;

-- name: stripe_events
SELECT id AS stripe_event_id, kind AS event_type, 'PROCESSED' AS processing_status, got_at AS received_at
FROM stripe_events ORDER BY got_at, id;

-- name: audit_records
SELECT id AS audit_id, xact AS transaction_id, who AS actor, what AS action, why AS reason, request AS request_id,
       written_at AS created_at
FROM journal ORDER BY written_at, id;

-- name: users
SELECT id AS user_id, is_staff AS is_admin FROM customers ORDER BY since, id;
