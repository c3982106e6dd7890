-- Versions of the settings that operations may change; what was said of each stays on record. The active version is that of
-- the last 'activated' row; 0 is what the deployment came with.
CREATE TABLE configuration_events (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  sequence_number bigint GENERATED ALWAYS AS IDENTITY,
  version integer NOT NULL CHECK (version >= 0),
  event text NOT NULL CHECK (event IN ('published', 'validated', 'rejected', 'activated')),
  settings jsonb CHECK ((event = 'published') = (settings IS NOT NULL)),
  findings jsonb,
  reason text NOT NULL CHECK (length(reason) > 0),
  admin_user_id uuid NOT NULL REFERENCES users (id),
  created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX idx_configuration_events_admin_user_id ON configuration_events (admin_user_id);
CREATE UNIQUE INDEX configuration_events_published_once ON configuration_events (version) WHERE event = 'published';
CREATE TRIGGER configuration_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON configuration_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON configuration_events TO platform;
