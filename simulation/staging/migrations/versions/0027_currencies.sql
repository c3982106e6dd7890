-- Contests in other currencies than US dollars. Amounts are in the currency's smallest unit, whatever a column is called:
-- of yen there is no smaller one, of Kuwaiti dinars a thousandth.

ALTER TABLE contest_instances ADD COLUMN currency text NOT NULL DEFAULT 'USD'
  CHECK (currency IN ('USD', 'EUR', 'GBP', 'JPY', 'KWD'));
ALTER TABLE payment_intents DROP CONSTRAINT payment_intents_currency_check,
  ADD CHECK (currency IN ('USD', 'EUR', 'GBP', 'JPY', 'KWD'));
ALTER TABLE ledger DROP CONSTRAINT ledger_currency_check,
  ADD CHECK (currency IN ('USD', 'EUR', 'GBP', 'JPY', 'KWD'));
ALTER TABLE refunds ADD COLUMN currency text NOT NULL DEFAULT 'USD'
  CHECK (currency IN ('USD', 'EUR', 'GBP', 'JPY', 'KWD'));
ALTER TABLE disputes ADD COLUMN currency text NOT NULL DEFAULT 'USD'
  CHECK (currency IN ('USD', 'EUR', 'GBP', 'JPY', 'KWD'));
ALTER TABLE payout_transfers ADD COLUMN currency text NOT NULL DEFAULT 'USD'
  CHECK (currency IN ('USD', 'EUR', 'GBP', 'JPY', 'KWD'));
ALTER TABLE failed_bank_payouts ADD COLUMN currency text NOT NULL DEFAULT 'USD'
  CHECK (currency IN ('USD', 'EUR', 'GBP', 'JPY', 'KWD'));

-- What came of a payment may be of another currency than what was owed: an intent can be changed at Stripe.
ALTER TABLE payment_intents ADD COLUMN received_currency text
  CHECK (received_currency IN ('USD', 'EUR', 'GBP', 'JPY', 'KWD'));
DROP TRIGGER payment_intents_terms_kept ON payment_intents;
DROP TRIGGER payment_intents_succeeded_for_good ON payment_intents;
UPDATE payment_intents SET received_currency = currency WHERE status = 'SUCCEEDED';
ALTER TABLE payment_intents ADD CHECK ((received_currency IS NULL) = (received_cents IS NULL));
CREATE TRIGGER payment_intents_terms_kept BEFORE UPDATE ON payment_intents FOR EACH ROW
  EXECUTE FUNCTION only_columns_may_change('{status,stripe_payment_intent_id,received_cents,received_currency,updated_at}');
CREATE TRIGGER payment_intents_succeeded_for_good BEFORE UPDATE ON payment_intents FOR EACH ROW
  WHEN (OLD.status = 'SUCCEEDED') EXECUTE FUNCTION refuse_change();
GRANT UPDATE (received_currency) ON payment_intents TO platform;

-- Debits equal credits in one currency: nothing is exchanged within a transaction.
CREATE OR REPLACE FUNCTION ledger_transaction_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE difference_cents bigint; currencies bigint;
BEGIN
  SELECT sum(CASE direction WHEN 'DEBIT' THEN amount_cents ELSE -amount_cents END), count(DISTINCT currency)
    INTO difference_cents, currencies FROM ledger WHERE transaction_id = NEW.transaction_id;
  IF difference_cents <> 0 THEN
    RAISE EXCEPTION 'ledger transaction % does not balance: debits exceed credits by % cents', NEW.transaction_id, difference_cents
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF currencies > 1 THEN
    RAISE EXCEPTION 'ledger transaction % is in % currencies', NEW.transaction_id, currencies
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
