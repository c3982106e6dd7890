// Games before they begin: made, opened and entered by players.
import { Router } from 'express';
import { player } from './auth.js';
import { change } from './db.js';
import { ASKS_AGAIN_MINUTES } from './players.js';
import { isUuid, need, Refusal } from './refusal.js';

export const games = Router();
games.use(player);

games.post('/', async (request, response) => {
  const terms = need(
    request.body,
    'title',
    'fee_cents',
    'prize_split',
    'seats',
    'tournament',
    'picks_each',
    'missed_round_strokes',
    'locks_at',
    'starts_at',
    'ends_at',
  );
  checkSplit(terms.prize_split);
  if (!Number.isInteger(terms.fee_cents) || terms.fee_cents < 0) throw new Refusal(400, 'invalid_field', 'fee_cents');
  const times = timesOf(terms);
  const id = await change(
    request.by,
    { what: 'game_made', why: 'made by its host', about: ['game', 'new'] },
    async (tx) => {
      const asked = [
        terms.title,
        request.by.who,
        terms.fee_cents,
        terms.prize_split,
        terms.seats,
        terms.tournament,
        terms.picks_each,
        terms.missed_round_strokes,
        ...times,
      ];
      // Two of one request at once: the second waits here, and finds the game of the first.
      await tx.read('SELECT id FROM people WHERE id = $1 FOR UPDATE', [request.by.who]);
      const [known] = await tx.read(
        `SELECT id FROM games WHERE title = $1 AND host_id = $2 AND fee_cents = $3 AND prize_split = $4 AND seats = $5
         AND tournament = $6 AND picks_each = $7 AND missed_round_strokes = $8 AND locks_at = $9 AND starts_at = $10
         AND ends_at = $11 AND created_on > now() - make_interval(mins => $12)`,
        [...asked, ASKS_AGAIN_MINUTES],
      );
      if (known) return known.id;
      const [game] = await tx.write(
        `INSERT INTO games (title, host_id, fee_cents, prize_split, seats, tournament, picks_each, missed_round_strokes,
         locks_at, starts_at, ends_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`,
        asked,
      );
      tx.entry.about = ['game', game.id];
      await tx.trail(game.id, 'made', 'made by its host', { to: 'SCHEDULED' });
      return game.id;
    },
  );
  response.status(201).json({ id });
});

games.post('/:id/open', async (request, response) => {
  await change(
    request.by,
    { what: 'game_opened', why: 'opened by its host', about: ['game', request.params.id] },
    async (tx) => {
      const game = await held(tx, request.params.id);
      if (game.host_id !== request.by.who) throw new Refusal(403, 'forbidden', 'only its host may open a game');
      if (game.opened_at) return;
      if (game.state !== 'SCHEDULED' || game.locks_at <= new Date())
        throw new Refusal(409, 'too_late', 'the game is locked');
      await tx.write('UPDATE games SET opened_at = now() WHERE id = $1', [game.id]);
      await tx.trail(game.id, 'opened', 'opened by its host', { from: game.state, to: game.state });
    },
  );
  response.json({ opened: true });
});

games.post('/:id/signups', async (request, response) => {
  const { who } = request.by;
  await change(
    request.by,
    { what: 'signed_up', why: 'entered by the player', about: ['game', request.params.id] },
    async (tx) => {
      const game = await held(tx, request.params.id);
      const picks = picksOf(request.body, game.picks_each);
      const [entry] = await tx.read('SELECT picks FROM signups WHERE game_id = $1 AND person_id = $2', [game.id, who]);
      if (entry && JSON.stringify(entry.picks) === JSON.stringify(picks)) return;
      if (entry) throw new Refusal(409, 'already_in', 'entered before, with other picks');
      if (!game.opened_at || game.state !== 'SCHEDULED' || game.locks_at <= new Date()) {
        throw new Refusal(409, 'not_open', 'the game takes no entries');
      }
      const [{ taken }] = await tx.read('SELECT count(*)::int AS taken FROM signups WHERE game_id = $1', [game.id]);
      if (taken >= game.seats) throw new Refusal(409, 'full', `all ${game.seats} seats are taken`);
      await tx.write('INSERT INTO signups (game_id, person_id, picks) VALUES ($1, $2, $3)', [
        game.id,
        who,
        JSON.stringify(picks),
      ]);
      tx.entry.details = { picks };
    },
  );
  response.json({ entered: true });
});

/** The game's row, held until the transaction ends. */
export async function held(tx, id) {
  const [game] = isUuid(id) ? await tx.read('SELECT * FROM games WHERE id = $1 FOR UPDATE', [id]) : [];
  if (!game) throw new Refusal(404, 'contest_not_found', `no game ${id}`);
  return game;
}

export function timesOf(body) {
  const times = [body.locks_at, body.starts_at, body.ends_at].map((text) => new Date(text));
  const [locks, starts, ends] = times;
  if (times.some((time) => Number.isNaN(time.getTime())) || !(new Date() < locks && locks <= starts && starts < ends)) {
    throw new Refusal(400, 'invalid_schedule', 'now < locks_at <= starts_at < ends_at');
  }
  return times;
}

function checkSplit(split) {
  const places = Object.keys(split)
    .map(Number)
    .sort((a, b) => a - b);
  const percents = places.map((place) => split[place]);
  const sound =
    places.every((place, index) => place === index + 1) && percents.every((p) => Number.isInteger(p) && p > 0);
  if (!places.length || !sound || percents.reduce((a, b) => a + b) > 100) {
    throw new Refusal(400, 'invalid_payout_structure', 'whole percents for places 1, 2, 3, …, at most 100 together');
  }
}

function picksOf(body, size) {
  const picks = body?.picks;
  const sound =
    Array.isArray(picks) && picks.every((pick) => typeof pick === 'string' && pick) && new Set(picks).size === size;
  if (!sound || picks.length !== size) throw new Refusal(400, 'invalid_picks', `${size} different golfers`);
  return picks;
}
