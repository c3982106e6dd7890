-- Payouts that wait for Stripe or for money there: held before an attempt is spent on them.
-- And the review of a batch in which some winners were paid and others could not be.

ALTER TABLE payout_transfers
  ADD COLUMN held_since timestamptz,
  ADD COLUMN held_reason text CHECK (held_reason IN ('STRIPE_UNAVAILABLE', 'BALANCE_INSUFFICIENT')),
  ADD CHECK ((held_since IS NULL) = (held_reason IS NULL)),
  ADD CHECK (held_reason IS NULL OR status IN ('pending', 'retryable'));
CREATE INDEX payout_transfers_held_idx ON payout_transfers (held_reason) WHERE held_reason IS NOT NULL;
DROP TRIGGER payout_transfers_terms_kept ON payout_transfers;
CREATE TRIGGER payout_transfers_terms_kept BEFORE UPDATE ON payout_transfers FOR EACH ROW
  WHEN (OLD.status NOT IN ('completed', 'failed_terminal')) EXECUTE FUNCTION only_columns_may_change(
    '{status,attempt_count,stripe_transfer_id,failure_reason,next_attempt_at,first_attempted_at,claimed_at,completed_at,held_since,held_reason,updated_at}');
GRANT UPDATE (held_since, held_reason) ON payout_transfers TO platform;

ALTER TABLE payout_jobs
  ADD COLUMN reviewed_at timestamptz,
  ADD COLUMN reviewed_by uuid REFERENCES users (id),
  ADD CHECK (reviewed_at IS NULL OR status = 'complete');
DROP TRIGGER payout_jobs_terms_kept ON payout_jobs;
DROP TRIGGER payout_jobs_complete_for_good ON payout_jobs;
CREATE TRIGGER payout_jobs_terms_kept BEFORE UPDATE ON payout_jobs FOR EACH ROW WHEN (OLD.status <> 'complete')
  EXECUTE FUNCTION only_columns_may_change('{status,completed_count,failed_count,started_at,completed_at}');
CREATE TRIGGER payout_jobs_complete_for_good BEFORE UPDATE ON payout_jobs FOR EACH ROW WHEN (OLD.status = 'complete')
  EXECUTE FUNCTION only_columns_may_change('{reviewed_at,reviewed_by}');
GRANT UPDATE (reviewed_at, reviewed_by) ON payout_jobs TO platform;
