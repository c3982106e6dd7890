-- Phases of operational tasks (prerequisites, steps), and rollback after any phase of the way normally taken.

CREATE OR REPLACE FUNCTION runbook_execution_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE phases text[] :=
  '{detection,diagnosis,prerequisites,recovery,steps,verification,documentation,rollback,escalation}';
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
