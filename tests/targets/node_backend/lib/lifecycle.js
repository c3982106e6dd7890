// Games on their way: SCHEDULED → LOCKED → LIVE → COMPLETE, by the clock and by the provider.
import { byJob, change, read } from './db.js';
import { held } from './games.js';
import { log } from './log.js';
import { owePaybacks } from './paybacks.js';
import { Refusal } from './refusal.js';

const DUE = `
  SELECT g.id, g.state, CASE g.state WHEN 'SCHEDULED' THEN 'LOCKED' WHEN 'LOCKED' THEN 'LIVE' ELSE 'COMPLETE' END AS next
  FROM games g
  LEFT JOIN LATERAL (SELECT b.id, b.last_word FROM boards b WHERE b.game_id = g.id AND b.good ORDER BY b.n DESC LIMIT 1) board
    ON true
  WHERE g.opened_at IS NOT NULL AND (
    (g.state = 'SCHEDULED' AND g.locks_at <= now())
    OR (g.state = 'LOCKED' AND g.starts_at <= now() AND board.id IS NOT NULL)
    OR (g.state = 'LIVE' AND board.last_word))
  ORDER BY g.locks_at, g.id`;

const REASONS = {
  LOCKED: 'its lock time has come',
  LIVE: 'its start has come and the field is known',
  COMPLETE: 'the provider says that the tournament is over',
};

/** What the trail calls a move. */
const MOVES = {
  LOCKED: 'game_locked',
  COMPLETE: 'game_finished',
  CANCELLED: 'game_cancelled',
  ERROR: 'game_failed',
};

/** Moves a game that is still in `from`; false if it is not. */
export async function move(tx, gameId, from, to, why) {
  const [moved] = await tx.write(
    `UPDATE games SET state = $3, finished_at = CASE WHEN $3 = 'COMPLETE' THEN now() ELSE finished_at END
     WHERE id = $1 AND state = $2 RETURNING id`,
    [gameId, from, to],
  );
  if (moved && MOVES[to]) await tx.trail(gameId, MOVES[to], why, { from, to });
  return Boolean(moved);
}

export async function reconcileLifecycle() {
  const by = byJob('lifecycle');
  for (const due of await read(DUE)) {
    try {
      await change(
        by,
        { what: `game_to_${due.next.toLowerCase()}`, why: REASONS[due.next], about: ['game', due.id] },
        (tx) => move(tx, due.id, due.state, due.next, REASONS[due.next]),
      );
      log.info('Lifecycle', `${due.state} -> ${due.next}`, { contest_id: due.id });
    } catch (error) {
      log.error('Lifecycle', `${due.state} -> ${due.next} failed`, { contest_id: due.id, error: error.message });
      await noteFailure(by, due, error);
    }
  }
}

/** Said once; a live game leaves automatic handling, unless the database was only away. */
async function noteFailure(by, due, error) {
  const why = `could not become ${due.next}: ${error.message}`;
  await change(by, { what: 'game_move_failed', why, about: ['game', due.id] }, async (tx) => {
    const [last] = await tx.read('SELECT what FROM game_trail WHERE game_id = $1 ORDER BY n DESC LIMIT 1', [due.id]);
    if (last?.what === 'move_failed') return;
    await tx.trail(due.id, 'move_failed', why, { from: due.state, to: due.next });
    const passes = error.code === undefined || /^(08|53|57)/.test(error.code);
    if (due.state === 'LIVE' && !passes) await move(tx, due.id, 'LIVE', 'ERROR', why);
  });
}

/** What staff may do to a game by hand, each with a reason. */
export const byHand = {
  lock: (by, id, why) =>
    act(by, id, 'LOCKED', why, (game) => game.state === 'SCHEDULED' && game.opened_at && game.locks_at <= new Date()),
  fail: (by, id, why) => act(by, id, 'ERROR', why, (game) => game.state === 'LIVE'),
  resolve: (by, id, why, to) =>
    act(by, id, to, why, (game) => game.state === 'ERROR' && ['COMPLETE', 'CANCELLED'].includes(to)),
  cancel: (by, id, why) => act(by, id, 'CANCELLED', why, (game) => ['SCHEDULED', 'LOCKED'].includes(game.state)),
};

async function act(by, id, to, why, allowed) {
  return change(by, { what: `game_to_${String(to).toLowerCase()}`, why, about: ['game', id] }, async (tx) => {
    const game = await held(tx, id);
    if (!allowed(game)) throw new Refusal(409, 'transition_not_allowed', `a game in ${game.state} cannot become ${to}`);
    await move(tx, id, game.state, to, why);
    return to === 'CANCELLED' ? owePaybacks(tx, id) : 0;
  });
}
