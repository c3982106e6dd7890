-- What an admin asked for under an Idempotency-Key, stored with its result in the transaction that did it.

CREATE TABLE idempotency_keys (
  key text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
  request_sha256 text NOT NULL CHECK (request_sha256 ~ '^[0-9a-f]{64}$'),
  request_id text NOT NULL CHECK (length(request_id) > 0),
  result jsonb NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL
);
CREATE TRIGGER idempotency_keys_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON idempotency_keys
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON idempotency_keys TO platform;
