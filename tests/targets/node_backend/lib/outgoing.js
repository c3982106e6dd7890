// Sending money through Stripe: claim, call, outcome, each committed by itself, so that a crash in between leaves a row
// that the next run finds abandoned. Nothing is given up while Stripe may have done it: after the last try we ask.
import { change } from './db.js';
import { log } from './log.js';
import { failureOf } from './stripe.js';

const LEASE = "interval '120 seconds'";
/** After the first failure the next run; after the second two hours, so that one outage does not burn the last try. */
const WAIT_SECONDS = [60, 7200];

/** SQL condition: the row may be tried now. $2 says whether waiting counts. */
export const due = (row) => `(${row}.state IN ('pending', 'retryable') AND (${row}.next_try_at <= now() OR $2)
  OR ${row}.state = 'processing' AND ${row}.claimed_at <= now() - ${LEASE})`;

/** Tries one row; its new state, or null if it is not due or somebody else has it. */
export async function attempt(by, lane, id, hurry) {
  const claim = await claimed(by, lane, id, hurry);
  if (!claim) return null;
  const outcome = await carryOut(lane, claim);
  await record(by, lane, claim, outcome);
  return outcome.state;
}

async function claimed(by, lane, id, hurry) {
  return change(by, { what: `${lane.table}_claimed`, why: 'due', about: [lane.table, id] }, async (tx) => {
    const [row] = await tx.read(lane.hold, [id]);
    const [now] = row
      ? await tx.read(`SELECT ${due('r')} AS due FROM ${lane.table} r WHERE r.id = $1`, [id, hurry])
      : [];
    if (!now?.due) return null;
    if (row.state === 'processing') {
      await lane.booked(tx, row, { state: 'retryable', tries: row.tries, tried: true, code: 'ATTEMPT_ABANDONED' });
    }
    const askOnly = row.tries >= row.max_tries || (row.first_try_at && Date.now() - row.first_try_at > 23 * 3_600_000);
    const tries = row.tries + (askOnly ? 0 : 1);
    await tx.write(
      `UPDATE ${lane.table} SET state = 'processing', tries = $2, claimed_at = now(), first_try_at = coalesce(first_try_at, now())
       WHERE id = $1`,
      [id, tries],
    );
    tx.entry.details = { tries, ask_only: Boolean(askOnly) };
    return { row: { ...row, tries }, askOnly };
  });
}

async function carryOut(lane, { row, askOnly }) {
  const base = { tries: row.tries, tried: !askOnly };
  if (askOnly) {
    const expired = row.tries < row.max_tries ? 'IDEMPOTENCY_KEY_EXPIRED' : (row.failure ?? 'ATTEMPT_ABANDONED');
    return askStripe(lane, row, { ...base, code: expired });
  }
  const obstacle = lane.obstacle(row);
  if (obstacle) return { ...base, state: 'failed_terminal', code: obstacle };
  try {
    return { ...base, state: 'completed', stripeId: await lane.send(row) };
  } catch (error) {
    const { code, again, message } = failureOf(error);
    const failed = { ...base, code, message };
    const unsure = (again && row.tries >= row.max_tries) || code === 'CHARGE_ALREADY_REFUNDED';
    if (unsure) return askStripe(lane, row, failed);
    return { ...failed, state: again ? 'retryable' : 'failed_terminal' };
  }
}

async function askStripe(lane, row, outcome) {
  try {
    const stripeId = await lane.find(row);
    return stripeId
      ? { ...outcome, state: 'completed', stripeId, code: null }
      : { ...outcome, state: 'failed_terminal' };
  } catch (error) {
    return { ...outcome, state: 'retryable', message: `outcome unknown: ${error.message}` };
  }
}

async function record(by, lane, { row }, outcome) {
  const wait =
    outcome.tries < row.max_tries ? WAIT_SECONDS[Math.min(outcome.tries, WAIT_SECONDS.length) - 1] : WAIT_SECONDS[0];
  const why = outcome.code ?? 'Stripe confirmed it';
  await change(
    by,
    { what: `${lane.table}_${outcome.state}`, why, about: [lane.table, row.id], details: { message: outcome.message } },
    async (tx) => {
      const [recorded] = await tx.write(
        `UPDATE ${lane.table} SET state = $2, stripe_id = $3, failure = $4,
         next_try_at = CASE WHEN $2 = 'retryable' THEN now() + make_interval(secs => $5) ELSE next_try_at END,
         done_at = CASE WHEN $2 = 'completed' THEN now() END
       WHERE id = $1 AND state = 'processing' AND tries = $6 RETURNING id`,
        [row.id, outcome.state, outcome.stripeId ?? null, outcome.code ?? null, wait, outcome.tries],
      );
      if (recorded) await lane.booked(tx, row, outcome);
    },
  );
  log[outcome.state === 'failed_terminal' ? 'error' : 'info'](lane.domain, `${lane.table} ${outcome.state}`, {
    id: row.id,
    contest_id: row.game_id,
    user_id: row.person_id,
    cents: row.cents,
    tries: outcome.tries,
    error_code: outcome.code,
  });
}
