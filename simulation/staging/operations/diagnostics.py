"""What ops may look at: one function for each diagnostic page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import psycopg
import stripe
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from simulation.staging.canonical import iso, row_json
from simulation.staging.clients.stripe_failures import failure_of
from simulation.staging.jobs import Every, Job, JobBook
from simulation.staging.money.reconciliation import EVENTS_MISSING, WEBHOOKS_MISSING
from simulation.staging.money.webhooks import DEAD_LETTER, WAITING_DEAD_LETTER
from simulation.staging.operations import connections, database_sessions
from simulation.staging.runtime import Runtime
from simulation.staging.scores import store

Page = dict[str, Any]
STUCK_LIMIT = 25

_PING = text("SELECT current_setting('max_connections')::integer AS max_connections")
_TRANSFER_COUNTS = text("SELECT status, count(*) AS transfers FROM payout_transfers GROUP BY status ORDER BY status")
_STUCK_TRANSFERS = text("""
    SELECT id, contest_id, user_id, amount_cents, currency, status, attempt_count, max_attempts, failure_reason,
        first_attempted_at,
           next_attempt_at, updated_at
    FROM payout_transfers WHERE status = 'retryable' AND first_attempted_at < now() - make_interval(mins => :minutes)
    ORDER BY first_attempted_at, id LIMIT :limit
""")
_OWED = text("""
    SELECT currency, count(*) AS transfers, sum(amount_cents)::bigint AS cents, count(held_reason) AS held
    FROM payout_transfers WHERE status NOT IN ('completed', 'failed_terminal') GROUP BY currency ORDER BY currency
""")
_FEEDS = text(f"""
    SELECT f.provider_event_id, floor(extract(epoch FROM now() - f.good_at))::integer AS lag_seconds,
           f.last_success_at, f.consecutive_failures, f.last_error
    FROM ({store.FEEDS_AWAITED}) f ORDER BY f.provider_event_id
""")  # noqa: S608 - every part is ours
_WEBHOOKS_MISSING = text(f"""
    SELECT m.item #>> '{{metadata,payment_intent_id}}' AS payment_intent_id,
        m.item ->> 'stripe_id' AS stripe_payment_intent_id,
           m.item #>> '{{metadata,contest_id}}' AS contest_id, m.item #>> '{{metadata,user_id}}' AS user_id,
           (m.item ->> 'amount_cents')::bigint AS amount_cents, m.item ->> 'currency' AS currency
    FROM ({WEBHOOKS_MISSING}) m ORDER BY 2
""")  # noqa: S608 - every part is ours
_EVENTS_MISSING = text(f"""
    SELECT m.item ->> 'stripe_event_id' AS stripe_event_id, m.item ->> 'type' AS type
    FROM ({EVENTS_MISSING}) m ORDER BY 1
""")  # noqa: S608 - every part is ours
_DEAD_LETTERS = text(f"""
    SELECT count(*) AS letters, count(*) FILTER (WHERE {WAITING_DEAD_LETTER}) AS waiting
    FROM stripe_webhook_dead_letters d WHERE {DEAD_LETTER}
""")  # noqa: S608 - every part is ours
_NOT_BOOKED_ONCE = text("""
    SELECT p.id AS payment_intent_id, p.stripe_payment_intent_id, count(l.id) AS bookings
    FROM payment_intents p LEFT JOIN ledger l ON l.reference_type = 'payment_intent' AND l.reference_id = p.id
        AND l.entry_type = 'ENTRY_FEE' AND l.direction = 'DEBIT'
    GROUP BY p.id HAVING count(l.id) <> CASE p.status WHEN 'SUCCEEDED' THEN 1 ELSE 0 END ORDER BY p.id
""")
_REFUNDS = text("SELECT status, count(*) AS refunds FROM refunds GROUP BY status ORDER BY status")
_SETTLEMENTS = text("""
    SELECT c.id AS contest_id, c.contest_name, latest.error_json ->> 'error_code' AS error_code,
        latest.settlement_run_id, latest.status
    FROM contest_instances c LEFT JOIN LATERAL (
        SELECT * FROM settlement_audit s WHERE s.contest_instance_id = c.id ORDER BY s.sequence_number DESC LIMIT 1)
            latest ON true
    WHERE c.status = 'COMPLETE' AND c.settle_time IS NULL ORDER BY c.end_time, c.id
""")


def health(runtime: Runtime) -> Page:
    """State of the database, the provider and the pool, each checked separately."""
    max_connections, available = None, 0
    try:
        max_connections = runtime.database.read(_PING)[0].max_connections
        available = connections.available_connections(runtime)
        database = "ok"
    except (psycopg.Error, SQLAlchemyError):
        database = "unreachable"
    provider = "ok" if runtime.provider.is_reachable() else "unreachable"
    status = "ok" if database == provider == "ok" else "degraded"
    return {
        "status": status,
        "database": database,
        "database_max_connections": max_connections,
        "provider": provider,
        "environment": runtime.settings.environment,
        "database_connection_pool_available": available,
    }


def jobs(all_jobs: tuple[Job, ...], book: JobBook) -> Page:
    """Each job with its schedule and last run."""
    pages = []
    for job in all_jobs:
        last = book.last_runs.get(job.name)
        pages.append(
            {
                "name": job.name,
                "interval_seconds": job.schedule.seconds if isinstance(job.schedule, Every) else 86400,
                "schedule": asdict(job.schedule),
                "last_run_at": iso(last.at) if last else None,
                "last_result": asdict(last.result) if last else None,
            }
        )
    return {"jobs": pages}


def payouts(runtime: Runtime, stuck_minutes: int) -> Page:
    """Transfers by status, and up to 25 that have been retryable for longer than the threshold."""
    stuck = runtime.database.read(_STUCK_TRANSFERS, minutes=stuck_minutes, limit=STUCK_LIMIT)
    counts = runtime.database.read(_TRANSFER_COUNTS)
    return {
        "counts_by_status": {row.status: row.transfers for row in counts},
        "stuck_minutes": stuck_minutes,
        "stuck_transfers": [row_json(row) for row in stuck],
    }


def stripe_page(runtime: Runtime) -> Page:
    """Asks Stripe now: does it answer, what can be sent, and what of the prizes that are due does that leave unpaid?

    Sums are by currency: money in another one pays no prize.
    """
    owed = runtime.database.read(_OWED)
    page: Page = {
        "transfers_due": sum(row.transfers for row in owed),
        "due_cents": {row.currency: row.cents for row in owed},
        "held_transfers": sum(row.held for row in owed),
    }
    try:
        balances = runtime.stripe.balance()
    except stripe.StripeError as error:
        failure = failure_of(error)
        status = "unreachable" if failure.retryable else "refused"
        return page | {"status": status, "error_code": failure.code, "available_cents": None, "pending_cents": None}
    return page | {
        "status": "ok",
        "error_code": None,
        "available_cents": {currency: balance.available_cents for currency, balance in balances.items()},
        "pending_cents": {currency: balance.pending_cents for currency, balance in balances.items()},
    }


def ingestion(runtime: Runtime) -> Page:
    """Lag and errors of the feeds that live contests need."""
    feeds = [row_json(row) for row in runtime.database.read(_FEEDS)]
    return {"feeds": feeds, "max_lag_seconds": max((feed["lag_seconds"] for feed in feeds), default=0)}  # type: ignore[type-var]


def payments(runtime: Runtime) -> Page:
    """Payments whose webhook never came or that are not booked once, other events that never came or that keep failing,
    refunds by status.

    ``dead_letters_waiting`` counts dead letters of a dispute whose payment is not booked yet: they succeed once it
    is.
    """
    missing = runtime.database.read(_WEBHOOKS_MISSING)
    letters = runtime.database.read(_DEAD_LETTERS)
    refunds = runtime.database.read(_REFUNDS)
    return {
        "webhooks_missing": [row_json(row) for row in missing],
        "events_missing": [row_json(row) for row in runtime.database.read(_EVENTS_MISSING)],
        "dead_letters": letters[0].letters,
        "dead_letters_waiting": letters[0].waiting,
        "not_booked_once": [row_json(row) for row in runtime.database.read(_NOT_BOOKED_ONCE)],
        "refunds": {row.status: row.refunds for row in refunds},
    }


def database(runtime: Runtime) -> Page:
    """Connections that are left, who has the others, and other sessions that hold rows of contests."""
    return {
        "available_connections": connections.available_connections(runtime),
        "free_connections": connections.free_connections(runtime),
        "pool_size": runtime.settings.database_pool_size,
        "sessions": [row_json(row) for row in connections.sessions(runtime)],
        "holding_contests": [
            {"application": row.application_name, "opened_at": iso(row.opened_at)}
            for row in database_sessions.holders(runtime)
        ],
    }


def settlements(runtime: Runtime) -> Page:
    """Complete contests that are not settled: those whose last run failed, and those still to come."""
    failed: list[Page] = []
    pending: list[Page] = []
    for row in runtime.database.read(_SETTLEMENTS):
        page = row_json(row)
        status = page.pop("status")
        (failed if status == "FAILED" else pending).append(page)
    return {"failed": failed, "pending": pending}
