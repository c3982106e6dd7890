// Entry fees on their way back.
import { randomUUID } from 'node:crypto';
import { CASH, book, pot } from './journal.js';
import { stripe } from './stripe.js';

export async function owePayback(tx, charge, why) {
  const id = randomUUID();
  await tx.write(
    `INSERT INTO paybacks (id, charge_id, game_id, person_id, cents, why, idem_key) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [id, charge.id, charge.game_id, charge.person_id, charge.cents, why, `payback:${id}`],
  );
  return id;
}

/** Everybody who paid for a cancelled game; how many. */
export async function owePaybacks(tx, gameId) {
  const paid = await tx.read(
    `SELECT * FROM charges c WHERE c.game_id = $1 AND c.state = 'SUCCEEDED'
       AND NOT EXISTS (SELECT FROM paybacks p WHERE p.charge_id = c.id) ORDER BY c.id`,
    [gameId],
  );
  for (const charge of paid) await owePayback(tx, charge, 'game_cancelled');
  return paid.length;
}

export const paybackLane = {
  table: 'paybacks',
  domain: 'Payment',
  hold: 'SELECT r.*, c.stripe_intent FROM paybacks r JOIN charges c ON c.id = r.charge_id WHERE r.id = $1 FOR UPDATE OF r SKIP LOCKED',
  obstacle: () => null,

  async send(row) {
    const refund = await stripe.refunds.create(
      {
        payment_intent: row.stripe_intent,
        amount: row.cents,
        metadata: { game: row.game_id, player: row.person_id, payback: row.id },
      },
      { idempotencyKey: row.idem_key },
    );
    return refund.id;
  },

  async find(row) {
    const refunds = await stripe.refunds.list({ payment_intent: row.stripe_intent, limit: 100 });
    return refunds.data.find((refund) => !['failed', 'canceled'].includes(refund.status))?.id ?? null;
  },

  /** A refund that was not made moves nothing; its tries stand in the operations log. */
  async booked(tx, row, outcome) {
    if (outcome.state !== 'completed') return;
    await book(tx, {
      key: `payback:${row.id}`,
      what: 'ENTRY_FEE_REFUND',
      debit: pot(row.game_id),
      credit: CASH,
      cents: row.cents,
      gameId: row.game_id,
      personId: row.person_id,
      about: ['payback', row.id],
    });
  },
};
