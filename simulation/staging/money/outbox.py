"""Sending money out through Stripe: claim, call, outcome, with a commit before and after the call.

Prizes and refunds are both sent like this. The claim commits before Stripe is called, so that a crash leaves a row in
`processing`, which a later
run finds abandoned and sends again with the same idempotency key. No row is called failed while Stripe may have made
the payment: after the
last attempt, and once the key is too old to be sent again, we ask Stripe what it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import stripe
from sqlalchemy import Row, TextClause, text

from simulation.staging.clients.stripe_failures import failure_of, is_replayed
from simulation.staging.context import Context
from simulation.staging.logs import Domain
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

COMPLETED, RETRYABLE, FAILED_TERMINAL = "completed", "retryable", "failed_terminal"
KEY_EXPIRED = "IDEMPOTENCY_KEY_EXPIRED"


def due_condition(alias: str) -> str:
    """SQL condition on a row, by its alias, that may be attempted now; its parameters are `due_parameters`."""
    return f"""
        ({alias}.status IN ('pending', 'retryable') AND ({alias}.next_attempt_at <= now() OR :ignore_backoff)
         OR {alias}.status = 'processing' AND {alias}.claimed_at <= now() - make_interval(secs => :lease_seconds))
    """


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an attempt ended.

    `attempt` counts from 1; `is_attempt` is false when we only asked Stripe about an earlier one.
    """

    status: str
    attempt: int
    is_attempt: bool
    stripe_id: str | None = None
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One kind of outgoing money: its table, its calls to Stripe, its postings."""

    entity: str
    domain: Domain
    table: str
    stripe_id_column: str
    lock: TextClause
    """Selects the row `:id`, if it is due, with what the calls need; FOR UPDATE SKIP LOCKED."""
    obstacle: Callable[[Row[Any]], str | None]
    """The failure code of a row that fails without a call to Stripe; None if the call can be made."""
    send: Callable[[Runtime, Row[Any]], str]
    find: Callable[[Runtime, Row[Any]], str | None]
    book: Callable[[UnitOfWork, Row[Any], Outcome], None]
    claimed: str = ""
    """Further SQL assignments of a claim, each followed by a comma."""
    done_codes: frozenset[str] = frozenset()
    """Stripe's error codes which say that it was done before."""


@dataclass(frozen=True, kw_only=True)
class _Claim:
    row: Row[Any]
    attempt: int
    verify_code: str | None
    """Set when the row must not be sent again; the failure code it gets if Stripe has nothing."""


def due_parameters(runtime: Runtime, *, ignore_backoff: bool) -> dict[str, object]:
    """Values of the parameters in `due_condition`."""
    return {"ignore_backoff": ignore_backoff, "lease_seconds": runtime.settings.attempt_lease_seconds}


def attempt(
    runtime: Runtime, context: Context, outgoing: Outgoing, row_id: UUID, *, ignore_backoff: bool
) -> str | None:
    """Attempt one row; its new status, or None if another process has locked it or it is not due."""
    claim = _claim(runtime, context, outgoing, row_id, ignore_backoff=ignore_backoff)
    if claim is None:
        return None
    outcome = _carry_out(runtime, outgoing, claim)
    _record(runtime, context, outgoing, claim, outcome)
    return outcome.status


def _claim(
    runtime: Runtime, context: Context, outgoing: Outgoing, row_id: UUID, *, ignore_backoff: bool
) -> _Claim | None:
    with runtime.unit_of_work(
        context, action=f"{outgoing.entity}_claimed", reason="due for an attempt", entity=(outgoing.entity, row_id)
    ) as work:
        rows = work.read(outgoing.lock, id=row_id, **due_parameters(runtime, ignore_backoff=ignore_backoff))
        if not rows:
            return None
        row = rows[0]
        if row.status == "processing":
            _book_abandoned(work, outgoing, row)
        verify_code = _verify_code(runtime, row)
        number = row.attempt_count + (verify_code is None)
        work.write(
            text(f"""
                UPDATE {outgoing.table} SET status = 'processing', attempt_count = :attempt, claimed_at = now(),
                    updated_at = now(), {outgoing.claimed}
                    first_attempted_at = coalesce(first_attempted_at, now())
                WHERE id = :id
            """),  # noqa: S608 - every part is ours
            id=row_id,
            attempt=number,
        )
        work.payload.update(attempt=number, verify_only=verify_code is not None)
    return _Claim(row=row, attempt=number, verify_code=verify_code)


def _book_abandoned(work: UnitOfWork, outgoing: Outgoing, row: Row[Any]) -> None:
    """Book an attempt whose process never recorded an outcome."""
    work.reason = f"attempt {row.attempt_count} was abandoned by its process"
    outgoing.book(
        work, row, Outcome(status=RETRYABLE, attempt=row.attempt_count, is_attempt=True, code="ATTEMPT_ABANDONED")
    )


def _verify_code(runtime: Runtime, row: Row[Any]) -> str | None:
    if row.attempt_count >= row.max_attempts:
        return str(row.failure_reason or "ATTEMPT_ABANDONED")
    key_life = timedelta(seconds=runtime.settings.idempotency_key_life_seconds)
    if row.first_attempted_at is not None and row.first_attempted_at + key_life <= datetime.now(UTC):
        return KEY_EXPIRED
    return None


def _carry_out(runtime: Runtime, outgoing: Outgoing, claim: _Claim) -> Outcome:
    if claim.verify_code is not None:
        return _ask_stripe(runtime, outgoing, claim, claim.verify_code, None)
    obstacle = outgoing.obstacle(claim.row)
    if obstacle is not None:
        return Outcome(status=FAILED_TERMINAL, attempt=claim.attempt, is_attempt=True, code=obstacle)
    try:
        stripe_id = outgoing.send(runtime, claim.row)
    except stripe.StripeError as error:
        failure = failure_of(error)
        if failure.code in outgoing.done_codes or (failure.retryable and claim.attempt >= claim.row.max_attempts):
            return _ask_stripe(runtime, outgoing, claim, failure.code, failure.message)
        made = _made_all_the_same(runtime, outgoing, claim) if is_replayed(error) else None
        if made is not None:
            return made
        status = RETRYABLE if failure.retryable else FAILED_TERMINAL
        return Outcome(
            status=status, attempt=claim.attempt, is_attempt=True, code=failure.code, message=failure.message
        )
    return Outcome(status=COMPLETED, attempt=claim.attempt, is_attempt=True, stripe_id=stripe_id)


def _made_all_the_same(runtime: Runtime, outgoing: Outgoing, claim: _Claim) -> Outcome | None:
    """What Stripe has, where its answer to our key is an error that it will repeat; None where it has nothing."""
    try:
        stripe_id = outgoing.find(runtime, claim.row)
    except stripe.StripeError:
        return None
    if stripe_id is None:
        return None
    return Outcome(status=COMPLETED, attempt=claim.attempt, is_attempt=True, stripe_id=stripe_id)


def _ask_stripe(runtime: Runtime, outgoing: Outgoing, claim: _Claim, code: str, message: str | None) -> Outcome:
    """Find out an unknown outcome by asking Stripe; without an answer it stays unknown, and nothing is sent."""
    is_attempt = claim.verify_code is None
    try:
        stripe_id = outgoing.find(runtime, claim.row)
    except stripe.StripeError as error:
        return Outcome(
            status=RETRYABLE,
            attempt=claim.attempt,
            is_attempt=is_attempt,
            code=code,
            message=f"outcome unknown: {failure_of(error).message}",
        )
    if stripe_id is not None:
        return Outcome(status=COMPLETED, attempt=claim.attempt, is_attempt=is_attempt, stripe_id=stripe_id)
    return Outcome(status=FAILED_TERMINAL, attempt=claim.attempt, is_attempt=is_attempt, code=code, message=message)


def _record(runtime: Runtime, context: Context, outgoing: Outgoing, claim: _Claim, outcome: Outcome) -> None:
    delays = runtime.settings.payout_retry_delays_seconds
    delay_seconds = (
        delays[min(outcome.attempt, len(delays)) - 1] if outcome.attempt < claim.row.max_attempts else delays[0]
    )
    reason = outcome.code or "Stripe confirmed it"
    with runtime.unit_of_work(
        context,
        action=f"{outgoing.entity}_{outcome.status}",
        reason=reason,
        entity=(outgoing.entity, claim.row.id),
        payload={"attempt": outcome.attempt, "stripe_id": outcome.stripe_id, "message": outcome.message},
    ) as work:
        recorded = work.write(
            text(f"""
                UPDATE {outgoing.table} SET status = :status, {outgoing.stripe_id_column} = :stripe_id,
                    failure_reason = :code,
                    next_attempt_at = CASE WHEN :status = 'retryable' THEN now() + make_interval(secs => :delay_seconds)
                                      ELSE next_attempt_at END,
                    completed_at = CASE WHEN :status = 'completed' THEN now() END, updated_at = now()
                WHERE id = :id AND status = 'processing' AND attempt_count = :attempt RETURNING id
            """),  # noqa: S608 - every part is ours
            id=claim.row.id,
            status=outcome.status,
            stripe_id=outcome.stripe_id,
            code=outcome.code,
            delay_seconds=delay_seconds,
            attempt=outcome.attempt,
        )
        if recorded:
            outgoing.book(work, claim.row, outcome)
    _log(runtime, context, outgoing, claim, outcome, recorded=bool(recorded))


def _log(
    runtime: Runtime, context: Context, outgoing: Outgoing, claim: _Claim, outcome: Outcome, *, recorded: bool
) -> None:
    write = {COMPLETED: runtime.log.info, RETRYABLE: runtime.log.warning}.get(outcome.status, runtime.log.error)
    write(
        outgoing.domain,
        f"{outgoing.entity} {outcome.status}" if recorded else f"{outgoing.entity} outcome came too late",
        entity_id=claim.row.id,
        contest_id=claim.row.contest_id,
        user_id=claim.row.user_id,
        amount_cents=claim.row.amount_cents,
        currency=claim.row.currency,
        attempt=outcome.attempt,
        stripe_id=outcome.stripe_id,
        error_code=outcome.code,
        detail=outcome.message,
        request_id=context.request_id,
    )
