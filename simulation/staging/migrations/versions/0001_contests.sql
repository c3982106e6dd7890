-- People, contests and the audit trail, with the rule functions that the other tables share.

-- Append-only: whatever the caller may do otherwise, a row stays as it was written.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % refused: rows are never changed or removed', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;

-- Argument: the columns that an UPDATE may touch.
CREATE FUNCTION only_columns_may_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (to_jsonb(NEW) - TG_ARGV[0]::text[]) IS DISTINCT FROM (to_jsonb(OLD) - TG_ARGV[0]::text[]) THEN
    RAISE EXCEPTION 'update of % % refused: only % may change in this state', TG_TABLE_NAME, OLD.id, TG_ARGV[0]
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

-- Arguments: the legal transitions, each as 'FROM>TO'. A state without a way out is terminal.
CREATE FUNCTION only_transitions_allowed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (OLD.status || '>' || NEW.status = ANY (TG_ARGV)) THEN
    RAISE EXCEPTION '% %: transition from % to % refused', TG_TABLE_NAME, OLD.id, OLD.status, NEW.status
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TABLE users (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  name text NOT NULL CHECK (length(name) > 0),
  email text NOT NULL CHECK (position('@' IN email) > 1),
  is_admin boolean DEFAULT false NOT NULL,
  role text DEFAULT 'user' NOT NULL CHECK (length(role) > 0),
  stripe_connected_account_id text CHECK (stripe_connected_account_id LIKE 'acct\_%'),
  created_at timestamptz DEFAULT now() NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL,
  deleted_at timestamptz
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_stripe_connected_account_id_key ON users (stripe_connected_account_id)
  WHERE stripe_connected_account_id IS NOT NULL;
CREATE TRIGGER users_kept BEFORE DELETE OR TRUNCATE ON users FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Deletion is final, and an account that may have been paid is never exchanged for another.
CREATE TRIGGER users_deleted_for_good BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD.deleted_at IS NOT NULL)
  EXECUTE FUNCTION only_columns_may_change('{is_admin,role,updated_at}');
CREATE TRIGGER users_account_kept BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD.stripe_connected_account_id IS NOT NULL)
  EXECUTE FUNCTION only_columns_may_change('{name,email,is_admin,role,updated_at,deleted_at}');

INSERT INTO users (id, name, email, role)
VALUES ('00000000-0000-0000-0000-000000000000', 'system', 'system@platform.invalid', 'system');

CREATE TABLE contest_instances (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  contest_name text NOT NULL CHECK (length(contest_name) > 0),
  organizer_id uuid NOT NULL REFERENCES users (id),
  entry_fee_cents bigint NOT NULL CHECK (entry_fee_cents >= 0),
  payout_structure jsonb NOT NULL CHECK (jsonb_typeof(payout_structure) = 'object'),
  max_entries integer NOT NULL CHECK (max_entries > 0),
  status text DEFAULT 'SCHEDULED' NOT NULL
    CHECK (status IN ('SCHEDULED', 'LOCKED', 'LIVE', 'COMPLETE', 'CANCELLED', 'ERROR')),
  provider_event_id text NOT NULL CHECK (length(provider_event_id) > 0),
  scoring jsonb NOT NULL CHECK (jsonb_typeof(scoring) = 'object'),
  lock_time timestamptz NOT NULL,
  start_time timestamptz NOT NULL,
  end_time timestamptz NOT NULL,
  settle_time timestamptz,
  created_at timestamptz DEFAULT now() NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL,
  published_at timestamptz,
  completed_at timestamptz,
  cancelled_at timestamptz,
  CONSTRAINT contest_instances_created_before_lock CHECK (created_at < lock_time),
  CONSTRAINT contest_instances_lock_not_after_start CHECK (lock_time <= start_time),
  CONSTRAINT contest_instances_start_before_end CHECK (start_time < end_time),
  CONSTRAINT contest_instances_settled_after_end CHECK (settle_time >= end_time),
  CONSTRAINT contest_instances_settled_when_complete CHECK (settle_time IS NULL OR status = 'COMPLETE')
);
CREATE INDEX contest_instances_organizer_id_idx ON contest_instances (organizer_id);
CREATE INDEX contest_instances_moving_idx ON contest_instances (status, id) WHERE settle_time IS NULL;
CREATE TRIGGER contest_instances_kept BEFORE DELETE OR TRUNCATE ON contest_instances
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER contest_instances_transitions BEFORE UPDATE ON contest_instances
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION only_transitions_allowed(
    'SCHEDULED>LOCKED', 'LOCKED>LIVE', 'LIVE>COMPLETE', 'LIVE>ERROR', 'ERROR>COMPLETE', 'ERROR>CANCELLED',
    'SCHEDULED>CANCELLED', 'LOCKED>CANCELLED');
CREATE TRIGGER contest_instances_identity_kept BEFORE UPDATE ON contest_instances
  FOR EACH ROW WHEN (OLD.status = 'SCHEDULED') EXECUTE FUNCTION only_columns_may_change(
    '{status,lock_time,start_time,end_time,updated_at,published_at,cancelled_at}');
CREATE TRIGGER contest_instances_configuration_frozen BEFORE UPDATE ON contest_instances
  FOR EACH ROW WHEN (OLD.status <> 'SCHEDULED') EXECUTE FUNCTION only_columns_may_change(
    '{status,updated_at,settle_time,completed_at,cancelled_at}');
CREATE TRIGGER contest_instances_settled_once BEFORE UPDATE ON contest_instances
  FOR EACH ROW WHEN (OLD.settle_time IS NOT NULL) EXECUTE FUNCTION refuse_change();

CREATE TABLE contest_participants (
  contest_instance_id uuid NOT NULL REFERENCES contest_instances (id),
  user_id uuid NOT NULL REFERENCES users (id),
  roster jsonb NOT NULL CHECK (jsonb_typeof(roster) = 'array'),
  joined_at timestamptz DEFAULT now() NOT NULL,
  PRIMARY KEY (contest_instance_id, user_id)
);
CREATE INDEX contest_participants_user_id_idx ON contest_participants (user_id);
CREATE TRIGGER contest_participants_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contest_participants
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE admin_contest_audit (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  sequence_number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  contest_instance_id uuid NOT NULL REFERENCES contest_instances (id),
  admin_user_id uuid NOT NULL REFERENCES users (id),
  action text NOT NULL CHECK (length(action) > 0),
  reason text NOT NULL CHECK (length(reason) > 0),
  payload jsonb DEFAULT '{}' NOT NULL,
  from_status text,
  to_status text,
  created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX admin_contest_audit_contest_instance_id_idx ON admin_contest_audit (contest_instance_id, sequence_number);
CREATE INDEX admin_contest_audit_admin_user_id_idx ON admin_contest_audit (admin_user_id);
CREATE TRIGGER admin_contest_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_contest_audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- One row for each transaction that changed a governed table: who, what, why, when.
CREATE TABLE audit_log (
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  sequence_number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL UNIQUE,
  actor text NOT NULL CHECK (length(actor) > 0),
  action text NOT NULL CHECK (length(action) > 0),
  reason text NOT NULL CHECK (length(reason) > 0),
  entity_type text NOT NULL,
  entity_id text NOT NULL,
  request_id text NOT NULL CHECK (length(request_id) > 0),
  payload jsonb DEFAULT '{}' NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX audit_log_entity_idx ON audit_log (entity_type, entity_id);
CREATE INDEX audit_log_request_id_idx ON audit_log (request_id);
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON users, contest_instances, contest_participants, admin_contest_audit, audit_log TO platform;
GRANT UPDATE (is_admin, role, stripe_connected_account_id, updated_at, deleted_at) ON users TO platform;
GRANT UPDATE (status, lock_time, start_time, end_time, settle_time, updated_at, published_at, completed_at, cancelled_at)
  ON contest_instances TO platform;
