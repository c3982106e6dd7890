-- Iteration 06, phase 06A: the runbook audit table, as the specification has it.

CREATE TABLE runbook_executions (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  runbook_name text NOT NULL,
  runbook_version text NOT NULL,
  executed_by text NOT NULL,
  status text NOT NULL,
  execution_phase text,
  phase_step integer,
  start_time timestamp with time zone DEFAULT now() NOT NULL,
  end_time timestamp with time zone,
  duration_seconds integer,
  result_json jsonb,
  error_reason text,
  system_state_before jsonb,
  system_state_after jsonb,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT runbook_executions_duration_seconds_check CHECK ((duration_seconds >= 0)),
  CONSTRAINT runbook_executions_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'in_progress'::text, 'completed'::text, 'failed'::text, 'partial'::text])))
);

CREATE INDEX idx_runbook_executions_created_at
  ON runbook_executions(created_at);

CREATE INDEX idx_runbook_executions_runbook_name
  ON runbook_executions(runbook_name);

CREATE INDEX idx_runbook_executions_status
  ON runbook_executions(status);

ALTER TABLE runbook_executions ADD CONSTRAINT runbook_executions_pkey PRIMARY KEY (id);

CREATE TRIGGER runbook_executions_kept BEFORE DELETE OR TRUNCATE ON runbook_executions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- An execution begins in progress, with nothing of its end filled in.
CREATE FUNCTION runbook_execution_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> 'in_progress' OR num_nonnulls(NEW.end_time, NEW.duration_seconds, NEW.result_json, NEW.error_reason,
     NEW.system_state_after, NEW.execution_phase, NEW.phase_step) > 0 THEN
    RAISE EXCEPTION 'runbook execution % must begin in progress and unfinished', NEW.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER runbook_executions_begin BEFORE INSERT ON runbook_executions
  FOR EACH ROW EXECUTE FUNCTION runbook_execution_begins();

CREATE TRIGGER runbook_executions_transitions BEFORE UPDATE ON runbook_executions FOR EACH ROW WHEN (OLD.status <> NEW.status)
  EXECUTE FUNCTION only_transitions_allowed('in_progress>completed', 'in_progress>failed', 'in_progress>partial');
CREATE TRIGGER runbook_executions_final_for_good BEFORE UPDATE ON runbook_executions
  FOR EACH ROW WHEN (OLD.status <> 'in_progress') EXECUTE FUNCTION refuse_change();
CREATE TRIGGER runbook_executions_step BEFORE UPDATE ON runbook_executions
  FOR EACH ROW WHEN (NEW.status = 'in_progress')
  EXECUTE FUNCTION only_columns_may_change('{execution_phase,phase_step,updated_at}');
CREATE TRIGGER runbook_executions_completion BEFORE UPDATE ON runbook_executions
  FOR EACH ROW WHEN (NEW.status <> 'in_progress') EXECUTE FUNCTION only_columns_may_change(
    '{status,end_time,duration_seconds,result_json,error_reason,system_state_after,updated_at}');

-- Phases follow each other in the order of a failure runbook; steps count up within a phase.
CREATE FUNCTION runbook_execution_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE phases text[] := '{detection,diagnosis,recovery,verification,rollback,escalation,documentation}';
BEGIN
  IF array_position(phases, NEW.execution_phase) IS NULL OR NEW.phase_step IS NULL OR NEW.phase_step < 1
     OR (OLD.execution_phase IS NOT NULL
         AND (array_position(phases, NEW.execution_phase), NEW.phase_step)
           < (array_position(phases, OLD.execution_phase), OLD.phase_step)) THEN
    RAISE EXCEPTION 'runbook execution %: from % step % to % step % is not forward', OLD.id, OLD.execution_phase, OLD.phase_step,
      NEW.execution_phase, NEW.phase_step USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER runbook_executions_forward BEFORE UPDATE ON runbook_executions FOR EACH ROW
  WHEN (NEW.execution_phase IS DISTINCT FROM OLD.execution_phase OR NEW.phase_step IS DISTINCT FROM OLD.phase_step)
  EXECUTE FUNCTION runbook_execution_moves_forward();

CREATE FUNCTION runbook_execution_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.end_time IS NULL OR NEW.duration_seconds IS NULL THEN
    RAISE EXCEPTION 'runbook execution % cannot end without end time and duration', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER runbook_executions_ends BEFORE UPDATE ON runbook_executions
  FOR EACH ROW WHEN (NEW.status <> 'in_progress') EXECUTE FUNCTION runbook_execution_ends();

GRANT SELECT, INSERT ON runbook_executions TO platform;
GRANT UPDATE (status, execution_phase, phase_step, end_time, duration_seconds, result_json, error_reason, system_state_after,
  updated_at) ON runbook_executions TO platform;
