// The books: every business event is one debit and one credit of the same amount.
import { randomUUID } from 'node:crypto';

export const CASH = 'cash';
export const HOUSE = 'house';
export const pot = (gameId) => `pot:${gameId}`;
export const owed = (gameId, personId) => `owed:${gameId}:${personId}`;

/** `key` is the business key of the event: the same event cannot be booked twice. */
export async function book(
  tx,
  { key, what, debit, credit, cents, gameId, personId = null, about, stripeEvent = null, note = {} },
) {
  const txn = randomUUID();
  for (const [side, account] of [
    ['DEBIT', debit],
    ['CREDIT', credit],
  ]) {
    await tx.write(
      `INSERT INTO journal_lines (txn, account, side, cents, what, game_id, person_id, about_kind, about_id, line_key,
         stripe_event, note)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        txn,
        account,
        side,
        cents,
        what,
        gameId,
        personId,
        about[0],
        about[1],
        `${key}:${side}`,
        side === 'DEBIT' ? stripeEvent : null,
        note,
      ],
    );
  }
}

export async function balance(tx, account) {
  const [row] = await tx.read(
    `SELECT coalesce(sum(CASE side WHEN 'CREDIT' THEN cents ELSE -cents END), 0)::int AS cents
     FROM journal_lines WHERE account = $1`,
    [account],
  );
  return row.cents;
}
