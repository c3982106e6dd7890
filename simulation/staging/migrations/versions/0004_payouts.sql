-- Prizes on their way to the winners, and the daily comparison with Stripe.

CREATE TABLE payout_jobs (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  settlement_id uuid NOT NULL UNIQUE REFERENCES settlement_records (id),
  contest_id uuid NOT NULL UNIQUE REFERENCES contest_instances (id),
  status text NOT NULL CHECK (status IN ('pending', 'processing', 'complete')),
  total_payouts integer NOT NULL CHECK (total_payouts >= 0),
  completed_count integer DEFAULT 0 NOT NULL CHECK (completed_count >= 0),
  failed_count integer DEFAULT 0 NOT NULL CHECK (failed_count >= 0),
  started_at timestamptz,
  completed_at timestamptz,
  created_at timestamptz DEFAULT now() NOT NULL,
  CHECK (completed_count + failed_count <= total_payouts),
  CHECK (status <> 'complete' OR completed_count + failed_count = total_payouts)
);
CREATE INDEX payout_jobs_open_idx ON payout_jobs (created_at, id) WHERE status <> 'complete';
CREATE TRIGGER payout_jobs_kept BEFORE DELETE OR TRUNCATE ON payout_jobs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payout_jobs_terms_kept BEFORE UPDATE ON payout_jobs FOR EACH ROW EXECUTE FUNCTION only_columns_may_change(
  '{status,completed_count,failed_count,started_at,completed_at}');
CREATE TRIGGER payout_jobs_transitions BEFORE UPDATE ON payout_jobs FOR EACH ROW WHEN (OLD.status <> NEW.status)
  EXECUTE FUNCTION only_transitions_allowed('pending>processing', 'processing>complete');
CREATE TRIGGER payout_jobs_complete_for_good BEFORE UPDATE ON payout_jobs FOR EACH ROW WHEN (OLD.status = 'complete')
  EXECUTE FUNCTION refuse_change();

CREATE TABLE payout_transfers (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  payout_job_id uuid NOT NULL REFERENCES payout_jobs (id),
  contest_id uuid NOT NULL REFERENCES contest_instances (id),
  user_id uuid NOT NULL REFERENCES users (id),
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  status text NOT NULL CHECK (status IN ('pending', 'processing', 'retryable', 'completed', 'failed_terminal')),
  attempt_count integer DEFAULT 0 NOT NULL CHECK (attempt_count BETWEEN 0 AND max_attempts),
  max_attempts integer DEFAULT 3 NOT NULL,
  stripe_transfer_id text UNIQUE,
  idempotency_key text NOT NULL UNIQUE,
  failure_reason text,
  next_attempt_at timestamptz DEFAULT now() NOT NULL,
  first_attempted_at timestamptz,
  claimed_at timestamptz,
  completed_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by uuid REFERENCES users (id),
  created_at timestamptz DEFAULT now() NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL,
  UNIQUE (contest_id, user_id),
  CHECK (status <> 'completed' OR stripe_transfer_id IS NOT NULL),
  CHECK (status NOT IN ('retryable', 'failed_terminal') OR failure_reason IS NOT NULL)
);
CREATE INDEX payout_transfers_payout_job_id_idx ON payout_transfers (payout_job_id, id);
CREATE INDEX payout_transfers_user_id_idx ON payout_transfers (user_id);
CREATE INDEX payout_transfers_open_idx ON payout_transfers (next_attempt_at, id)
  WHERE status NOT IN ('completed', 'failed_terminal');
CREATE TRIGGER payout_transfers_kept BEFORE DELETE OR TRUNCATE ON payout_transfers
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payout_transfers_terms_kept BEFORE UPDATE ON payout_transfers FOR EACH ROW
  WHEN (OLD.status NOT IN ('completed', 'failed_terminal')) EXECUTE FUNCTION only_columns_may_change(
    '{status,attempt_count,stripe_transfer_id,failure_reason,next_attempt_at,first_attempted_at,claimed_at,completed_at,updated_at}');
CREATE TRIGGER payout_transfers_terminal_for_good BEFORE UPDATE ON payout_transfers FOR EACH ROW
  WHEN (OLD.status IN ('completed', 'failed_terminal')) EXECUTE FUNCTION only_columns_may_change(
    '{acknowledged_at,acknowledged_by,updated_at}');
CREATE TRIGGER payout_transfers_transitions BEFORE UPDATE ON payout_transfers FOR EACH ROW WHEN (OLD.status <> NEW.status)
  EXECUTE FUNCTION only_transitions_allowed('pending>processing', 'retryable>processing', 'processing>completed',
    'processing>retryable', 'processing>failed_terminal');

CREATE TABLE reconciliation_runs (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  sequence_number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  ran_at timestamptz DEFAULT now() NOT NULL,
  since timestamptz NOT NULL,
  missing_in_ledger jsonb NOT NULL,
  missing_at_stripe jsonb NOT NULL
);

GRANT SELECT, INSERT ON payout_jobs, payout_transfers, reconciliation_runs TO platform;
GRANT UPDATE (status, completed_count, failed_count, started_at, completed_at) ON payout_jobs TO platform;
GRANT UPDATE (status, attempt_count, stripe_transfer_id, failure_reason, next_attempt_at, first_attempted_at, claimed_at,
  completed_at, acknowledged_at, acknowledged_by, updated_at) ON payout_transfers TO platform;
