// Settlement: from the final board to prizes, in one transaction, once a game.
import { createHash, randomUUID } from 'node:crypto';
import { readBoard } from './board.js';
import { byJob, change, read } from './db.js';
import { held } from './games.js';
import { balance, book, owed, pot } from './journal.js';
import { log } from './log.js';
import { standings } from './prizes.js';
import { Refusal } from './refusal.js';

// A run that failed is not repeated by itself: its cause is in the data, and a runbook decides.
const DUE = `
  SELECT g.id FROM games g
  LEFT JOIN LATERAL (SELECT outcome FROM settle_runs r WHERE r.game_id = g.id ORDER BY r.n DESC LIMIT 1) last ON true
  WHERE g.state = 'COMPLETE' AND g.settled_on IS NULL AND g.ends_at <= now() AND last.outcome IS DISTINCT FROM 'FAILED'
  ORDER BY g.ends_at, g.id`;

/** The data do not allow it: on record, and not tried again by itself. */
class Unsettled extends Refusal {
  constructor(code, detail) {
    super(409, code, `the settlement was refused: ${JSON.stringify(detail)}`);
    this.detail = detail;
  }
}

export async function settleDue() {
  for (const { id } of await read(DUE)) {
    try {
      await settle(byJob('settle'), id, 'the game is complete');
    } catch (error) {
      log.error('Settlement', 'not settled', { contest_id: id, error: error.message });
    }
  }
}

export async function settle(by, gameId, why) {
  try {
    return await change(by, { what: 'game_settled', why, about: ['game', gameId] }, async (tx) => {
      const game = await held(tx, gameId);
      const [earlier] = await tx.read('SELECT id, run_id FROM results WHERE game_id = $1', [gameId]);
      if (earlier) return { ...earlier, already: true };
      if (game.state !== 'COMPLETE') throw new Refusal(409, 'contest_not_complete', `a game in ${game.state}`);
      if (game.ends_at > new Date()) throw new Refusal(409, 'contest_not_ended', 'not before its end');
      return write(tx, game, await compute(tx, game), why);
    });
  } catch (error) {
    if (error instanceof Unsettled) await noteFailure(by, gameId, error);
    throw error;
  }
}

async function compute(tx, game) {
  const [last] = await tx.read(
    'SELECT id, body, last_word FROM boards WHERE game_id = $1 AND good ORDER BY n DESC LIMIT 1',
    [game.id],
  );
  if (!last?.last_word) throw new Unsettled('SETTLEMENT_INCOMPLETE_SCORES', { problem: 'no final board' });
  const { golfers } = readBoard(last.body, game.tournament);
  const lacking = [...golfers].filter(([, golfer]) => golfer.state === 'STATUS_ACTIVE' && golfer.rounds.includes(null));
  if (lacking.length) {
    throw new Unsettled('SETTLEMENT_INCOMPLETE_SCORES', {
      problem: 'rounds are missing',
      golfers: lacking.map(([id]) => id),
    });
  }
  const entrants = await tx.read(
    `SELECT s.person_id, s.picks FROM signups s
     WHERE s.game_id = $1 AND ($2 = 0 OR EXISTS (
       SELECT FROM charges c WHERE c.game_id = s.game_id AND c.person_id = s.person_id AND c.state = 'SUCCEEDED'
         AND NOT EXISTS (SELECT FROM paybacks p WHERE p.charge_id = c.id)))
     ORDER BY s.person_id`,
    [game.id, game.fee_cents],
  );
  const strokes = (pick) =>
    (golfers.get(pick)?.rounds ?? [null, null, null, null]).reduce(
      (sum, round) => sum + (round ?? game.missed_round_strokes),
      0,
    );
  const scores = entrants.map(({ person_id: id, picks }) => [id, picks.reduce((sum, pick) => sum + strokes(pick), 0)]);
  const potCents = game.fee_cents * entrants.length;
  await mustHold(tx, game.id, potCents);
  return { boardId: last.id, scores, standing: standings(scores, game.prize_split, potCents) };
}

/** The journal must hold what the entrants paid, besides fees on their way back. */
async function mustHold(tx, gameId, potCents) {
  const [{ leaving }] = await tx.read(
    "SELECT coalesce(sum(cents), 0)::int AS leaving FROM paybacks WHERE game_id = $1 AND state <> 'completed'",
    [gameId],
  );
  const holds = (await balance(tx, pot(gameId))) - leaving;
  if (holds !== potCents)
    throw new Unsettled('SETTLEMENT_INCONSISTENT_STATE', { journal_cents: holds, expected_cents: potCents });
}

async function write(tx, game, { boardId, scores, standing }, why) {
  const [runId, resultId] = [randomUUID(), randomUUID()];
  const hash = createHash('sha256').update(JSON.stringify(scores)).digest('hex');
  await tx.write(
    "INSERT INTO settle_runs (id, game_id, board_id, outcome, scores_hash) VALUES ($1, $2, $3, 'COMPLETE', $4)",
    [runId, game.id, boardId, hash],
  );
  await tx.write(
    'INSERT INTO results (id, game_id, run_id, standings, paid_players, pot_cents) VALUES ($1, $2, $3, $4, $5, $6)',
    [resultId, game.id, runId, standing, scores.length, standing.pool_cents],
  );
  const winners = standing.rankings.filter((ranking) => ranking.payout_cents > 0);
  await share(tx, game, resultId, winners, standing.platform_cents);
  await oweWinners(tx, game, resultId, winners);
  await tx.write('UPDATE games SET settled_on = now() WHERE id = $1', [game.id]);
  await tx.trail(game.id, 'settled', why, { from: game.state, to: game.state, details: { result: resultId } });
  log.info('Settlement', 'game settled', { contest_id: game.id, result: resultId });
  return { id: resultId, run_id: runId, already: false };
}

/** Empties the pot: the prizes go to the winners, what they leave goes to the house. */
async function share(tx, game, resultId, winners, houseCents) {
  for (const winner of winners) {
    await book(tx, {
      key: `won:${game.id}:${winner.user_id}`,
      what: 'PRIZE_PAYOUT',
      debit: pot(game.id),
      credit: owed(game.id, winner.user_id),
      cents: winner.payout_cents,
      gameId: game.id,
      personId: winner.user_id,
      about: ['result', resultId],
    });
  }
  log.info('Settlement', 'pot shared', { contest_id: game.id, house_cents: houseCents });
}

async function oweWinners(tx, game, resultId, winners) {
  const batchId = randomUUID();
  await tx.write('INSERT INTO prize_batches (id, game_id, result_id, prizes) VALUES ($1, $2, $3, $4)', [
    batchId,
    game.id,
    resultId,
    winners.length,
  ]);
  for (const winner of winners) {
    const id = randomUUID();
    await tx.write(
      'INSERT INTO prize_payments (id, batch_id, game_id, person_id, cents, idem_key) VALUES ($1, $2, $3, $4, $5, $6)',
      [id, batchId, game.id, winner.user_id, winner.payout_cents, `prize:${id}`],
    );
  }
}

async function noteFailure(by, gameId, error) {
  await change(by, { what: 'settlement_failed', why: error.code, about: ['game', gameId] }, async (tx) => {
    await tx.write("INSERT INTO settle_runs (game_id, outcome, error_code, error) VALUES ($1, 'FAILED', $2, $3)", [
      gameId,
      error.code,
      error.detail,
    ]);
    await tx.trail(gameId, 'settlement_failed', error.code);
  });
}
