// People: signing up, and the account their winnings go to.
import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import { player } from './auth.js';
import { change, read } from './db.js';
import { need, Refusal } from './refusal.js';
import { failureOf, stripe } from './stripe.js';

export const players = Router();

players.post('/', async (request, response) => {
  const { name, email } = need(request.body, 'name', 'email');
  const id = await addPerson({ name, email, request: request.requestId, why: 'signed up' });
  response.status(201).json({ id });
});

players.post('/me/payout-account', player, async (request, response) => {
  const { by } = request;
  const [person] = await read('SELECT email, payout_account FROM people WHERE id = $1', [by.who]);
  if (person.payout_account) return response.json({ account: person.payout_account });
  const account = await openAccount(by.who, person.email);
  await change(by, { what: 'payout_account_opened', why: 'asked for by the player', about: ['person', by.who] }, (tx) =>
    tx.write('UPDATE people SET payout_account = $2 WHERE id = $1 AND payout_account IS NULL', [by.who, account]),
  );
  response.json({ account });
});

async function openAccount(personId, email) {
  try {
    const account = await stripe.accounts.create(
      { type: 'express', email, capabilities: { transfers: { requested: true } }, metadata: { player: personId } },
      { idempotencyKey: `account:${personId}` },
    );
    return account.id;
  } catch (error) {
    throw new Refusal(502, 'STRIPE_API_ERROR', failureOf(error).code);
  }
}

/** A new person acts for themselves; staff is appointed by the deployment (add-admin.js). */
export async function addPerson({ name, email, request, why, staffRole = null }) {
  const id = randomUUID();
  try {
    await change({ who: id, request }, { what: 'person_added', why, about: ['person', id] }, (tx) =>
      tx.write('INSERT INTO people (id, full_name, email, staff, staff_role) VALUES ($1, $2, $3, $4, $5)', [
        id,
        name,
        email.toLowerCase(),
        staffRole !== null,
        staffRole,
      ]),
    );
  } catch (error) {
    if (error.code === '23505') throw new Refusal(409, 'email_taken', 'this address is in use');
    throw error;
  }
  return id;
}
