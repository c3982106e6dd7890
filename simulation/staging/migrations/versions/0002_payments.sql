-- Entry fees: intents, what Stripe told us, the ledger, refunds.

CREATE TABLE payment_intents (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  contest_instance_id uuid NOT NULL,
  user_id uuid NOT NULL,
  idempotency_key text NOT NULL UNIQUE CHECK (length(idempotency_key) > 0),
  stripe_payment_intent_id text UNIQUE,
  status text NOT NULL CHECK (status IN ('REQUIRES_PAYMENT_METHOD', 'REQUIRES_CONFIRMATION', 'REQUIRES_ACTION',
    'PROCESSING', 'SUCCEEDED', 'CANCELED', 'FAILED')),
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency text DEFAULT 'USD' NOT NULL CHECK (currency = 'USD'),
  created_at timestamptz DEFAULT now() NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL,
  FOREIGN KEY (contest_instance_id, user_id) REFERENCES contest_participants (contest_instance_id, user_id)
);
CREATE INDEX payment_intents_entrant_idx ON payment_intents (contest_instance_id, user_id);
CREATE TRIGGER payment_intents_kept BEFORE DELETE OR TRUNCATE ON payment_intents
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payment_intents_terms_kept BEFORE UPDATE ON payment_intents FOR EACH ROW
  EXECUTE FUNCTION only_columns_may_change('{status,stripe_payment_intent_id,updated_at}');
-- Events arrive in any order: money that has been received is not taken back by an older event.
CREATE TRIGGER payment_intents_succeeded_for_good BEFORE UPDATE ON payment_intents
  FOR EACH ROW WHEN (OLD.status = 'SUCCEEDED') EXECUTE FUNCTION refuse_change();

CREATE TABLE stripe_events (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  stripe_event_id text NOT NULL UNIQUE,
  event_type text NOT NULL,
  raw_payload_json jsonb NOT NULL,
  received_at timestamptz DEFAULT now() NOT NULL,
  processed_at timestamptz,
  processing_status text NOT NULL CHECK (processing_status IN ('RECEIVED', 'PROCESSED', 'FAILED')),
  error text
);
CREATE TRIGGER stripe_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stripe_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE stripe_webhook_dead_letters (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  stripe_event_id text NOT NULL UNIQUE,
  event_type text NOT NULL,
  raw_payload_json jsonb NOT NULL,
  failure_count integer DEFAULT 1 NOT NULL CHECK (failure_count > 0),
  last_error text NOT NULL,
  first_failed_at timestamptz DEFAULT now() NOT NULL,
  last_failed_at timestamptz DEFAULT now() NOT NULL,
  resolved_at timestamptz
);
CREATE TRIGGER stripe_webhook_dead_letters_kept BEFORE DELETE OR TRUNCATE ON stripe_webhook_dead_letters
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stripe_webhook_dead_letters_payload_kept BEFORE UPDATE ON stripe_webhook_dead_letters FOR EACH ROW
  EXECUTE FUNCTION only_columns_may_change('{failure_count,last_error,last_failed_at,resolved_at}');

CREATE TABLE ledger (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  sequence_number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  transaction_id uuid NOT NULL,
  account text NOT NULL CHECK (account IN ('stripe', 'platform') OR account LIKE 'contest\_pool:%'
    OR account LIKE 'winnings\_payable:%'),
  contest_instance_id uuid NOT NULL REFERENCES contest_instances (id),
  user_id uuid REFERENCES users (id),
  entry_type text NOT NULL CHECK (entry_type IN ('ENTRY_FEE', 'ENTRY_FEE_REFUND', 'PRIZE_PAYOUT', 'PRIZE_PAYOUT_REVERSAL',
    'ADJUSTMENT', 'PAYOUT_ATTEMPT_COMPLETED', 'PAYOUT_ATTEMPT_RETRYABLE', 'PAYOUT_ATTEMPT_FAILED_TERMINAL')),
  direction text NOT NULL CHECK (direction IN ('CREDIT', 'DEBIT')),
  amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
  currency text DEFAULT 'USD' NOT NULL CHECK (currency = 'USD'),
  reference_type text NOT NULL CHECK (reference_type IN ('payment_intent', 'refund', 'settlement', 'payout_transfer')),
  reference_id uuid NOT NULL,
  idempotency_key text NOT NULL UNIQUE,
  stripe_event_id text UNIQUE,
  metadata_json jsonb DEFAULT '{}' NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX ledger_transaction_id_idx ON ledger (transaction_id);
CREATE INDEX ledger_contest_instance_id_idx ON ledger (contest_instance_id, sequence_number);
CREATE INDEX ledger_user_id_idx ON ledger (user_id);
CREATE INDEX ledger_reference_idx ON ledger (reference_type, reference_id);
CREATE INDEX ledger_account_idx ON ledger (account);
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION ledger_transaction_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE difference_cents bigint;
BEGIN
  SELECT sum(CASE direction WHEN 'DEBIT' THEN amount_cents ELSE -amount_cents END) INTO difference_cents
    FROM ledger WHERE transaction_id = NEW.transaction_id;
  IF difference_cents <> 0 THEN
    RAISE EXCEPTION 'ledger transaction % does not balance: debits exceed credits by % cents', NEW.transaction_id, difference_cents
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_balances AFTER INSERT ON ledger DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION ledger_transaction_balances();

CREATE TABLE refunds (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  payment_intent_id uuid NOT NULL UNIQUE REFERENCES payment_intents (id),
  contest_instance_id uuid NOT NULL REFERENCES contest_instances (id),
  user_id uuid NOT NULL REFERENCES users (id),
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  status text NOT NULL CHECK (status IN ('pending', 'processing', 'retryable', 'completed', 'failed_terminal')),
  attempt_count integer DEFAULT 0 NOT NULL CHECK (attempt_count BETWEEN 0 AND max_attempts),
  max_attempts integer DEFAULT 3 NOT NULL,
  next_attempt_at timestamptz DEFAULT now() NOT NULL,
  first_attempted_at timestamptz,
  claimed_at timestamptz,
  stripe_refund_id text UNIQUE,
  idempotency_key text NOT NULL UNIQUE,
  reason text NOT NULL CHECK (length(reason) > 0),
  failure_reason text,
  created_at timestamptz DEFAULT now() NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL,
  completed_at timestamptz
);
CREATE INDEX refunds_contest_instance_id_idx ON refunds (contest_instance_id);
CREATE INDEX refunds_user_id_idx ON refunds (user_id);
CREATE INDEX refunds_open_idx ON refunds (next_attempt_at, id) WHERE status NOT IN ('completed', 'failed_terminal');
CREATE TRIGGER refunds_kept BEFORE DELETE OR TRUNCATE ON refunds FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refunds_terms_kept BEFORE UPDATE ON refunds FOR EACH ROW EXECUTE FUNCTION only_columns_may_change(
  '{status,attempt_count,next_attempt_at,first_attempted_at,claimed_at,stripe_refund_id,failure_reason,updated_at,completed_at}');
-- A refund that we gave up may still be made by a person at Stripe; what was refunded stays refunded.
CREATE TRIGGER refunds_transitions BEFORE UPDATE ON refunds FOR EACH ROW WHEN (OLD.status <> NEW.status)
  EXECUTE FUNCTION only_transitions_allowed('pending>processing', 'retryable>processing', 'processing>completed',
    'processing>retryable', 'processing>failed_terminal', 'pending>completed', 'retryable>completed', 'failed_terminal>completed');
CREATE TRIGGER refunds_completed_for_good BEFORE UPDATE ON refunds FOR EACH ROW WHEN (OLD.status = 'completed')
  EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON payment_intents, stripe_events, stripe_webhook_dead_letters, ledger, refunds TO platform;
GRANT UPDATE (status, stripe_payment_intent_id, updated_at) ON payment_intents TO platform;
GRANT UPDATE (failure_count, last_error, last_failed_at, resolved_at) ON stripe_webhook_dead_letters TO platform;
GRANT UPDATE (status, attempt_count, next_attempt_at, first_attempted_at, claimed_at, stripe_refund_id, failure_reason,
  updated_at, completed_at) ON refunds TO platform;
