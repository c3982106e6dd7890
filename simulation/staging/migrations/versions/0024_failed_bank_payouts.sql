-- Winners' banks that did not take what Stripe sent them: the money is in the winner's account at Stripe again.

CREATE TABLE failed_bank_payouts (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  stripe_payout_id text NOT NULL UNIQUE,
  user_id uuid NOT NULL REFERENCES users (id),
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  failure_code text NOT NULL,
  acknowledged_at timestamptz,
  acknowledged_by uuid REFERENCES users (id),
  created_at timestamptz DEFAULT now() NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX failed_bank_payouts_user_id_idx ON failed_bank_payouts (user_id);
CREATE INDEX failed_bank_payouts_acknowledged_by_idx ON failed_bank_payouts (acknowledged_by);
CREATE TRIGGER failed_bank_payouts_kept BEFORE DELETE OR TRUNCATE ON failed_bank_payouts FOR EACH STATEMENT
  EXECUTE FUNCTION refuse_change();
CREATE TRIGGER failed_bank_payouts_terms_kept BEFORE UPDATE ON failed_bank_payouts FOR EACH ROW
  EXECUTE FUNCTION only_columns_may_change('{acknowledged_at,acknowledged_by,updated_at}');

GRANT SELECT, INSERT ON failed_bank_payouts TO platform;
GRANT UPDATE (acknowledged_at, acknowledged_by, updated_at) ON failed_bank_payouts TO platform;
