-- What comparing a settled contest with the provider's later word found. A settlement is final: a finding changes no
-- score, no place and no prize; it is answered by proving that the settlement follows from what it was made from.

CREATE TABLE score_audits (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  contest_instance_id uuid NOT NULL REFERENCES contest_instances (id),
  settlement_run_id uuid NOT NULL REFERENCES settlement_audit (settlement_run_id),
  ingestion_event_id uuid NOT NULL REFERENCES ingestion_events (id),
  settled_scores_hash text NOT NULL CHECK (settled_scores_hash ~ '^[0-9a-f]{64}$'),
  provider_scores_hash text NOT NULL CHECK (provider_scores_hash ~ '^[0-9a-f]{64}$'),
  differences jsonb NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  resolved_at timestamptz,
  resolved_by uuid REFERENCES users (id),
  resolution_reason text,
  UNIQUE (contest_instance_id, ingestion_event_id),
  CHECK ((resolved_at IS NULL) = (resolved_by IS NULL) AND (resolved_at IS NULL) = (resolution_reason IS NULL))
);
CREATE INDEX score_audits_settlement_run_id_idx ON score_audits (settlement_run_id);
CREATE INDEX score_audits_ingestion_event_id_idx ON score_audits (ingestion_event_id);
CREATE INDEX score_audits_resolved_by_idx ON score_audits (resolved_by);
CREATE INDEX score_audits_open_idx ON score_audits (created_at, id)
  WHERE settled_scores_hash <> provider_scores_hash AND resolved_at IS NULL;
CREATE TRIGGER score_audits_kept BEFORE DELETE OR TRUNCATE ON score_audits
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER score_audits_findings_kept BEFORE UPDATE ON score_audits FOR EACH ROW
  EXECUTE FUNCTION only_columns_may_change('{resolved_at,resolved_by,resolution_reason}');

GRANT SELECT, INSERT ON score_audits TO platform;
GRANT UPDATE (resolved_at, resolved_by, resolution_reason) ON score_audits TO platform;
