-- Refunds that Stripe makes by itself, in parts, and refunds whose money comes back.

-- A payment has one refund of ours, and as many of Stripe's as it likes.
ALTER TABLE refunds DROP CONSTRAINT refunds_payment_intent_id_key;
CREATE INDEX refunds_payment_intent_id_idx ON refunds (payment_intent_id);
CREATE UNIQUE INDEX refunds_one_of_ours ON refunds (payment_intent_id) WHERE reason <> 'refunded_at_stripe';

-- returned: the money is back at Stripe, and nobody has seen to it; owed: an admin has.
ALTER TABLE refunds DROP CONSTRAINT refunds_status_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_status_check
  CHECK (status IN ('pending', 'processing', 'retryable', 'completed', 'failed_terminal', 'returned', 'owed'));
DROP INDEX refunds_open_idx;
CREATE INDEX refunds_open_idx ON refunds (next_attempt_at, id) WHERE status IN ('pending', 'processing', 'retryable');
DROP TRIGGER refunds_transitions ON refunds;
CREATE TRIGGER refunds_transitions BEFORE UPDATE ON refunds FOR EACH ROW WHEN (OLD.status <> NEW.status)
  EXECUTE FUNCTION only_transitions_allowed('pending>processing', 'retryable>processing', 'processing>completed',
    'processing>retryable', 'processing>failed_terminal', 'pending>completed', 'retryable>completed', 'failed_terminal>completed',
    'completed>returned', 'returned>owed', 'owed>returned');
DROP TRIGGER refunds_completed_for_good ON refunds;
CREATE TRIGGER refunds_completed_for_good BEFORE UPDATE ON refunds FOR EACH ROW
  WHEN (OLD.status = 'completed' AND NEW.status <> 'returned') EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refunds_sent_kept BEFORE UPDATE ON refunds FOR EACH ROW
  WHEN (OLD.status IN ('completed', 'returned', 'owed'))
  EXECUTE FUNCTION only_columns_may_change('{status,failure_reason,updated_at}');

ALTER TABLE ledger DROP CONSTRAINT ledger_entry_type_check;
ALTER TABLE ledger ADD CONSTRAINT ledger_entry_type_check CHECK (entry_type IN ('ENTRY_FEE', 'ENTRY_FEE_REFUND',
  'ENTRY_FEE_REFUND_RETURNED', 'PRIZE_PAYOUT', 'PRIZE_PAYOUT_REVERSAL', 'ADJUSTMENT', 'PAYOUT_ATTEMPT_COMPLETED',
  'PAYOUT_ATTEMPT_RETRYABLE', 'PAYOUT_ATTEMPT_FAILED_TERMINAL'));
-- What an entrant is owed whose refund came back.
ALTER TABLE ledger DROP CONSTRAINT ledger_account_check;
ALTER TABLE ledger ADD CONSTRAINT ledger_account_check CHECK (account IN ('stripe', 'platform')
  OR account LIKE 'contest\_pool:%' OR account LIKE 'winnings\_payable:%' OR account LIKE 'refunds\_payable:%');
