// Staff at work: diagnostics, running a job now, prizes, rights. The names are those of the operations handbook.
import { Router } from 'express';
import { adminGames } from './admin_games.js';
import { admin } from './auth.js';
import { change, freeConnections, read } from './db.js';
import { config } from './config.js';
import { pollFeeds, providerAnswers } from './feed.js';
import { jobs } from './jobs.js';
import { prizesAtStripe, runPayouts } from './payouts.js';
import { WEBHOOKS_MISSING } from './reconcile.js';
import { isUuid, need, Refusal } from './refusal.js';
import { runbooks } from './runbooks.js';
import { replay } from './webhooks.js';

export const adminRoutes = Router();
adminRoutes.use(admin);
adminRoutes.use('/contests', adminGames);
adminRoutes.use('/runbooks', runbooks);

// --- diagnostics -------------------------------------------------------------------------------------------------

adminRoutes.get('/diagnostics/health', async (request, response) => {
  await read('SELECT 1');
  const provider = (await providerAnswers()) ? 'ok' : 'unreachable';
  response.json({
    status: provider === 'ok' ? 'ok' : 'degraded',
    database: 'ok',
    provider,
    environment: config.environment,
    database_connection_pool_available: freeConnections(),
  });
});

adminRoutes.get('/diagnostics/jobs', (request, response) => {
  const page = jobs.map((job) => ({
    name: job.name,
    interval_seconds: (job.every ?? 86_400_000) / 1000,
    last_run_at: job.lastRun?.toISOString() ?? null,
  }));
  response.json({ jobs: page });
});

const PRIZES = `
  SELECT p.id, p.game_id AS contest_id, p.person_id AS user_id, p.cents AS amount_cents, p.state AS status,
    p.tries AS attempt_count, p.max_tries AS max_attempts, p.stripe_id AS stripe_transfer_id, p.failure AS failure_reason,
    p.first_try_at AS first_attempted_at, p.next_try_at AS next_attempt_at, p.seen_at AS acknowledged_at,
    p.seen_by AS acknowledged_by, p.made_at AS created_at, w.removed_at AS winner_deleted_at
  FROM prize_payments p JOIN people w ON w.id = p.person_id`;

adminRoutes.get('/diagnostics/payouts', async (request, response) => {
  const minutes = Number(request.query.stuck_minutes ?? 30);
  if (!Number.isInteger(minutes) || minutes < 0)
    throw new Refusal(400, 'invalid_field', 'stuck_minutes: whole minutes');
  const stuck = await read(
    `${PRIZES} WHERE p.state = 'retryable' AND p.first_try_at < now() - make_interval(mins => $1) ORDER BY p.first_try_at, p.id LIMIT 25`,
    [minutes],
  );
  response.json({ counts_by_status: await countsOf('prize_payments'), stuck_minutes: minutes, stuck_transfers: stuck });
});

adminRoutes.get('/diagnostics/payments', async (request, response) => {
  const missing = await read(
    `SELECT m.item ->> 'stripe_id' AS stripe_payment_intent_id, (m.item ->> 'amount_cents')::int AS amount_cents
     FROM (${WEBHOOKS_MISSING}) m ORDER BY 1`,
  );
  const [{ letters }] = await read(
    'SELECT count(*)::int AS letters FROM stripe_trouble WHERE resolved_at IS NULL AND failures >= 3',
  );
  response.json({ webhooks_missing: missing, dead_letters: letters, refunds: await countsOf('paybacks') });
});

async function countsOf(table) {
  const rows = await read(`SELECT state, count(*)::int AS n FROM ${table} GROUP BY state ORDER BY state`);
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
}

adminRoutes.get('/diagnostics/ingestion', async (request, response) => {
  const feeds = await read(
    `SELECT g.tournament AS provider_event_id, floor(extract(epoch FROM now() - coalesce(f.last_good_at, min(g.starts_at))))::int AS lag_seconds,
       f.last_good_at AS last_success_at, coalesce(f.failures, 0) AS consecutive_failures, f.last_error
     FROM games g LEFT JOIN feeds f USING (tournament) WHERE g.state = 'LIVE'
     GROUP BY g.tournament, f.last_good_at, f.failures, f.last_error ORDER BY g.tournament`,
  );
  response.json({ feeds, max_lag_seconds: Math.max(0, ...feeds.map((feed) => feed.lag_seconds)) });
});

adminRoutes.get('/diagnostics/settlements', async (request, response) => {
  const rows = await read(
    `SELECT g.id AS contest_id, g.title AS contest_name, last.error_code, last.outcome FROM games g
     LEFT JOIN LATERAL (SELECT * FROM settle_runs r WHERE r.game_id = g.id ORDER BY r.n DESC LIMIT 1) last ON true
     WHERE g.state = 'COMPLETE' AND g.settled_on IS NULL ORDER BY g.ends_at, g.id`,
  );
  response.json({
    failed: rows.filter((row) => row.outcome === 'FAILED'),
    pending: rows.filter((row) => row.outcome !== 'FAILED'),
  });
});

// --- jobs, now ---------------------------------------------------------------------------------------------------

adminRoutes.post('/diagnostics/run-payout-scheduler', async (request, response) => {
  response.json({ success: true, result: await runPayouts(request.by, { hurry: true }) });
});

adminRoutes.post('/diagnostics/run-ingestion-poller', async (request, response) => {
  response.json({ success: true, result: await pollFeeds(request.by) });
});

adminRoutes.post('/diagnostics/replay-stripe-events', async (request, response) => {
  const since = new Date(request.body?.since ?? Date.now() - 30 * 86_400_000);
  if (Number.isNaN(since.getTime())) throw new Refusal(400, 'invalid_field', 'since: a time');
  response.json({ success: true, result: await replay(request.by, since) });
});

// --- prizes and rights -------------------------------------------------------------------------------------------

adminRoutes.get('/payout-transfers', async (request, response) => {
  const { status = null, contest_id: gameId = null } = request.query;
  const rows = await read(
    `${PRIZES} WHERE ($1::text IS NULL OR p.state = $1) AND ($2::uuid IS NULL OR p.game_id = $2) ORDER BY p.made_at, p.id`,
    [status, gameId],
  );
  response.json({ payout_transfers: rows });
});

adminRoutes.get('/payout-transfers/:id', async (request, response) => {
  const [prize] = isUuid(request.params.id) ? await read(`${PRIZES} WHERE p.id = $1`, [request.params.id]) : [];
  if (!prize) throw new Refusal(404, 'payout_transfer_not_found', `no prize ${request.params.id}`);
  const attempts = await read(
    `SELECT what AS entry_type, cents AS amount_cents, note AS metadata_json, booked_at AS created_at FROM journal_lines
     WHERE about_id = $1 AND side = 'DEBIT' ORDER BY n`,
    [prize.id],
  );
  response.json({ ...prize, attempts });
});

/** What Stripe has of this winner's prize, whatever we know of it. */
adminRoutes.get('/payout-transfers/:id/at-stripe', async (request, response) => {
  const [prize] = isUuid(request.params.id) ? await read(`${PRIZES} WHERE p.id = $1`, [request.params.id]) : [];
  if (!prize) throw new Refusal(404, 'payout_transfer_not_found', `no prize ${request.params.id}`);
  response.json({
    payout_transfer_id: prize.id,
    stripe_transfers: await prizesAtStripe(prize.contest_id, prize.user_id),
  });
});

adminRoutes.post('/payout-transfers/:id/acknowledge', async (request, response) => {
  const { acknowledged, reason } = need(request.body, 'acknowledged', 'reason');
  const what = acknowledged ? 'prize_seen' : 'prize_unseen';
  await change(request.by, { what, why: reason, about: ['prize', request.params.id] }, async (tx) => {
    const [prize] = isUuid(request.params.id)
      ? await tx.read('SELECT * FROM prize_payments WHERE id = $1 FOR UPDATE', [request.params.id])
      : [];
    if (!prize) throw new Refusal(404, 'payout_transfer_not_found', `no prize ${request.params.id}`);
    if (prize.state !== 'failed_terminal') throw new Refusal(409, 'transfer_not_failed', `it is ${prize.state}`);
    await tx.write(
      'UPDATE prize_payments SET seen_at = CASE WHEN $2 THEN now() END, seen_by = CASE WHEN $2 THEN $3::uuid END WHERE id = $1',
      [prize.id, acknowledged, request.by.who],
    );
    await tx.trail(prize.game_id, what, reason, { details: { prize: prize.id } });
  });
  response.json({ success: true, acknowledged });
});

adminRoutes.post('/users/:id/revoke-admin', async (request, response) => {
  const { reason = 'rights withdrawn' } = request.body ?? {};
  const [revoked] = await change(
    request.by,
    { what: 'staff_revoked', why: reason, about: ['person', request.params.id] },
    (tx) => tx.write('UPDATE people SET staff = false WHERE id = $1 AND staff RETURNING id', [request.params.id]),
  );
  response.json({ success: true, revoked: Boolean(revoked) });
});
