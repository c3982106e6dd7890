// The daily comparison of the journal with Stripe, payment by payment. It reports; it repairs nothing.
import { pool, read } from './db.js';
import { log } from './log.js';
import { all, seconds, stripe } from './stripe.js';

const OVERLAP_MS = 2 * 86_400_000;
/** A payment younger than this may still have its webhook under way. */
const GRACE_SECONDS = 900;

const BOOKED = `
  SELECT c.stripe_intent AS stripe_id FROM charges c
    JOIN journal_lines l ON l.about_id = c.id AND l.what = 'ENTRY_FEE' AND l.side = 'DEBIT'
  UNION ALL
  SELECT p.stripe_id FROM prize_payments p
    JOIN journal_lines l ON l.about_id = p.id AND l.what = 'PAYOUT_ATTEMPT_COMPLETED' AND l.side = 'DEBIT'
  UNION ALL
  SELECT c.stripe_intent || ':back' FROM paybacks b JOIN charges c ON c.id = b.charge_id
    JOIN journal_lines l ON l.about_id = b.id AND l.what = 'ENTRY_FEE_REFUND' AND l.side = 'DEBIT'`;

/** Payments of the last comparison that are still not booked. */
export const WEBHOOKS_MISSING = `
  SELECT i.item FROM (
    SELECT jsonb_array_elements(m.not_booked) AS item FROM (SELECT not_booked FROM money_checks ORDER BY n DESC LIMIT 1) m) i
  WHERE i.item ->> 'kind' = 'payment' AND NOT EXISTS (
    SELECT FROM charges c JOIN journal_lines l ON l.about_id = c.id WHERE c.stripe_intent = i.item ->> 'stripe_id')`;

export async function compareWithStripe() {
  const [last] = await read('SELECT ran_at FROM money_checks ORDER BY n DESC LIMIT 1');
  const [first] = await read('SELECT min(requested_at) AS at FROM charges');
  const from = new Date((last?.ran_at ?? first.at ?? new Date()).getTime() - OVERLAP_MS);
  const booked = new Set((await read(BOOKED)).map((row) => row.stripe_id));
  const known = seconds(new Date()) - GRACE_SECONDS;
  const missing = (await moneyAtStripe(from)).filter((item) => item.at <= known && !booked.has(item.book_id));
  await pool.query('INSERT INTO money_checks (looked_back_to, not_booked) VALUES ($1, $2)', [
    from,
    JSON.stringify(missing),
  ]);
  for (const item of missing) log.error('Payment', 'at Stripe but not booked', item);
}

async function moneyAtStripe(from) {
  const since = { created: { gte: seconds(from) }, limit: 100 };
  // the event tells when it was paid; the intent of a late payer is older
  const paid = await all(stripe.events.list({ ...since, type: 'payment_intent.succeeded' }));
  const transfers = await all(stripe.transfers.list(since));
  const refunds = await all(stripe.refunds.list(since));
  return [
    ...paid.map(({ created, data: { object } }) => itemOf('payment', object, created, object.id)),
    ...transfers.map((transfer) => itemOf('transfer', transfer, transfer.created, transfer.id)),
    ...refunds
      .filter((refund) => !['failed', 'canceled'].includes(refund.status))
      .map((refund) => itemOf('refund', refund, refund.created, `${refund.payment_intent}:back`)),
  ];
}

function itemOf(kind, object, at, bookId) {
  return { kind, stripe_id: object.id, book_id: bookId, amount_cents: object.amount, at, metadata: object.metadata };
}
