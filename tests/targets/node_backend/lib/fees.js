// What Stripe's events do to entry fees. Everything here runs in the transaction that keeps the event.
import { CASH, HOUSE, book, pot } from './journal.js';
import { held } from './games.js';
import { owePayback } from './paybacks.js';
import { isUuid, Refusal } from './refusal.js';

/** Our row for Stripe's intent; one whose creation we never heard the answer of is found by its metadata. */
async function chargeOf(tx, intent) {
  let [charge] = await tx.read('SELECT * FROM charges WHERE stripe_intent = $1 FOR UPDATE', [intent.id]);
  const ours = intent.metadata?.charge;
  if (!charge && isUuid(ours)) {
    [charge] = await tx.read('SELECT * FROM charges WHERE id = $1 AND stripe_intent IS NULL FOR UPDATE', [ours]);
  }
  if (!charge) throw new Refusal(409, 'PAYMENT_INTENT_NOT_FOUND', `no charge for ${intent.id}`);
  return charge;
}

/** Books a fee once. One that counts nowhere is booked too, and given back. */
export async function bookFee(tx, intent, eventId) {
  const charge = await chargeOf(tx, intent);
  if (intent.amount_received !== charge.cents || intent.currency !== 'usd') {
    throw new Error(
      `charge ${charge.id}: owed ${charge.cents} usd, Stripe has ${intent.amount_received} ${intent.currency}`,
    );
  }
  if (charge.state === 'SUCCEEDED') return 'booked before';
  const game = await held(tx, charge.game_id);
  const why = await whyNot(tx, game, charge);
  await tx.write("UPDATE charges SET state = 'SUCCEEDED', stripe_intent = $2 WHERE id = $1", [charge.id, intent.id]);
  await book(tx, {
    key: `fee:${charge.id}`,
    what: 'ENTRY_FEE',
    debit: CASH,
    credit: pot(game.id),
    cents: charge.cents,
    gameId: game.id,
    personId: charge.person_id,
    about: ['charge', charge.id],
    stripeEvent: eventId,
  });
  if (why) await owePayback(tx, charge, why);
  return why ? `booked, to be paid back: ${why}` : 'booked';
}

async function whyNot(tx, game, charge) {
  if (game.state === 'CANCELLED') return 'game_cancelled';
  if (game.settled_on) return 'paid_after_settlement';
  const others = await tx.read(
    `SELECT c.id FROM charges c WHERE c.game_id = $1 AND c.person_id = $2 AND c.id <> $3 AND c.state = 'SUCCEEDED'
       AND NOT EXISTS (SELECT FROM paybacks p WHERE p.charge_id = c.id)`,
    [game.id, charge.person_id, charge.id],
  );
  return others.length ? 'paid_twice' : null;
}

/** Money that came in outranks an older event. */
export async function markCharge(tx, intent, state) {
  const charge = await chargeOf(tx, intent);
  if (charge.state === 'SUCCEEDED') return 'the charge has succeeded; older event';
  await tx.write('UPDATE charges SET state = $2, stripe_intent = $3 WHERE id = $1', [charge.id, state, intent.id]);
  return `charge is ${state}`;
}

/** A refund that we made ourselves gets its outcome from our own call; any other is booked as it is. */
export async function refundSeen(tx, refunded, eventId) {
  const charge = await chargeOf(tx, { id: refunded.payment_intent });
  if (charge.state !== 'SUCCEEDED' || refunded.amount_refunded !== charge.cents) {
    throw new Error(
      `charge ${charge.id}: ${refunded.amount_refunded} of ${charge.cents} refunded while ${charge.state}`,
    );
  }
  const [ours] = await tx.read('SELECT id FROM paybacks WHERE charge_id = $1', [charge.id]);
  if (ours) return 'our own refund';
  const game = await held(tx, charge.game_id);
  const id = await owePayback(tx, charge, 'refunded_at_stripe');
  await tx.write("UPDATE paybacks SET state = 'completed', done_at = now() WHERE id = $1", [id]);
  await book(tx, {
    key: `payback:${id}`,
    what: 'ENTRY_FEE_REFUND',
    debit: game.settled_on ? HOUSE : pot(game.id),
    credit: CASH,
    cents: charge.cents,
    gameId: game.id,
    personId: charge.person_id,
    about: ['payback', id],
    stripeEvent: eventId,
  });
  return 'refund booked';
}
