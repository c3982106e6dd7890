// Stripe's events: checked, given their effect once, and kept in the same transaction. One that fails leaves nothing
// but a note of its trouble, so that Stripe's next delivery gets a clean second chance.
import { config } from './config.js';
import { change, read, SYSTEM } from './db.js';
import { log } from './log.js';
import { bookFee, markCharge, refundSeen } from './fees.js';
import { Refusal } from './refusal.js';
import { all, seconds, stripe } from './stripe.js';

/** Takes the raw body: the signature is over its bytes. */
export async function receive(request, response) {
  let event;
  try {
    event = stripe.webhooks.constructEvent(
      request.body,
      request.get('Stripe-Signature') ?? '',
      config.stripeWebhookSecret,
    );
  } catch (error) {
    log.error('Payment', 'webhook refused', { error_code: 'STRIPE_SIGNATURE_INVALID', detail: error.message });
    throw new Refusal(400, 'STRIPE_SIGNATURE_INVALID', 'the signature does not fit the body');
  }
  const fresh = await takeIn({ who: SYSTEM, request: request.requestId }, event);
  response.json({ received: true, duplicate: !fresh });
}

/** True if the event had its effect now, false if it had it before. */
export async function takeIn(by, event) {
  try {
    return await change(
      by,
      { what: 'stripe_event', why: `Stripe sent ${event.type}`, about: ['stripe_event', event.id] },
      async (tx) => {
        const [kept] = await tx.write(
          `INSERT INTO stripe_inbox (event_id, kind, body) VALUES ($1, $2, $3)
         ON CONFLICT (event_id) DO NOTHING RETURNING id`,
          [event.id, event.type, JSON.stringify(event)],
        );
        if (!kept) return false;
        tx.entry.details = { effect: await effectOf(tx, event) };
        await tx.write('UPDATE stripe_trouble SET resolved_at = now() WHERE event_id = $1 AND resolved_at IS NULL', [
          event.id,
        ]);
        return true;
      },
    );
  } catch (error) {
    await noteTrouble(by, event, error);
    if (error instanceof Refusal) throw error;
    throw new Refusal(500, 'webhook_processing_failed', 'the event could not be processed');
  }
}

function effectOf(tx, event) {
  const subject = event.data.object;
  switch (event.type) {
    case 'payment_intent.succeeded':
      return bookFee(tx, subject, event.id);
    case 'payment_intent.payment_failed':
      return markCharge(tx, subject, 'FAILED');
    case 'payment_intent.processing':
      return markCharge(tx, subject, 'PROCESSING');
    case 'payment_intent.canceled':
      return markCharge(tx, subject, 'CANCELED');
    case 'charge.refunded':
      return refundSeen(tx, subject, event.id);
    default:
      return 'kept, moves no money';
  }
}

async function noteTrouble(by, event, error) {
  log.error('Payment', 'webhook failed', { stripe_event_id: event.id, type: event.type, detail: error.message });
  await change(
    by,
    { what: 'stripe_event_failed', why: `${event.type} failed`, about: ['stripe_event', event.id] },
    (tx) =>
      tx.write(
        `INSERT INTO stripe_trouble (event_id, kind, last_error) VALUES ($1, $2, $3)
       ON CONFLICT (event_id) DO UPDATE SET failures = stripe_trouble.failures + 1, last_error = $3, resolved_at = NULL`,
        [event.id, event.type, error.message],
      ),
  );
}

/** Gives every event that Stripe lists since then, and that never came, its effect; oldest first. */
export async function replay(by, since) {
  const events = await all(stripe.events.list({ created: { gte: seconds(since) }, limit: 100 }));
  events.sort((a, b) => a.created - b.created || a.id.localeCompare(b.id));
  const kept = await read('SELECT event_id FROM stripe_inbox WHERE event_id = ANY ($1)', [
    events.map((event) => event.id),
  ]);
  const known = new Set(kept.map((row) => row.event_id));
  const result = { replayed: 0, duplicates: 0, failed: 0 };
  for (const event of events) {
    if (known.has(event.id)) {
      result.duplicates += 1;
      continue;
    }
    try {
      result[(await takeIn(by, event)) ? 'replayed' : 'duplicates'] += 1;
    } catch {
      result.failed += 1;
    }
  }
  log.info('Payment', 'events replayed', result);
  return result;
}
