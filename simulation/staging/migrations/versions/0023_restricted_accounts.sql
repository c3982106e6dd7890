-- Winners' accounts to which Stripe lets nothing be transferred for now: what is due to them waits.

CREATE TABLE restricted_accounts (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  stripe_account_id text NOT NULL UNIQUE,
  user_id uuid NOT NULL UNIQUE REFERENCES users (id),
  restricted_at timestamptz NOT NULL,
  active_at timestamptz CHECK (active_at >= restricted_at),
  disabled_reason text NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL
);
CREATE TRIGGER restricted_accounts_kept BEFORE DELETE OR TRUNCATE ON restricted_accounts FOR EACH STATEMENT
  EXECUTE FUNCTION refuse_change();
CREATE TRIGGER restricted_accounts_terms_kept BEFORE UPDATE ON restricted_accounts FOR EACH ROW
  EXECUTE FUNCTION only_columns_may_change('{restricted_at,active_at,disabled_reason,updated_at}');

ALTER TABLE payout_transfers DROP CONSTRAINT payout_transfers_held_reason_check;
ALTER TABLE payout_transfers ADD CONSTRAINT payout_transfers_held_reason_check
  CHECK (held_reason IN ('STRIPE_UNAVAILABLE', 'BALANCE_INSUFFICIENT', 'DESTINATION_RESTRICTED'));

GRANT SELECT, INSERT ON restricted_accounts TO platform;
GRANT UPDATE (restricted_at, active_at, disabled_reason, updated_at) ON restricted_accounts TO platform;
