-- What the score provider sent, what was wrong with it, and what was settled on it.

CREATE TABLE ingestion_events (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  sequence_number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  contest_instance_id uuid NOT NULL REFERENCES contest_instances (id),
  provider text NOT NULL,
  event_type text NOT NULL,
  provider_data_json jsonb NOT NULL,
  payload_hash text NOT NULL,
  is_terminal boolean DEFAULT false NOT NULL,
  received_at timestamptz DEFAULT now() NOT NULL,
  validation_status text NOT NULL CHECK (validation_status IN ('VALID', 'INVALID')),
  validation_errors_json jsonb
);
CREATE INDEX ingestion_events_contest_instance_id_idx ON ingestion_events (contest_instance_id, sequence_number);
CREATE TRIGGER ingestion_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ingestion_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE ingestion_validation_errors (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  sequence_number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  contest_instance_id uuid NOT NULL REFERENCES contest_instances (id),
  ingestion_event_id uuid REFERENCES ingestion_events (id),
  error_code text NOT NULL CHECK (error_code IN ('INVALID_DATA_TYPE', 'NUMERIC_STRING_NOT_ALLOWED', 'MISSING_REQUIRED_FIELD',
    'INVALID_PLAYER_ID', 'UNKNOWN_PLAYER', 'INVALID_ROUND_NUMBER', 'OUT_OF_RANGE_SCORE', 'INVALID_STATUS', 'SCHEMA_MISMATCH',
    'MALFORMED_JSON', 'DUPLICATE_ROUND_FOR_PLAYER', 'INCONSISTENT_LEADERBOARD_ORDER', 'PROVIDER_TIMEOUT', 'PROVIDER_ERROR',
    'NETWORK_ERROR', 'PROVIDER_NOT_FOUND', 'PROVIDER_FORBIDDEN', 'PROVIDER_INVALID_REQUEST', 'PROVIDER_UNAUTHORIZED',
    'CONTEST_NOT_FOUND', 'CONTEST_NOT_LOCKED')),
  error_details_json jsonb NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX ingestion_validation_errors_contest_instance_id_idx
  ON ingestion_validation_errors (contest_instance_id, sequence_number);
CREATE INDEX ingestion_validation_errors_ingestion_event_id_idx ON ingestion_validation_errors (ingestion_event_id);
CREATE TRIGGER ingestion_validation_errors_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ingestion_validation_errors
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Operational state of the poller, one row for each tournament.
CREATE TABLE ingestion_feeds (
  provider_event_id text PRIMARY KEY,
  etag text,
  last_success_at timestamptz,
  last_attempt_at timestamptz NOT NULL,
  consecutive_failures integer DEFAULT 0 NOT NULL CHECK (consecutive_failures >= 0),
  last_error text
);

CREATE TABLE settlement_audit (
  settlement_run_id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  sequence_number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  contest_instance_id uuid NOT NULL REFERENCES contest_instances (id),
  engine_version text NOT NULL,
  event_ids_applied uuid[] NOT NULL,
  started_at timestamptz DEFAULT now() NOT NULL,
  completed_at timestamptz,
  status text NOT NULL CHECK (status IN ('STARTED', 'COMPLETE', 'FAILED')),
  error_json jsonb,
  final_scores_json jsonb
);
CREATE INDEX settlement_audit_contest_instance_id_idx ON settlement_audit (contest_instance_id, sequence_number);
CREATE TRIGGER settlement_audit_kept BEFORE DELETE OR TRUNCATE ON settlement_audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION settlement_run_finishes_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> 'STARTED' OR NEW.status NOT IN ('COMPLETE', 'FAILED')
     OR (to_jsonb(NEW) - '{status,completed_at,error_json,final_scores_json}'::text[])
        IS DISTINCT FROM (to_jsonb(OLD) - '{status,completed_at,error_json,final_scores_json}'::text[]) THEN
    RAISE EXCEPTION 'settlement run %: change from % to % refused', OLD.settlement_run_id, OLD.status, NEW.status
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER settlement_audit_finishes_once BEFORE UPDATE ON settlement_audit
  FOR EACH ROW EXECUTE FUNCTION settlement_run_finishes_once();

CREATE TABLE score_history (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  settlement_run_id uuid NOT NULL UNIQUE REFERENCES settlement_audit (settlement_run_id),
  contest_instance_id uuid NOT NULL REFERENCES contest_instances (id),
  scores_json jsonb NOT NULL,
  scores_hash text NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX score_history_contest_instance_id_idx ON score_history (contest_instance_id);
CREATE TRIGGER score_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON score_history
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE settlement_records (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  contest_instance_id uuid NOT NULL UNIQUE REFERENCES contest_instances (id),
  settlement_run_id uuid NOT NULL UNIQUE REFERENCES settlement_audit (settlement_run_id),
  results jsonb NOT NULL,
  results_sha256 text NOT NULL CHECK (results_sha256 ~ '^[0-9a-f]{64}$'),
  participant_count integer NOT NULL CHECK (participant_count >= 0),
  total_pool_cents bigint NOT NULL CHECK (total_pool_cents >= 0),
  settlement_version text NOT NULL,
  settled_at timestamptz DEFAULT now() NOT NULL
);
CREATE TRIGGER settlement_records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement_records
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON ingestion_events, ingestion_validation_errors, ingestion_feeds, settlement_audit, score_history,
  settlement_records TO platform;
GRANT UPDATE (etag, last_success_at, last_attempt_at, consecutive_failures, last_error) ON ingestion_feeds TO platform;
GRANT UPDATE (status, completed_at, error_json, final_scores_json) ON settlement_audit TO platform;
