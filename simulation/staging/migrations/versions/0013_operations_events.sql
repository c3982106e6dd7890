-- What operations did to the platform's surroundings: sessions ended, the pool or the source of the signing key switched.
CREATE TABLE operations_events (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  sequence_number bigint GENERATED ALWAYS AS IDENTITY,
  subject text NOT NULL CHECK (subject IN ('database', 'authentication')),
  event text NOT NULL CHECK (length(event) > 0),
  detail jsonb NOT NULL,
  reason text NOT NULL CHECK (length(reason) > 0),
  admin_user_id uuid NOT NULL REFERENCES users (id),
  created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX operations_events_admin_user_id_idx ON operations_events (admin_user_id);
CREATE INDEX operations_events_latest_idx ON operations_events (subject, sequence_number DESC);
CREATE TRIGGER operations_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON operations_events TO platform;
