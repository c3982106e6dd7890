-- What people want back: entrants by asking us, cardholders by asking their bank.

CREATE TABLE refund_requests (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  contest_instance_id uuid NOT NULL,
  user_id uuid NOT NULL,
  reason text NOT NULL CHECK (length(reason) > 0),
  status text NOT NULL CHECK (status IN ('open', 'granted', 'refused')),
  created_at timestamptz DEFAULT now() NOT NULL,
  decided_at timestamptz,
  decided_by uuid REFERENCES users (id),
  decision_reason text,
  FOREIGN KEY (contest_instance_id, user_id) REFERENCES contest_participants (contest_instance_id, user_id),
  UNIQUE (contest_instance_id, user_id)
);
CREATE INDEX refund_requests_decided_by_idx ON refund_requests (decided_by);
CREATE INDEX refund_requests_open_idx ON refund_requests (created_at, id) WHERE status = 'open';
CREATE TRIGGER refund_requests_kept BEFORE DELETE OR TRUNCATE ON refund_requests
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refund_requests_terms_kept BEFORE UPDATE ON refund_requests FOR EACH ROW
  EXECUTE FUNCTION only_columns_may_change('{status,decided_at,decided_by,decision_reason}');
CREATE TRIGGER refund_requests_transitions BEFORE UPDATE ON refund_requests FOR EACH ROW WHEN (OLD.status <> NEW.status)
  EXECUTE FUNCTION only_transitions_allowed('open>granted', 'open>refused', 'refused>open');
CREATE TRIGGER refund_requests_granted_for_good BEFORE UPDATE ON refund_requests FOR EACH ROW WHEN (OLD.status = 'granted')
  EXECUTE FUNCTION refuse_change();

CREATE TABLE disputes (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  stripe_dispute_id text NOT NULL UNIQUE,
  payment_intent_id uuid NOT NULL REFERENCES payment_intents (id),
  contest_instance_id uuid NOT NULL REFERENCES contest_instances (id),
  user_id uuid NOT NULL REFERENCES users (id),
  amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
  fee_cents bigint NOT NULL CHECK (fee_cents >= 0),
  reason text NOT NULL,
  acknowledged_at timestamptz,
  acknowledged_by uuid REFERENCES users (id),
  created_at timestamptz DEFAULT now() NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX disputes_payment_intent_id_idx ON disputes (payment_intent_id);
CREATE INDEX disputes_contest_instance_id_idx ON disputes (contest_instance_id);
CREATE INDEX disputes_user_id_idx ON disputes (user_id);
CREATE INDEX disputes_acknowledged_by_idx ON disputes (acknowledged_by);
CREATE TRIGGER disputes_kept BEFORE DELETE OR TRUNCATE ON disputes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER disputes_terms_kept BEFORE UPDATE ON disputes FOR EACH ROW
  EXECUTE FUNCTION only_columns_may_change('{acknowledged_at,acknowledged_by,updated_at}');

ALTER TABLE ledger DROP CONSTRAINT ledger_reference_type_check;
ALTER TABLE ledger ADD CONSTRAINT ledger_reference_type_check
  CHECK (reference_type IN ('payment_intent', 'refund', 'settlement', 'payout_transfer', 'dispute'));

GRANT SELECT, INSERT ON refund_requests, disputes TO platform;
GRANT UPDATE (status, decided_at, decided_by, decision_reason) ON refund_requests TO platform;
GRANT UPDATE (acknowledged_at, acknowledged_by, updated_at) ON disputes TO platform;
