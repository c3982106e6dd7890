-- What came of a payment, beside what was owed: an intent can be changed at Stripe before it is paid.

ALTER TABLE payment_intents ADD COLUMN received_cents bigint CHECK (received_cents > 0);
DROP TRIGGER payment_intents_terms_kept ON payment_intents;
DROP TRIGGER payment_intents_succeeded_for_good ON payment_intents;
UPDATE payment_intents SET received_cents = amount_cents WHERE status = 'SUCCEEDED';
ALTER TABLE payment_intents ADD CHECK ((status = 'SUCCEEDED') = (received_cents IS NOT NULL));
CREATE TRIGGER payment_intents_terms_kept BEFORE UPDATE ON payment_intents FOR EACH ROW
  EXECUTE FUNCTION only_columns_may_change('{status,stripe_payment_intent_id,received_cents,updated_at}');
CREATE TRIGGER payment_intents_succeeded_for_good BEFORE UPDATE ON payment_intents FOR EACH ROW
  WHEN (OLD.status = 'SUCCEEDED') EXECUTE FUNCTION refuse_change();

GRANT UPDATE (received_cents) ON payment_intents TO platform;
