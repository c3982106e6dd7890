// Entry fees on their way in: the intent to pay.
import { Router } from 'express';
import { player } from './auth.js';
import { change, read } from './db.js';
import { held } from './games.js';
import { log } from './log.js';
import { Refusal } from './refusal.js';
import { failureOf, stripe } from './stripe.js';

export const charges = Router({ mergeParams: true });

/** The same Idempotency-Key gives the same intent. */
charges.post('/:id/charges', player, async (request, response) => {
  const key = (request.get('Idempotency-Key') ?? '').trim();
  if (!key || key.length > 255)
    throw new Refusal(400, 'IDEMPOTENCY_KEY_REQUIRED', 'Idempotency-Key: 1 to 255 characters');
  const charge = (await known(key, request)) ?? (await add(key, request));
  const intent = await intentOf(charge, key);
  if (!charge.stripe_intent) {
    await change(
      request.by,
      { what: 'charge_opened', why: 'Stripe took the intent', about: ['charge', charge.id] },
      (tx) =>
        tx.write(
          "UPDATE charges SET stripe_intent = $2 WHERE id = $1 AND stripe_intent IS NULL AND state <> 'SUCCEEDED'",
          [charge.id, intent.id],
        ),
    );
  }
  response.json({ charge_id: charge.id, client_secret: intent.client_secret, state: charge.state });
});

async function known(key, request) {
  const [charge] = await read('SELECT * FROM charges WHERE client_key = $1', [key]);
  if (
    charge &&
    (charge.person_id !== request.by.who ||
      charge.game_id !== request.params.id ||
      charge.cents !== request.body?.cents)
  ) {
    throw new Refusal(409, 'idempotency_key_reused', 'this Idempotency-Key belongs to another request');
  }
  return charge;
}

async function add(key, request) {
  const { by, body } = request;
  return change(
    by,
    { what: 'charge_requested', why: 'the player wants to pay', about: ['game', request.params.id] },
    async (tx) => {
      const game = await held(tx, request.params.id);
      await mustOwe(tx, game, by.who, body?.cents);
      const [charge] = await tx.write(
        'INSERT INTO charges (game_id, person_id, client_key, cents) VALUES ($1, $2, $3, $4) RETURNING *',
        [game.id, by.who, key, game.fee_cents],
      );
      tx.entry.about = ['charge', charge.id];
      return charge;
    },
  );
}

async function mustOwe(tx, game, personId, cents) {
  const [entry] = await tx.read(
    `SELECT EXISTS (SELECT FROM charges c WHERE c.game_id = $1 AND c.person_id = $2 AND c.state = 'SUCCEEDED') AS paid
     FROM signups WHERE game_id = $1 AND person_id = $2`,
    [game.id, personId],
  );
  if (!entry) throw new Refusal(403, 'not_a_participant', 'only an entrant can pay');
  if (entry.paid) throw new Refusal(409, 'PAYMENT_ALREADY_PROCESSED', 'the fee is paid');
  if (!['SCHEDULED', 'LOCKED'].includes(game.state)) throw new Refusal(409, 'too_late', `the game is ${game.state}`);
  if (cents !== game.fee_cents || !cents)
    throw new Refusal(400, 'amount_mismatch', `the fee is ${game.fee_cents} cents`);
}

async function intentOf(charge, key) {
  try {
    if (charge.stripe_intent) return await stripe.paymentIntents.retrieve(charge.stripe_intent);
    return await stripe.paymentIntents.create(
      {
        amount: charge.cents,
        currency: 'usd',
        metadata: { game: charge.game_id, player: charge.person_id, charge: charge.id },
      },
      { idempotencyKey: key },
    );
  } catch (error) {
    const failure = failureOf(error);
    log.error('Payment', 'no intent from Stripe', {
      charge_id: charge.id,
      error_code: failure.code,
      detail: failure.message,
    });
    throw new Refusal(502, 'STRIPE_API_ERROR', `${failure.code}; try again with the same Idempotency-Key`);
  }
}
