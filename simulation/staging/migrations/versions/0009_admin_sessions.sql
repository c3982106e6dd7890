-- Sessions of admins' browsers: the dashboards' login exchanges a bearer token for a short-lived cookie.

CREATE TABLE admin_sessions (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  user_id uuid NOT NULL,
  secret_sha256 text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  ended_at timestamp with time zone,
  CONSTRAINT admin_sessions_pkey PRIMARY KEY (id),
  CONSTRAINT admin_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
  CONSTRAINT admin_sessions_secret_sha256_key UNIQUE (secret_sha256),
  CONSTRAINT admin_sessions_expires_at_check CHECK ((expires_at > created_at))
);

CREATE INDEX idx_admin_sessions_user_id ON admin_sessions (user_id);

CREATE TRIGGER admin_sessions_kept BEFORE DELETE OR TRUNCATE ON admin_sessions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER admin_sessions_end_once BEFORE UPDATE ON admin_sessions
  FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER admin_sessions_only_end BEFORE UPDATE ON admin_sessions
  FOR EACH ROW EXECUTE FUNCTION only_columns_may_change('{ended_at}');

GRANT SELECT, INSERT ON admin_sessions TO platform;
GRANT UPDATE (ended_at) ON admin_sessions TO platform;
