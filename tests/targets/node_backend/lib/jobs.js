// Background work, on timers of this process. Silent in the test environment.
import { config } from './config.js';
import { pollFeeds } from './feed.js';
import { reconcileLifecycle } from './lifecycle.js';
import { log } from './log.js';
import { runPayouts } from './payouts.js';
import { compareWithStripe } from './reconcile.js';
import { settleDue } from './settle.js';

const FIVE_MINUTES = 300_000;
const DAY = 86_400_000;

export const jobs = [
  { name: 'lifecycle_reconciler', every: FIVE_MINUTES, work: reconcileLifecycle },
  { name: 'ingestion_poller', every: FIVE_MINUTES, work: pollFeeds },
  { name: 'settlement', every: FIVE_MINUTES, work: settleDue },
  { name: 'payout_scheduler', every: FIVE_MINUTES, work: runPayouts },
  { name: 'financial_reconciliation', dailyAt: 2, work: compareWithStripe },
];

export function startJobs() {
  if (config.environment === 'test') return;
  for (const job of jobs) {
    if (job.every) setInterval(() => run(job), job.every);
    else daily(job);
  }
}

function daily(job) {
  const now = Date.now();
  const today = Math.floor(now / DAY) * DAY + job.dailyAt * 3_600_000;
  setTimeout(
    () => {
      run(job);
      daily(job);
    },
    (today > now ? today : today + DAY) - now,
  );
}

async function run(job) {
  if (job.busy) return;
  job.busy = true;
  job.lastRun = new Date();
  try {
    await job.work();
    log.info('Job', `${job.name} done`);
  } catch (error) {
    log.error('Job', `${job.name} broke off`, { error: error.message });
  } finally {
    job.busy = false;
  }
}
