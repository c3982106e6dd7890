// The provider's leaderboards: fetched every five minutes for each tournament that a game waits for, checked, kept.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBoard, stepsBack } from './board.js';
import { config } from './config.js';
import { byJob, change, pool, read } from './db.js';
import { log } from './log.js';

const TIMEOUT_MS = 5_000;
const PAUSES_MS = [1_000, 2_000, 4_000];
const REFUSED = { 401: 'PROVIDER_UNAUTHORIZED', 403: 'PROVIDER_FORBIDDEN', 404: 'PROVIDER_NOT_FOUND' };

// A game without a good board needs the whole body, whatever tag an older game of the same tournament left behind.
const DUE = `
  SELECT g.tournament, array_agg(g.id ORDER BY g.id) AS game_ids, f.last_error, coalesce(f.failures, 0) AS failures,
    CASE WHEN bool_and(EXISTS (SELECT FROM boards b WHERE b.game_id = g.id AND b.good)) THEN f.etag END AS etag
  FROM games g LEFT JOIN feeds f USING (tournament)
  WHERE g.state IN ('LOCKED', 'LIVE', 'COMPLETE') AND g.settled_on IS NULL
  GROUP BY g.tournament, f.etag, f.last_error, f.failures ORDER BY g.tournament`;

export async function pollFeeds(by = byJob('scores')) {
  const result = { feeds_polled: 0, feeds_failed: 0 };
  for (const feed of await read(DUE)) {
    result.feeds_polled += 1;
    if (!(await poll(by, feed))) result.feeds_failed += 1;
  }
  return result;
}

async function poll(by, feed) {
  const answer = await fetchBoard(feed);
  if (answer.unchanged) return good(feed, feed.etag);
  if (answer.code) return outage(by, feed, answer);
  return keep(by, feed, answer);
}

/** { unchanged } or { text, etag } or { code, detail }; a failure that may pass is tried up to three times more. */
async function fetchBoard(feed) {
  let answer = await tryOnce(feed);
  for (const pause of PAUSES_MS) {
    if (!answer.again) break;
    await sleep(pause);
    answer = await tryOnce(feed);
  }
  return answer;
}

async function tryOnce({ tournament, etag }) {
  const headers = { Accept: 'application/json', ...(etag ? { 'If-None-Match': etag } : {}) };
  const url = `${config.feedUrl}/golf/leaderboard/${encodeURIComponent(tournament)}`;
  try {
    const answer = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.status === 304) return { unchanged: true };
    const text = await answer.text();
    if (answer.status === 200) return { text, etag: answer.headers.get('etag') };
    const again = answer.status >= 500;
    return {
      code: again ? 'PROVIDER_ERROR' : (REFUSED[answer.status] ?? 'PROVIDER_INVALID_REQUEST'),
      detail: `HTTP ${answer.status}`,
      again,
    };
  } catch (error) {
    const code = error.name === 'TimeoutError' ? 'PROVIDER_TIMEOUT' : 'NETWORK_ERROR';
    return { code, detail: String(error.cause ?? error), again: true };
  }
}

/** Whether the provider says that it is well. */
export async function providerAnswers() {
  try {
    return (await fetch(`${config.feedUrl}/status`, { signal: AbortSignal.timeout(TIMEOUT_MS) })).status === 200;
  } catch {
    return false;
  }
}

/** Every failed poll is logged; the table gets the beginning of an outage and each change of its kind. */
async function outage(by, feed, { code, detail }) {
  log.error('Ingestion', 'provider failed', { tournament: feed.tournament, error_code: code, detail });
  if (feed.failures === 0 || feed.last_error !== code) {
    await change(
      by,
      { what: 'feed_failed', why: `provider failure ${code}`, about: ['feed', feed.tournament] },
      async (tx) => {
        for (const gameId of feed.game_ids) {
          await tx.write('INSERT INTO board_errors (game_id, code, detail) VALUES ($1, $2, $3)', [
            gameId,
            code,
            { detail },
          ]);
        }
      },
    );
  }
  return bad(feed, code);
}

async function keep(by, feed, { text, etag }) {
  const { body, board } = await judged(feed, text);
  const hash = createHash('sha256').update(text).digest('hex');
  const why = board.errors.length ? `refused: ${board.errors[0].code}` : 'new leaderboard';
  await change(by, { what: 'board_kept', why, about: ['feed', feed.tournament], details: { hash } }, async (tx) => {
    for (const gameId of feed.game_ids) await keepFor(tx, gameId, body, hash, board);
  });
  for (const error of board.errors)
    log.error('Ingestion', 'board refused', { tournament: feed.tournament, error_code: error.code, ...error });
  if (board.errors.length) return bad(feed, board.errors[0].code);
  return good(feed, etag);
}

async function keepFor(tx, gameId, body, hash, board) {
  const [kept] = await tx.write(
    `INSERT INTO boards (game_id, body, body_hash, good, last_word)
     SELECT $1, $2, $3, $4, $5 WHERE $3 IS DISTINCT FROM (SELECT body_hash FROM boards WHERE game_id = $1 ORDER BY n DESC LIMIT 1)
     RETURNING id`,
    [gameId, JSON.stringify(body), hash, !board.errors.length, board.final ?? false],
  );
  if (!kept) return;
  for (const { code, ...detail } of board.errors) {
    await tx.write('INSERT INTO board_errors (game_id, board_id, code, detail) VALUES ($1, $2, $3, $4)', [
      gameId,
      kept.id,
      code,
      detail,
    ]);
  }
}

async function judged(feed, text) {
  let body;
  try {
    body = JSON.parse(text);
  } catch (error) {
    const errors = [{ code: 'MALFORMED_JSON', path: '$', detail: error.message }];
    return { body: { raw: text.replaceAll('\0', '\ufffd') }, board: { errors } };
  }
  const board = readBoard(body, feed.tournament);
  const [last] = await read(
    `SELECT b.body FROM boards b JOIN games g ON g.id = b.game_id
     WHERE g.id = ANY ($1) AND g.state IN ('LIVE', 'COMPLETE') AND b.good ORDER BY b.n DESC LIMIT 1`,
    [feed.game_ids],
  );
  if (last && !board.errors.length) board.errors = stepsBack(readBoard(last.body, feed.tournament), board);
  return { body, board };
}

async function good(feed, etag) {
  await pool.query(
    `INSERT INTO feeds (tournament, etag, last_good_at) VALUES ($1, $2, now())
     ON CONFLICT (tournament) DO UPDATE SET etag = $2, last_good_at = now(), failures = 0, last_error = NULL`,
    [feed.tournament, etag],
  );
  return true;
}

/** The tag is forgotten: a 304 must never vouch for a board that we refused. */
async function bad(feed, code) {
  await pool.query(
    `INSERT INTO feeds (tournament, failures, last_error) VALUES ($1, 1, $2)
     ON CONFLICT (tournament) DO UPDATE SET etag = NULL, failures = feeds.failures + 1, last_error = $2`,
    [feed.tournament, code],
  );
  return false;
}
