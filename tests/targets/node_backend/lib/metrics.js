// The metrics page, in Prometheus' text format.
import { freeConnections, read } from './db.js';
import { WEBHOOKS_MISSING } from './reconcile.js';
import { authErrorPercent, errorBudgetPercent } from './service_levels.js';

const SAMPLES = `
  SELECT 'contests{status="' || state || '"}' AS series, count(*)::float AS value FROM games GROUP BY state
  UNION ALL
  SELECT 'contest_status_transitions_failed', count(*) FROM games
  WHERE state = 'ERROR' OR opened_at IS NOT NULL AND (
    state = 'SCHEDULED' AND locks_at < now() - interval '15 minutes'
    OR state = 'LOCKED' AND starts_at < now() - interval '60 minutes')
  UNION ALL
  SELECT 'ingestion_lag_seconds{provider_event_id=' || to_json(g.tournament)::text || '}',
    extract(epoch FROM now() - coalesce(max(f.last_good_at), min(g.starts_at)))
  FROM games g LEFT JOIN feeds f USING (tournament) WHERE g.state = 'LIVE' GROUP BY g.tournament
  UNION ALL
  SELECT 'payment_webhooks_missing', count(*) FROM (${WEBHOOKS_MISSING}) m
  UNION ALL
  SELECT 'payout_transfers{status="' || state || '"}', count(*) FROM prize_payments GROUP BY state
  UNION ALL
  SELECT 'payout_transfers_failed_terminal_unacknowledged{failure_reason=' || to_json(p.failure)::text || ',winner="'
    || CASE WHEN w.removed_at IS NULL THEN 'active' ELSE 'deleted' END || '"}', count(*)
  FROM prize_payments p JOIN people w ON w.id = p.person_id
  WHERE p.state = 'failed_terminal' AND p.seen_at IS NULL GROUP BY 1
  UNION ALL
  SELECT 'payout_transfers_stuck_retryable', count(*) FROM prize_payments
  WHERE state = 'retryable' AND first_try_at < now() - interval '30 minutes'
  UNION ALL
  SELECT 'score_audit_mismatches', count(*) FROM (
    SELECT game_id FROM settle_runs WHERE scores_hash IS NOT NULL GROUP BY game_id HAVING count(DISTINCT scores_hash) > 1) s
  UNION ALL
  SELECT 'settlement_duration_seconds', coalesce(
    (SELECT extract(epoch FROM ended_at - began_at) FROM settle_runs ORDER BY n DESC LIMIT 1), 0)
  UNION ALL
  SELECT 'settlement_status{contest_id="' || g.id || '",status="FAILED"}', 1 FROM games g
  WHERE g.settled_on IS NULL AND g.state = 'COMPLETE'
    AND 'FAILED' = (SELECT r.outcome FROM settle_runs r WHERE r.game_id = g.id ORDER BY r.n DESC LIMIT 1)`;

export async function metrics(request, response) {
  const lines = (await read(SAMPLES)).map(({ series, value }) => `${series} ${value}`);
  lines.push(
    `auth_service_error_rate ${authErrorPercent()}`,
    `database_connection_pool_available ${freeConnections()}`,
    `error_budget_remaining ${errorBudgetPercent()}`,
  );
  response.type('text/plain; version=0.0.4').send(`${lines.sort().join('\n')}\n`);
}
