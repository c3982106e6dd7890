// What staff sees of games, and does to one with a reason. The names are those of the operations handbook.
import { Router } from 'express';
import { change, read } from './db.js';
import { held, timesOf } from './games.js';
import { byHand } from './lifecycle.js';
import { need, Refusal } from './refusal.js';
import { settle } from './settle.js';

const GAMES = `
  SELECT g.id, g.title AS contest_name, g.state AS status, g.fee_cents AS entry_fee_cents, g.locks_at AS lock_time,
    g.starts_at AS start_time, g.ends_at AS end_time, g.settled_on AS settle_time,
    CASE WHEN b.state = 'complete' THEN 'PAID_OUT' WHEN g.settled_on IS NOT NULL THEN 'SETTLED' ELSE g.state END AS stage,
    CASE WHEN r.id IS NOT NULL THEN jsonb_build_object('id', r.id, 'results', r.standings, 'total_pool_cents', r.pot_cents) END AS settlement
  FROM games g LEFT JOIN results r ON r.game_id = g.id LEFT JOIN prize_batches b ON b.game_id = g.id`;

export const adminGames = Router();

adminGames.get('/', async (request, response) => {
  const rows = await read(`${GAMES} WHERE $1::text IS NULL OR g.state = $1 ORDER BY g.locks_at, g.id`, [
    request.query.status ?? null,
  ]);
  response.json({ contests: rows });
});

adminGames.get('/:id', async (request, response) => {
  const [game] = await read(`${GAMES} WHERE g.id = $1`, [request.params.id]);
  if (!game) throw new Refusal(404, 'contest_not_found', `no game ${request.params.id}`);
  response.json(game);
});

const PAGES = {
  audit: [
    'audit',
    'SELECT id, who AS admin_user_id, what AS action, why AS reason, from_state AS from_status, to_state AS to_status, ' +
      'details AS payload, at AS created_at FROM game_trail WHERE game_id = $1 ORDER BY n',
  ],
  'ingestion-events': [
    'ingestion_events',
    'SELECT id, body_hash AS payload_hash, last_word AS is_terminal, got_at AS received_at, ' +
      "CASE WHEN good THEN 'VALID' ELSE 'INVALID' END AS validation_status FROM boards WHERE game_id = $1 ORDER BY n DESC",
  ],
  'validation-errors': [
    'validation_errors',
    'SELECT id, board_id AS ingestion_event_id, code AS error_code, detail AS error_details_json, ' +
      'noted_at AS created_at FROM board_errors WHERE game_id = $1 ORDER BY n DESC',
  ],
};

for (const [page, [name, sql]] of Object.entries(PAGES)) {
  adminGames.get(`/:id/${page}`, async (request, response) => {
    response.json({ [name]: await read(sql, [request.params.id]) });
  });
}

const ACTIONS = {
  cancel: async ({ by, params, body }) => ({
    status: 'CANCELLED',
    refunds_requested: await byHand.cancel(by, params.id, body.reason),
  }),
  'force-lock': async ({ by, params, body }) => {
    await byHand.lock(by, params.id, body.reason);
    return { status: 'LOCKED' };
  },
  'mark-error': async ({ by, params, body }) => {
    await byHand.fail(by, params.id, body.reason);
    return { status: 'ERROR' };
  },
  'resolve-error': async ({ by, params, body }) => {
    await byHand.resolve(by, params.id, body.reason, need(body, 'to_status').to_status);
    return { status: body.to_status };
  },
  'update-times': moveTimes,
  settle: runSettlement,
  'settlement-run': runSettlement,
};

for (const [action, act] of Object.entries(ACTIONS)) {
  adminGames.post(`/:id/${action}`, async (request, response) => {
    need(request.body, 'reason');
    response.json({ success: true, ...(await act(request)) });
  });
}

async function runSettlement({ by, params, body }) {
  const settled = await settle(by, params.id, body.reason);
  return {
    status: 'COMPLETE',
    settlement_id: settled.id,
    settlement_run_id: settled.run_id,
    already_settled: settled.already,
  };
}

async function moveTimes({ by, params, body }) {
  need(body, 'lock_time', 'start_time', 'end_time');
  const times = timesOf({ locks_at: body.lock_time, starts_at: body.start_time, ends_at: body.end_time });
  await change(by, { what: 'game_times_moved', why: body.reason, about: ['game', params.id] }, async (tx) => {
    const game = await held(tx, params.id);
    if (game.state !== 'SCHEDULED') throw new Refusal(409, 'contest_not_scheduled', `the game is ${game.state}`);
    await tx.write('UPDATE games SET locks_at = $2, starts_at = $3, ends_at = $4 WHERE id = $1', [game.id, ...times]);
    await tx.trail(game.id, 'times_moved', body.reason, { from: game.state, to: game.state });
  });
  return {};
}
