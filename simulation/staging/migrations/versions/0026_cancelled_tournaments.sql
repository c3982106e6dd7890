-- A contest that is live is cancelled when the provider cancels its tournament.
DROP TRIGGER contest_instances_transitions ON contest_instances;
CREATE TRIGGER contest_instances_transitions BEFORE UPDATE ON contest_instances
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION only_transitions_allowed(
    'SCHEDULED>LOCKED', 'LOCKED>LIVE', 'LIVE>COMPLETE', 'LIVE>ERROR', 'ERROR>COMPLETE', 'ERROR>CANCELLED',
    'SCHEDULED>CANCELLED', 'LOCKED>CANCELLED', 'LIVE>CANCELLED');
