-- A shop: orders, what was paid for them and what went back. Amounts in cents; the ledger has a debit and a credit.
CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL UNIQUE,
  is_staff boolean NOT NULL DEFAULT false,
  since timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id),
  what text NOT NULL,
  cents bigint NOT NULL CHECK (cents > 0),
  request_key text NOT NULL UNIQUE,
  refund_asked boolean NOT NULL DEFAULT false,
  placed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE payments (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id bigint NOT NULL REFERENCES orders (id),
  customer_id bigint NOT NULL REFERENCES customers (id),
  intent text UNIQUE,
  cents bigint NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid')),
  request_key text NOT NULL UNIQUE,
  opened_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE refunds (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payment_id bigint NOT NULL REFERENCES payments (id),
  order_id bigint NOT NULL REFERENCES orders (id),
  customer_id bigint NOT NULL REFERENCES customers (id),
  stripe_refund text UNIQUE,
  cents bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'completed', 'owed')),
  why text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX one_refund_of_ours ON refunds (payment_id) WHERE why <> 'given by Stripe';

CREATE TABLE disputes (
  id text PRIMARY KEY,
  payment_id bigint NOT NULL REFERENCES payments (id),
  cents bigint NOT NULL,
  fee_cents bigint NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE stripe_events (
  id text PRIMARY KEY,
  kind text NOT NULL,
  got_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE ledger (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entry bigint NOT NULL,
  account text NOT NULL,
  side text NOT NULL CHECK (side IN ('DEBIT', 'CREDIT')),
  kind text NOT NULL CHECK (kind IN ('sale', 'refund', 'refund_returned', 'dispute', 'dispute_won')),
  cents bigint NOT NULL CHECK (cents >= 0),
  order_id bigint NOT NULL REFERENCES orders (id),
  customer_id bigint NOT NULL REFERENCES customers (id),
  about_kind text NOT NULL,
  about text NOT NULL,
  once text NOT NULL UNIQUE,
  written_at timestamptz NOT NULL DEFAULT now()
);
CREATE SEQUENCE ledger_entries;

CREATE TABLE journal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  who text NOT NULL,
  what text NOT NULL,
  why text NOT NULL,
  request text NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now()
);
