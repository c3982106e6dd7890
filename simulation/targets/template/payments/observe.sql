-- What the jury reads of your database at the end, as a role that can write nothing. One query for each relation; the
-- names after AS are fixed, everything else is yours.
--
-- Ids may be of any type. Money is in whole cents. Times are timestamptz. Every query needs an ORDER BY that leaves
-- nothing open. The table behind a relation needs its key in a column called `id`: by it the jury finds the rows in the
-- write-ahead log. A relation that you cannot give: take the query out, and the checks that need it say `unknown`; say
-- in contract.yaml (`without`) what your business does not have.

-- Payments on their way in, one row for each payment intent. status: SUCCEEDED once it is paid.
-- name: payments
SELECT id AS payment_id, order_id AS order_id, user_id AS user_id,
       stripe_payment_intent_id AS stripe_payment_intent_id, status AS status, amount_cents AS amount_cents,
       created_at AS created_at
FROM payments ORDER BY created_at, id;

-- The ledger, double entry: rows of one transaction_id balance. (Single entries, see contract.yaml: leave out
-- transaction_id and direction, and give the amount a sign.) account: 'stripe' is your money there, gross of fees.
-- reference_type: payment_intent (reference_id is the payment's id), refund, dispute. direction: DEBIT or CREDIT.
-- name: postings
SELECT id AS posting_id, transaction_id AS transaction_id, order_id AS order_id, user_id AS user_id,
       account AS account, entry_type AS entry_type, direction AS direction, amount_cents AS amount_cents,
       currency AS currency, reference_type AS reference_type, reference_id AS reference_id,
       idempotency_key AS idempotency_key, created_at AS created_at
FROM ledger ORDER BY created_at, id;

-- Money on its way back. status: pending, processing, retryable, completed, failed_terminal; owed where it came back
-- and is booked as owed. payment_id as in payments.
-- name: refunds
SELECT id AS refund_id, payment_id AS payment_id, order_id AS order_id, user_id AS user_id,
       amount_cents AS amount_cents, status AS status, stripe_refund_id AS stripe_refund_id,
       reason AS reason, failure_reason AS failure_reason
FROM refunds ORDER BY created_at, id;

-- Chargebacks. amount_cents: what the cardholder took back; fee_cents: what Stripe took for it.
-- name: disputes
SELECT id AS dispute_id, stripe_dispute_id AS stripe_dispute_id, payment_id AS payment_id,
       amount_cents AS amount_cents, fee_cents AS fee_cents
FROM disputes ORDER BY created_at, id;

-- Stripe's events as you keep them. processing_status: PROCESSED once it had its effect.
-- name: stripe_events
SELECT stripe_event_id AS stripe_event_id, event_type AS event_type, processing_status AS processing_status,
       received_at AS received_at
FROM stripe_events ORDER BY received_at, stripe_event_id;

-- The trail of everything: one row for each transaction that changed a governed table. transaction_id is the database's
-- own number of that transaction (xid8, pg_current_xact_id()).
-- name: audit_records
SELECT id AS audit_id, transaction_id AS transaction_id, actor AS actor, action AS action, reason AS reason,
       request_id AS request_id, created_at AS created_at
FROM audit_log ORDER BY created_at, id;

-- People.
-- name: users
SELECT id AS user_id, is_admin AS is_admin FROM users ORDER BY created_at, id;
