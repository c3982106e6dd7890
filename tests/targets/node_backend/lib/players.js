// People: signing up, and the account their winnings go to.
import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import { player } from './auth.js';
import { change, read } from './db.js';
import { need, Refusal } from './refusal.js';
import { failureOf, stripe } from './stripe.js';

export const players = Router();

/** Whoever got no answer asks again; so long after the first try the same request is taken for the same. */
export const ASKS_AGAIN_MINUTES = 10;

players.post('/', async (request, response) => {
  const { name, email } = need(request.body, 'name', 'email');
  response.status(201).json({ id: await signUp(name, email, request.requestId) });
});

async function signUp(name, email, request) {
  try {
    return await addPerson({ name, email, request, why: 'signed up' });
  } catch (error) {
    if (error.code !== 'email_taken') throw error;
    const [known] = await read(
      `SELECT id FROM people WHERE email = $1 AND full_name = $2 AND NOT staff AND removed_at IS NULL
       AND joined_on > now() - make_interval(mins => $3)`,
      [email.toLowerCase(), name, ASKS_AGAIN_MINUTES],
    );
    if (!known) throw error;
    return known.id;
  }
}

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
