-- Contests that do not go as planned: too few enter, the house adds to the pool, an entrant leaves.

-- Fewer entries at the lock cancel it; the pool is never smaller than was guaranteed. Both 0: neither rule.
ALTER TABLE contest_instances ADD COLUMN min_entries integer DEFAULT 0 NOT NULL CHECK (min_entries >= 0);
ALTER TABLE contest_instances ADD COLUMN guaranteed_pool_cents bigint DEFAULT 0 NOT NULL
  CHECK (guaranteed_pool_cents >= 0);
ALTER TABLE contest_instances ADD CONSTRAINT contest_instances_can_be_played CHECK (min_entries <= max_entries);

ALTER TABLE ledger DROP CONSTRAINT ledger_entry_type_check;
ALTER TABLE ledger ADD CONSTRAINT ledger_entry_type_check CHECK (entry_type IN ('ENTRY_FEE', 'ENTRY_FEE_REFUND',
  'ENTRY_FEE_REFUND_RETURNED', 'PRIZE_PAYOUT', 'PRIZE_PAYOUT_REVERSAL', 'ADJUSTMENT', 'POOL_TOP_UP',
  'PAYOUT_ATTEMPT_COMPLETED', 'PAYOUT_ATTEMPT_RETRYABLE', 'PAYOUT_ATTEMPT_FAILED_TERMINAL'));

-- Who entered and left again before the lock. The entry itself stays: it is what was.
CREATE TABLE contest_withdrawals (
  contest_instance_id uuid NOT NULL,
  user_id uuid NOT NULL,
  withdrawn_at timestamptz DEFAULT now() NOT NULL,
  PRIMARY KEY (contest_instance_id, user_id),
  FOREIGN KEY (contest_instance_id, user_id) REFERENCES contest_participants (contest_instance_id, user_id)
);
CREATE TRIGGER contest_withdrawals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contest_withdrawals
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON contest_withdrawals TO platform;
