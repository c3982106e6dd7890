-- Transfers that Stripe took back, in whole or in part: the winner is owed that much again.

ALTER TABLE payout_transfers ADD COLUMN reversed_cents bigint DEFAULT 0 NOT NULL
  CHECK (reversed_cents BETWEEN 0 AND amount_cents);
ALTER TABLE payout_transfers ADD CHECK (reversed_cents = 0 OR status = 'completed');
DROP TRIGGER payout_transfers_terminal_for_good ON payout_transfers;
CREATE TRIGGER payout_transfers_terminal_for_good BEFORE UPDATE ON payout_transfers FOR EACH ROW
  WHEN (OLD.status IN ('completed', 'failed_terminal'))
  EXECUTE FUNCTION only_columns_may_change('{reversed_cents,acknowledged_at,acknowledged_by,updated_at}');
CREATE INDEX payout_transfers_reversed_idx ON payout_transfers (id) WHERE reversed_cents > 0;

GRANT UPDATE (reversed_cents) ON payout_transfers TO platform;
