-- Inquiries, and how disputes end. An inquiry has withdrawn nothing until it becomes a chargeback.

ALTER TABLE disputes ADD COLUMN status text DEFAULT 'needs_response' NOT NULL CHECK (status IN ('warning_needs_response',
  'warning_under_review', 'warning_closed', 'needs_response', 'under_review', 'won', 'lost'));
ALTER TABLE disputes ADD COLUMN reinstated_cents bigint DEFAULT 0 NOT NULL
  CHECK (reinstated_cents BETWEEN 0 AND amount_cents);
DROP TRIGGER disputes_terms_kept ON disputes;
CREATE TRIGGER disputes_terms_kept BEFORE UPDATE ON disputes FOR EACH ROW EXECUTE FUNCTION only_columns_may_change(
  '{amount_cents,fee_cents,status,reinstated_cents,acknowledged_at,acknowledged_by,updated_at}');
CREATE TRIGGER disputes_withdrawn_kept BEFORE UPDATE ON disputes FOR EACH ROW WHEN (OLD.amount_cents > 0)
  EXECUTE FUNCTION only_columns_may_change('{status,reinstated_cents,acknowledged_at,acknowledged_by,updated_at}');
CREATE TRIGGER disputes_decided_for_good BEFORE UPDATE ON disputes FOR EACH ROW
  WHEN (OLD.status IN ('won', 'lost') AND OLD.status <> NEW.status) EXECUTE FUNCTION refuse_change();

GRANT UPDATE (amount_cents, fee_cents, status, reinstated_cents) ON disputes TO platform;
