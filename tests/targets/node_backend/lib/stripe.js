// Stripe, and what its failures mean for a retry.
import Stripe from 'stripe';
import { config } from './config.js';

// Retries are ours, spread over runs of the scheduler; a call has 30 seconds.
export const stripe = new Stripe(config.stripeSecretKey, { maxNetworkRetries: 0, timeout: 30_000, telemetry: false });

/** `again`: trying again may help, and Stripe may have done it all the same. */
export function failureOf(error) {
  const say = (code, again) => ({ code, again, message: error.message });
  if (error.type === 'StripeConnectionError') {
    return say(
      /timed? ?out|timeout/i.test(`${error.message} ${error.detail?.code}`)
        ? 'STRIPE_TIMEOUT'
        : 'STRIPE_CONNECTION_FAILED',
      true,
    );
  }
  const status = error.statusCode ?? 0;
  if (status === 429) return say('STRIPE_RATE_LIMITED', true);
  if (status === 409) return say('STRIPE_REQUEST_IN_PROGRESS', true);
  if (status < 400 || status >= 500) return say('STRIPE_SERVER_ERROR', true);
  if (error.type === 'StripeIdempotencyError') return say('IDEMPOTENCY_CONFLICT', false);
  const suspended = ['insufficient_capabilities_for_transfer', 'transfers_not_allowed'].includes(error.code);
  if (['account_invalid', 'account_closed'].includes(error.code) || (error.param === 'destination' && !suspended)) {
    return say('DESTINATION_ACCOUNT_INVALID', false);
  }
  return say(String(error.code ?? error.type).toUpperCase(), false);
}

/** Everything of a list, whatever the number of pages. */
export async function all(list) {
  const items = [];
  for await (const item of list) items.push(item);
  return items;
}

export const seconds = (date) => Math.floor(date.getTime() / 1000);
