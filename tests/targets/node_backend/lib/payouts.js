// Prizes: one batch a game, one transfer a winner. The scheduler also sends the paybacks that are due.
import { byJob, change, read } from './db.js';
import { CASH, book, owed } from './journal.js';
import { log } from './log.js';
import { attempt, due } from './outgoing.js';
import { paybackLane } from './paybacks.js';
import { all, stripe } from './stripe.js';

const BATCHES = `
  SELECT b.id, b.game_id FROM prize_batches b
  WHERE b.state <> 'complete' AND (b.prizes = 0 OR EXISTS (SELECT FROM prize_payments p WHERE p.batch_id = b.id AND ${due('p')}))
  ORDER BY b.made_at, b.id LIMIT $1`;
const PAYMENTS = `SELECT p.id FROM prize_payments p WHERE p.batch_id = $1 AND ${due('p')} ORDER BY p.made_at, p.id LIMIT 50`;
const PAYBACKS = `
  SELECT p.id FROM paybacks p WHERE p.state NOT IN ('completed', 'failed_terminal') AND ${due('p')}
  ORDER BY p.made_at, p.id LIMIT $1`;

/** `hurry`: do not wait for the time of a retry. */
export async function runPayouts(by = byJob('payouts'), { hurry = false } = {}) {
  const result = { jobs_processed: 0, transfers: {}, refunds: {} };
  for (const batch of await read(BATCHES, [10, hurry])) {
    await begin(by, batch);
    for (const { id } of await read(PAYMENTS, [batch.id, hurry]))
      await count(result.transfers, by, prizeLane, id, hurry);
    result.jobs_processed += 1;
  }
  for (const { id } of await read(PAYBACKS, [50, hurry])) await count(result.refunds, by, paybackLane, id, hurry);
  return result;
}

/** Trouble with one payment keeps no other from being made. */
async function count(counts, by, lane, id, hurry) {
  try {
    const state = await attempt(by, lane, id, hurry);
    if (state) counts[state] = (counts[state] ?? 0) + 1;
  } catch (error) {
    log.error(lane.domain, 'attempt broke off', { id, error: error.message });
  }
}

async function begin(by, batch) {
  await change(
    by,
    { what: 'prizes_begun', why: 'the game is settled', about: ['prize_batch', batch.id] },
    async (tx) => {
      const started = await tx.write(
        "UPDATE prize_batches SET state = 'processing' WHERE id = $1 AND state = 'pending' RETURNING id",
        [batch.id],
      );
      if (started.length) await tx.trail(batch.game_id, 'prizes_begun', 'the game is settled');
      await close(tx, batch.id);
    },
  );
}

/** Counts what is final, and closes the batch when everything is. */
async function close(tx, batchId) {
  await tx.read('SELECT id FROM prize_batches WHERE id = $1 FOR UPDATE', [batchId]);
  const [batch] = await tx.write(
    `UPDATE prize_batches b SET sent = n.sent, failed = n.failed,
       state = CASE WHEN n.sent + n.failed = b.prizes THEN 'complete' ELSE b.state END,
       closed_at = CASE WHEN n.sent + n.failed = b.prizes THEN now() END
     FROM (SELECT count(*) FILTER (WHERE state = 'completed')::int AS sent,
                  count(*) FILTER (WHERE state = 'failed_terminal')::int AS failed FROM prize_payments WHERE batch_id = $1) n
     WHERE b.id = $1 AND b.state = 'processing' AND (n.sent + n.failed = b.prizes OR (n.sent, n.failed) <> (b.sent, b.failed))
     RETURNING b.*`,
    [batchId],
  );
  if (batch?.state === 'complete') {
    await tx.trail(batch.game_id, 'prizes_sent', 'every prize is sent or given up', {
      details: { sent: batch.sent, failed: batch.failed },
    });
  }
}

export const prizeLane = {
  table: 'prize_payments',
  domain: 'Payout',
  hold: 'SELECT r.*, w.payout_account FROM prize_payments r JOIN people w ON w.id = r.person_id WHERE r.id = $1 FOR UPDATE OF r SKIP LOCKED',
  obstacle: (row) => (row.payout_account ? null : 'DESTINATION_ACCOUNT_MISSING'),

  async send(row) {
    const transfer = await stripe.transfers.create(
      {
        amount: row.cents,
        currency: 'usd',
        destination: row.payout_account,
        transfer_group: `game:${row.game_id}`,
        metadata: { game: row.game_id, player: row.person_id, prize: row.id },
      },
      { idempotencyKey: keyOf(row) },
    );
    return transfer.id;
  },

  async find(row) {
    return (await transfersOf(row.game_id)).find((transfer) => transfer.metadata.prize === row.id)?.id ?? null;
  },

  /** Every try stands in the journal; only one that went through moves money. */
  async booked(tx, row, outcome) {
    const completed = outcome.state === 'completed';
    if (outcome.tried || outcome.state !== 'retryable') {
      await book(tx, {
        key: `prize:${row.id}:${completed ? 'sent' : `${outcome.tries}:${outcome.state}`}`,
        what: `PAYOUT_ATTEMPT_${outcome.state.toUpperCase()}`,
        debit: owed(row.game_id, row.person_id),
        credit: CASH,
        cents: completed ? row.cents : 0,
        gameId: row.game_id,
        personId: row.person_id,
        about: ['prize', row.id],
        note: { try: outcome.tries, error: outcome.code ?? null, message: outcome.message ?? null },
      });
    }
    if (outcome.state !== 'retryable') await close(tx, row.batch_id);
  },
};

const transfersOf = (gameId) => all(stripe.transfers.list({ transfer_group: `game:${gameId}`, limit: 100 }));

/** What Stripe has of a winner's prize in a game. */
export async function prizesAtStripe(gameId, personId) {
  const made = (await transfersOf(gameId)).filter((transfer) => transfer.metadata.player === personId);
  return made.map(({ id, amount, destination, metadata }) => {
    return { stripe_id: id, amount_cents: amount, destination, payout_transfer_id: metadata.prize };
  });
}

/** Stripe keeps the answer to a key, errors too, so a retry gets a key of its own. */
function keyOf(row) {
  return row.tries > 1 ? `${row.idem_key}:${row.tries}` : row.idem_key;
}
