"""The payout scheduler: prizes of settled contests, and refunds that are due."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.context import Context
from simulation.staging.money import ledger, outbox, payout_holds, payout_jobs, refunds, restricted_accounts
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

_HELD = "held"
_RESOURCE = "/v1/transfers"
"""At Stripe; what it turns away for its rate keeps its attempts and waits for a later run."""
OPEN = text("""
    SELECT 1 FROM payout_jobs WHERE status <> 'complete'
    UNION ALL
    SELECT 1 FROM refunds WHERE status IN ('pending', 'processing', 'retryable')
""")
# Jobs whose transfers all wait for their back-off do not count towards the limit. Jobs created at the same instant are
# ordered by name, because ids are random.
_DUE = text(f"""
    (SELECT 'job' AS kind, j.id, j.contest_id, j.total_payouts
     FROM payout_jobs j JOIN contest_instances c ON c.id = j.contest_id
     WHERE j.status <> 'complete' AND (j.total_payouts = 0 OR EXISTS (
        SELECT FROM payout_transfers t WHERE t.payout_job_id = j.id AND {outbox.due_condition("t")}))
     ORDER BY j.created_at, c.contest_name, j.id LIMIT :job_limit)
    UNION ALL
    (SELECT 'refund', r.id, r.contest_instance_id, 0 FROM refunds r
     WHERE r.status IN ('pending', 'processing', 'retryable') AND {outbox.due_condition("r")}
     ORDER BY r.created_at, r.id LIMIT :refund_limit)
""")  # noqa: S608 - every part is ours
_DUE_TRANSFERS = text(f"""
    SELECT t.*, u.stripe_connected_account_id, {restricted_accounts.MUST_WAIT} AS account_restricted
    FROM payout_transfers t JOIN users u ON u.id = t.user_id
    WHERE t.payout_job_id = :job_id AND {outbox.due_condition("t")}
    ORDER BY t.created_at, t.amount_cents DESC, t.id LIMIT :transfer_limit
""")  # noqa: S608 - every part is ours
_LOCK = text(f"""
    SELECT t.*, u.stripe_connected_account_id FROM payout_transfers t JOIN users u ON u.id = t.user_id
    WHERE t.id = :id AND {outbox.due_condition("t")} FOR UPDATE OF t SKIP LOCKED
""")  # noqa: S608 - every part is ours


_NO_DESTINATION = "DESTINATION_ACCOUNT_MISSING"
OWN_FAILURES = (_NO_DESTINATION, outbox.KEY_EXPIRED)
"""Failure codes of transfers that the platform gave up without a refusal by Stripe."""


@dataclass(frozen=True, kw_only=True)
class PayoutResult:
    """What one run of the payout scheduler did."""

    jobs_processed: int = 0
    transfers_completed: int = 0
    transfers_retryable: int = 0
    transfers_failed_terminal: int = 0
    transfers_held: int = 0
    """Newly held; what is held already is not counted again."""
    refunds_completed: int = 0


def run(runtime: Runtime, context: Context, *, ignore_backoff: bool = False) -> PayoutResult:
    """Attempt everything that is due; a failure of one payment does not stop the others.

    A job without prizes needs no money, and is done whatever Stripe says. If Stripe does not say what balance is
    available, nothing is attempted and prizes are held.
    """
    settings = runtime.settings
    due = runtime.database.read(
        _DUE,
        job_limit=settings.payout_jobs_per_run,
        refund_limit=settings.refunds_per_run,
        **outbox.due_parameters(runtime, ignore_backoff=ignore_backoff),
    )
    empty = [row for row in due if row.kind == "job" and not row.total_payouts]
    for job in empty:
        payout_jobs.start(runtime, context, job)
    jobs = [row for row in due if row.kind == "job" and row.total_payouts]
    refunds_due = [row for row in due if row.kind == "refund"]
    transfers: Counter[str | None] = Counter()
    money = payout_holds.funds(runtime, context) if jobs or refunds_due else None
    if money is None:
        held = sum(
            payout_holds.hold(runtime, context, job, "STRIPE_UNAVAILABLE", ignore_backoff=ignore_backoff)
            for job in jobs
        )
        return PayoutResult(jobs_processed=len(empty), transfers_held=held)
    for job in jobs:
        transfers.update(_process_job(runtime, context, job, money, ignore_backoff=ignore_backoff))
    refunded = Counter(
        _guarded(runtime, context, refunds.OUTGOING, row.id, ignore_backoff=ignore_backoff)
        for row in refunds_due
        if not runtime.stripe.must_wait(refunds.RESOURCE)
    )
    return PayoutResult(
        jobs_processed=len(empty) + len(jobs),
        transfers_completed=transfers[outbox.COMPLETED],
        transfers_retryable=transfers[outbox.RETRYABLE],
        transfers_failed_terminal=transfers[outbox.FAILED_TERMINAL],
        transfers_held=transfers[_HELD],
        refunds_completed=refunded[outbox.COMPLETED],
    )


def _process_job(
    runtime: Runtime, context: Context, job: Row[Any], money: payout_holds.Funds, *, ignore_backoff: bool
) -> Counter[str | None]:
    payout_jobs.start(runtime, context, job)
    transfers = runtime.database.read(
        _DUE_TRANSFERS,
        job_id=job.id,
        transfer_limit=runtime.settings.payout_transfers_per_job,
        **outbox.due_parameters(runtime, ignore_backoff=ignore_backoff),
    )
    outcomes: Counter[str | None] = Counter()
    for row in transfers:
        if runtime.stripe.must_wait(_RESOURCE):
            break
        if payout_holds.lacks_money(row, money, find=partial(_find, runtime, row)):
            outcomes[_HELD] += payout_holds.hold(
                runtime, context, job, "BALANCE_INSUFFICIENT", transfer_id=row.id, ignore_backoff=ignore_backoff
            )
            continue
        if restricted_accounts.must_wait(runtime, context, row):
            outcomes[_HELD] += payout_holds.hold(
                runtime, context, job, "DESTINATION_RESTRICTED", transfer_id=row.id, ignore_backoff=ignore_backoff
            )
            continue
        outcome = _guarded(runtime, context, OUTGOING, row.id, ignore_backoff=ignore_backoff)
        if outcome != outbox.FAILED_TERMINAL:
            money.spend(row.amount_cents, row.currency)
        outcomes[outcome] += 1
    return outcomes


def _guarded(
    runtime: Runtime, context: Context, outgoing: outbox.Outgoing, row_id: UUID, *, ignore_backoff: bool
) -> str | None:
    try:
        return outbox.attempt(runtime, context, outgoing, row_id, ignore_backoff=ignore_backoff)
    except Exception as error:
        runtime.log.error(
            outgoing.domain,
            f"{outgoing.entity} attempt broke off",
            entity_id=row_id,
            error=repr(error),
            request_id=context.request_id,
        )
        return None


def _obstacle(row: Row[Any]) -> str | None:
    return None if row.stripe_connected_account_id else _NO_DESTINATION


def _call(runtime: Runtime, row: Row[Any]) -> str:
    return runtime.stripe.create_transfer(
        amount_cents=row.amount_cents,
        currency=row.currency,
        destination=row.stripe_connected_account_id,
        group=payout_jobs.group_of(row.contest_id),
        metadata={"contest_id": str(row.contest_id), "user_id": str(row.user_id), "payout_transfer_id": str(row.id)},
        idempotency_key=row.idempotency_key,
    )


def _find(runtime: Runtime, row: Row[Any]) -> str | None:
    return runtime.stripe.find_transfer(group=payout_jobs.group_of(row.contest_id), payout_transfer_id=row.id)


def _book(work: UnitOfWork, row: Row[Any], outcome: outbox.Outcome) -> None:
    """Every attempt has a pair in the ledger; only a completed one moves money."""
    completed = outcome.status == outbox.COMPLETED
    if outcome.is_attempt or outcome.status != outbox.RETRYABLE:
        key = (
            f"payout:{row.id}:completed" if completed else f"payout:{row.id}:attempt:{outcome.attempt}:{outcome.status}"
        )
        ledger.post(
            work,
            ledger.Posting(
                key=key,
                entry_type=f"PAYOUT_ATTEMPT_{outcome.status.upper()}",
                debit=ledger.winnings_payable(row.contest_id, row.user_id),
                credit=ledger.STRIPE,
                amount_cents=row.amount_cents if completed else 0,
                currency=row.currency,
                contest_id=row.contest_id,
                user_id=row.user_id,
                reference_type="payout_transfer",
                reference_id=row.id,
                metadata={
                    "attempted_amount_cents": row.amount_cents,
                    "attempt": outcome.attempt,
                    "error": outcome.code,
                    "detail": outcome.message,
                    "stripe_transfer_id": outcome.stripe_id,
                },
            ),
        )
    if outcome.status != outbox.RETRYABLE:
        payout_jobs.count_transfers(work, row.payout_job_id)


OUTGOING = outbox.Outgoing(
    entity="payout_transfer",
    domain="Payout",
    table="payout_transfers",
    stripe_id_column="stripe_transfer_id",
    lock=_LOCK,
    obstacle=_obstacle,
    send=_call,
    find=_find,
    book=_book,
    claimed="held_since = NULL, held_reason = NULL,",
)
