-- Fairway Games: golf games with an entry fee and prizes. All money is in US cents, all times are UTC.

CREATE FUNCTION written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is written once: no %', TG_TABLE_NAME, TG_OP;
END $$;

CREATE TABLE people (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  full_name text NOT NULL,
  email text NOT NULL UNIQUE,
  staff boolean NOT NULL DEFAULT false,
  staff_role text,
  payout_account text UNIQUE,
  joined_on timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz
);

CREATE TABLE games (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  title text NOT NULL,
  host_id uuid NOT NULL REFERENCES people (id),
  fee_cents integer NOT NULL CHECK (fee_cents >= 0),
  prize_split jsonb NOT NULL,
  seats integer NOT NULL CHECK (seats > 0),
  tournament text NOT NULL,
  picks_each integer NOT NULL CHECK (picks_each > 0),
  missed_round_strokes integer NOT NULL,
  state text NOT NULL DEFAULT 'SCHEDULED'
    CHECK (state IN ('SCHEDULED', 'LOCKED', 'LIVE', 'COMPLETE', 'CANCELLED', 'ERROR')),
  opened_at timestamptz,
  locks_at timestamptz NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  finished_at timestamptz,
  settled_on timestamptz,
  created_on timestamptz NOT NULL DEFAULT now(),
  CHECK (created_on < locks_at AND locks_at <= starts_at AND starts_at < ends_at)
);

CREATE TABLE signups (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  game_id uuid NOT NULL REFERENCES games (id),
  person_id uuid NOT NULL REFERENCES people (id),
  picks jsonb NOT NULL,
  signed_up_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (game_id, person_id)
);

-- An entry fee on its way in. `state` is Stripe's word for the payment intent, in capitals.
CREATE TABLE charges (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  game_id uuid NOT NULL,
  person_id uuid NOT NULL,
  client_key text NOT NULL UNIQUE,
  stripe_intent text UNIQUE,
  state text NOT NULL DEFAULT 'REQUIRES_PAYMENT_METHOD',
  cents integer NOT NULL CHECK (cents > 0),
  requested_at timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (game_id, person_id) REFERENCES signups (game_id, person_id)
);
CREATE INDEX ON charges (game_id, person_id);

-- Stripe's events that had their effect, and those that could not be given one yet.
CREATE TABLE stripe_inbox (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  event_id text NOT NULL UNIQUE,
  kind text NOT NULL,
  body jsonb NOT NULL,
  got_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE stripe_trouble (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  event_id text NOT NULL UNIQUE,
  kind text NOT NULL,
  failures integer NOT NULL DEFAULT 1,
  last_error text NOT NULL,
  resolved_at timestamptz
);

-- Double entry: the lines of one `txn` add up to nothing.
-- Accounts: cash (at Stripe), pot:<game>, owed:<game>:<person>, house.
CREATE TABLE journal_lines (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  n bigint GENERATED ALWAYS AS IDENTITY,
  txn uuid NOT NULL,
  account text NOT NULL,
  side text NOT NULL CHECK (side IN ('DEBIT', 'CREDIT')),
  cents integer NOT NULL CHECK (cents >= 0),
  what text NOT NULL,
  game_id uuid NOT NULL REFERENCES games (id),
  person_id uuid REFERENCES people (id),
  about_kind text NOT NULL,
  about_id uuid NOT NULL,
  line_key text NOT NULL UNIQUE,
  stripe_event text UNIQUE,
  note jsonb NOT NULL DEFAULT '{}',
  booked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON journal_lines (about_id);
CREATE INDEX ON journal_lines (account);

-- What the provider sent for a game, good or bad, and what was wrong with it.
CREATE TABLE boards (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  n bigint GENERATED ALWAYS AS IDENTITY,
  game_id uuid NOT NULL REFERENCES games (id),
  body jsonb NOT NULL,
  body_hash text NOT NULL,
  good boolean NOT NULL,
  last_word boolean NOT NULL,
  got_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON boards (game_id, n);
CREATE TABLE board_errors (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  n bigint GENERATED ALWAYS AS IDENTITY,
  game_id uuid NOT NULL REFERENCES games (id),
  board_id uuid REFERENCES boards (id),
  code text NOT NULL,
  detail jsonb NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now()
);
-- The state of the poller, one row a tournament. It explains nothing about money, and has no trail.
CREATE TABLE feeds (
  tournament text PRIMARY KEY,
  etag text,
  last_good_at timestamptz,
  failures integer NOT NULL DEFAULT 0,
  last_error text
);

CREATE TABLE settle_runs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  n bigint GENERATED ALWAYS AS IDENTITY,
  game_id uuid NOT NULL REFERENCES games (id),
  board_id uuid REFERENCES boards (id),
  outcome text NOT NULL CHECK (outcome IN ('COMPLETE', 'FAILED')),
  error_code text,
  error jsonb,
  scores_hash text,
  began_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE results (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  game_id uuid NOT NULL UNIQUE REFERENCES games (id),
  run_id uuid NOT NULL REFERENCES settle_runs (id),
  standings jsonb NOT NULL,
  paid_players integer NOT NULL,
  pot_cents integer NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now()
);

-- Money on its way out: one batch a game, one payment a winner; paybacks return an entry fee.
CREATE TABLE prize_batches (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  game_id uuid NOT NULL UNIQUE REFERENCES games (id),
  result_id uuid NOT NULL UNIQUE REFERENCES results (id),
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'processing', 'complete')),
  prizes integer NOT NULL,
  sent integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  made_at timestamptz NOT NULL DEFAULT now(),
  closed_at timestamptz
);
CREATE TABLE prize_payments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  batch_id uuid NOT NULL REFERENCES prize_batches (id),
  game_id uuid NOT NULL REFERENCES games (id),
  person_id uuid NOT NULL REFERENCES people (id),
  cents integer NOT NULL CHECK (cents > 0),
  state text NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'processing', 'retryable', 'completed', 'failed_terminal')),
  tries integer NOT NULL DEFAULT 0,
  max_tries integer NOT NULL DEFAULT 3,
  idem_key text NOT NULL UNIQUE,
  stripe_id text UNIQUE,
  failure text,
  next_try_at timestamptz NOT NULL DEFAULT now(),
  first_try_at timestamptz,
  claimed_at timestamptz,
  done_at timestamptz,
  seen_at timestamptz,
  seen_by uuid REFERENCES people (id),
  made_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (game_id, person_id)
);
CREATE TABLE paybacks (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  charge_id uuid NOT NULL UNIQUE REFERENCES charges (id),
  game_id uuid NOT NULL REFERENCES games (id),
  person_id uuid NOT NULL REFERENCES people (id),
  cents integer NOT NULL CHECK (cents > 0),
  why text NOT NULL,
  state text NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'processing', 'retryable', 'completed', 'failed_terminal')),
  tries integer NOT NULL DEFAULT 0,
  max_tries integer NOT NULL DEFAULT 3,
  idem_key text NOT NULL UNIQUE,
  stripe_id text UNIQUE,
  failure text,
  next_try_at timestamptz NOT NULL DEFAULT now(),
  first_try_at timestamptz,
  claimed_at timestamptz,
  done_at timestamptz,
  made_at timestamptz NOT NULL DEFAULT now()
);

-- The daily comparison with Stripe.
CREATE TABLE money_checks (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  n bigint GENERATED ALWAYS AS IDENTITY,
  looked_back_to timestamptz NOT NULL,
  not_booked jsonb NOT NULL,
  ran_at timestamptz NOT NULL DEFAULT now()
);

-- The trail of each game, and of every transaction: who, what, why.
CREATE TABLE game_trail (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  n bigint GENERATED ALWAYS AS IDENTITY,
  game_id uuid NOT NULL REFERENCES games (id),
  who uuid NOT NULL,
  what text NOT NULL,
  why text NOT NULL,
  from_state text,
  to_state text,
  details jsonb NOT NULL DEFAULT '{}',
  at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE operations_log (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  n bigint GENERATED ALWAYS AS IDENTITY,
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  who uuid NOT NULL,
  what text NOT NULL,
  why text NOT NULL,
  about_kind text NOT NULL,
  about_id text NOT NULL,
  request text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}',
  at timestamptz NOT NULL DEFAULT now()
);

-- Runbook executions, as the operations handbook has them.
CREATE TABLE ops_runs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  runbook_name text NOT NULL,
  runbook_version text NOT NULL,
  executed_by text NOT NULL,
  status text NOT NULL CHECK (status IN ('in_progress', 'completed', 'failed', 'partial')),
  execution_phase text,
  phase_step integer,
  start_time timestamptz NOT NULL DEFAULT now(),
  end_time timestamptz,
  duration_seconds integer CHECK (duration_seconds >= 0),
  result_json jsonb,
  error_reason text,
  system_state_before jsonb,
  system_state_after jsonb
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY '{signups,stripe_inbox,journal_lines,boards,board_errors,settle_runs,results,game_trail,operations_log}'::text[]
  LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION written_once()',
      t || '_written_once', t);
  END LOOP;
END $$;
