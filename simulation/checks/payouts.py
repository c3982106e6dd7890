"""Payouts run without anybody's action, and their retries follow the rules.

Source: fixtures/spec/platform.md (Money, Background work), simulation/DESIGN.md (Where the specification pulls two
ways).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.books import books
from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.expected import closing_times
from simulation.checks.evidence.keys import Keys
from simulation.checks.evidence.money import grouped, moved
from simulation.checks.evidence.relations import PayoutJobRow, TransferRow
from simulation.checks.evidence.stopped_timers import was_stopped
from simulation.events import EntrantAction, Exchange, FaultInjected, StripeCall, Transaction
from simulation.words import plural

_TRANSFERS = "/v1/transfers"
_BAD_REQUEST, _CONFLICT, _RATE_LIMIT, _SERVER_ERROR = 400, 409, 429, 500
_ABOUT_THE_MOMENT = (401, 408, 424, 425)
"""Our key is not known now; a timeout; something that Stripe depends on failed; too early."""
_KEY_LIFE = timedelta(hours=24)
_RESOURCE = 3
"""Parts of a path by which Stripe limits the rate, with the empty one before it: ``/v1/transfers``."""
_GIVEN_UP = "failed_terminal"


def transfer_calls(case: Case) -> Sequence[StripeCall]:
    """Requests to Stripe that transfer a prize, from Stripe's journal."""
    case.need_witness("stripe_journal")
    return [
        call
        for call in case.events(StripeCall)
        if call.method == "POST" and call.path == _TRANSFERS and call.origin == "platform"
    ]


@check(
    "Payouts ran by themselves: the scheduler came first unless a fault stopped it, and paid what no fault had touched",
    needs_end=True,
    about=("contests",),
)
def payout_automatic(case: Case, inquiry: Inquiry) -> None:
    job = case.job("payout")
    inquiry.examine(job.runs)
    if not job.runs:
        inquiry.find(job.job, "the payout scheduler never ran", keys=Keys(job=job.job), events=(job,), cause=True)
    calls = grouped(transfer_calls(case), lambda call: call.idempotency_key)
    faulted = faulted_keys(case)
    by_hand = _made_by_hand(case)
    for row in case.rows(TransferRow):
        inquiry.examine()
        attempts = calls.get(row.idempotency_key, ())
        hand = by_hand.get(row.transfer_id)
        if hand is not None and not was_stopped(case, job.job, hand.at):
            inquiry.find(
                f"{case.name(row.contest_id)}, transfer {row.transfer_id}",
                "its first attempt was triggered by hand",
                keys=row.keys,
                amount_cents=row.amount_cents,
                expected="the scheduler's own attempt, before any runbook acts",
                events=(hand,),
            )
        elif not faulted & {row.transfer_id, row.idempotency_key} and attempts:
            last = attempts[-1]
            if not last.cause.startswith("job:") and not was_stopped(case, job.job, last.at):
                inquiry.find(
                    f"{case.name(row.contest_id)}, transfer {row.transfer_id}",
                    "no fault had touched it, yet it was not paid by the scheduler",
                    keys=row.keys,
                    amount_cents=row.amount_cents,
                    expected="job:…",
                    actual=last.cause,
                    events=(last,),
                )


def faulted_keys(case: Case) -> frozenset[str]:
    """All keys (ids, business keys) that the run's faults name as affected."""
    return frozenset(value for strike in case.events(FaultInjected) for value in strike.keys.values())


def _made_by_hand(case: Case) -> Mapping[str, Transaction]:
    """Transfer id → transaction, where the first attempt was claimed within an HTTP request and not by the job.

    The request is known from the audit record in the same transaction.
    """
    rows = case.rows(TransferRow)
    if not rows:
        return {}
    case.need_declared("audit_table", "audit_columns.request_id")
    table = case.table_of("transfers", (row.transfer_id for row in rows))
    requests = {exchange.request_id for exchange in case.events(Exchange)}
    column = case.governance.audit_columns["request_id"]
    tries = case.own_column("transfers", "attempt_count")
    found: dict[str, Transaction] = {}
    for change in case.wal.of(table or ""):
        before, after = change.before or {}, change.after or {}
        if before.get(tries) == 0 and after.get(tries) == 1:
            ids = {
                other.new.get(column)
                for other in change.transaction.changes
                if other.table == case.governance.audit_table
            }
            if ids & requests:
                found[change.row_id] = change.transaction
    return found


@check(
    "Retries keep the rules: no attempt too many, one key for all, given up only for good reason",
    needs_end=True,
    about=("contests",),
)
def payout_retry_rules(case: Case, inquiry: Inquiry) -> None:
    calls = grouped(transfer_calls(case), lambda call: call.idempotency_key)
    rows = {row.idempotency_key: row for row in case.rows(TransferRow)}
    for key, attempts in calls.items():
        if key not in rows:
            inquiry.examine()
            inquiry.find(
                f"transfer call {attempts[0].request_id}",
                "its idempotency key belongs to no transfer",
                keys=Keys(idempotency_key=key),
                expected="the key stored with the transfer, the same on every attempt",
                actual=key,
                events=tuple(attempts),
            )
    for key, row in rows.items():
        inquiry.examine()
        attempts = calls.get(key, ())
        for problem in _broken_rules(case, row, attempts):
            inquiry.find(
                f"{case.name(row.contest_id)}, transfer {row.transfer_id}",
                problem,
                keys=row.keys,
                amount_cents=row.amount_cents,
                actual=f"{row.status} ({row.failure_reason}); answers {[call.status for call in attempts]}",
                events=tuple(attempts),
            )
    if not rows and not calls and case.lacks("transfers"):
        inquiry.nothing_needed("prizes stay in wallets")
    elif not rows and not calls:
        raise CannotTell("no prize was ever due")


def _broken_rules(case: Case, row: TransferRow, attempts: Sequence[StripeCall]) -> list[str]:
    problems = []
    if row.attempt_count > row.max_attempts or len(attempts) > row.max_attempts:
        problems.append(f"{plural(max(row.attempt_count, len(attempts)), 'attempt')}, {row.max_attempts} allowed")
    if len(attempts) > row.attempt_count:
        problems.append(f"{plural(len(attempts), 'call')}, but {plural(row.attempt_count, 'attempt')} on record")
    if any(_forbids_another_attempt(call) for call in attempts[:-1]):
        problems.append("tried again after a definite refusal")
    if attempts and attempts[-1].at - attempts[0].at >= _KEY_LIFE:
        problems.append("tried again with a key that Stripe had forgotten")
    if row.status == _GIVEN_UP and attempts and not _rightly_given_up(case, row, attempts):
        problems.append("given up although the last failure may pass")
    if row.status == "completed" and all(is_refusal(call) for call in attempts):
        problems.append("completed without a call that can have moved the money")
    return problems


@check("What Stripe turned away for its rate was not sent again before the time that Stripe named")
def retry_after_honoured(case: Case, inquiry: Inquiry) -> None:
    case.need_witness("stripe_journal")
    told: dict[tuple[str, str], StripeCall] = {}
    for call in case.events(StripeCall):
        if call.origin != "platform":
            continue
        key = call.method, "/".join(call.path.split("/")[:_RESOURCE])
        limited = told.get(key)
        wait = timedelta(seconds=limited.retry_after_seconds or 0) if limited else timedelta(0)
        if limited is not None and limited.at < call.at < limited.at + wait:
            inquiry.find(
                f"{call.method} {call.path}",
                "sent before the time until which Stripe had asked to wait",
                keys=Keys(idempotency_key=call.idempotency_key, request_id=call.request_id),
                expected=f"not before {limited.at + wait:%Y-%m-%d %H:%M:%S}",
                actual=f"{call.at:%Y-%m-%d %H:%M:%S}",
                events=(limited, call),
            )
        if call.retry_after_seconds is not None:
            inquiry.examine()
            told[key] = call
    if not inquiry.examined:
        inquiry.nothing_needed("Stripe asked nobody to wait")


@check("No prize left before its contest was settled", needs_end=True, about=("contests",))
def payouts_follow_settlement(case: Case, inquiry: Inquiry) -> None:
    settled_at = closing_times(case)
    for transfer in moved(case, "transfer"):
        inquiry.examine()
        closed = settled_at.get(transfer.contest_id or "")
        if closed is None or transfer.movement.at < closed:
            inquiry.find(
                f"{case.name(transfer.contest_id)}, {transfer.movement.source_id}",
                "money left for a contest that was not settled",
                keys=transfer.keys,
                amount_cents=transfer.amount_cents,
                expected="after its settlement" if closed is None else f"not before {closed:%Y-%m-%d %H:%M:%S}",
                actual=f"{transfer.movement.at:%Y-%m-%d %H:%M:%S}",
                events=(transfer.movement,),
            )
    if case.business.paid_out == "wallet":
        _credits_follow_settlement(case, inquiry, settled_at)
    elif not inquiry.examined and not any(row.total_payouts for row in case.rows(PayoutJobRow)):
        inquiry.nothing_needed("no prize was due")


def _credits_follow_settlement(case: Case, inquiry: Inquiry, settled_at: Mapping[str, datetime]) -> None:
    """The same for prizes that stay in wallets, by when the log says that they were credited."""
    prizes = {row.posting_id: row for row in case.remembered(books).meaning("prize")}
    for change in case.wal.of(case.table_of("postings", prizes) or ""):
        row = prizes.get(change.row_id)
        if row is None or change.op != "insert":
            continue
        inquiry.examine()
        closed = settled_at.get(row.contest_id or "")
        if closed is None or change.transaction.at < closed:
            inquiry.find(
                f"{case.name(row.contest_id)}, {row.account}",
                "a prize was credited for a contest that was not settled",
                keys=row.keys,
                amount_cents=row.amount_cents,
                expected="after its settlement" if closed is None else f"not before {closed:%Y-%m-%d %H:%M:%S}",
                actual=f"{change.transaction.at:%Y-%m-%d %H:%M:%S}",
                events=(change.transaction,),
            )
    if not inquiry.examined:
        inquiry.nothing_needed("no prize was due")


def is_refusal(call: StripeCall) -> bool:
    """Whether Stripe certainly did not act: any 4xx. After a timeout, a connection reset or a 5xx it may have acted."""
    return call.status is not None and _BAD_REQUEST <= call.status < _SERVER_ERROR


def is_terminal(call: StripeCall) -> bool:
    """Whether the refusal is permanent; a conflict with a request in progress and a rate limit are temporary."""
    return is_refusal(call) and call.status not in (_CONFLICT, _RATE_LIMIT)


def _forbids_another_attempt(call: StripeCall) -> bool:
    """Whether the refusal is about what was asked. After one that is about the moment a platform may try again, or not:
    Stripe's documents leave it open."""
    return is_terminal(call) and call.status not in _ABOUT_THE_MOMENT


def without_account(case: Case) -> frozenset[str]:
    """Ids of users who need no connected account: they deleted their account here, or their request was refused."""
    return frozenset(
        action.user_id
        for action in case.events(EntrantAction)
        if action.user_id is not None
        and (action.action == "deleted_account" or (action.action == "refused" and action.act == "connect account"))
    )


def _rightly_given_up(case: Case, row: TransferRow, attempts: Sequence[StripeCall]) -> bool:
    """Whether no further attempt was to be made after these; that one was given up without any,
    :mod:`simulation.checks.given_up` judges."""
    if (
        len(attempts) >= row.max_attempts
        or is_terminal(attempts[-1])
        or row.user_id in case.remembered(without_account)
    ):
        return True
    given_up_at = _given_up_at(case, row)
    return given_up_at is not None and given_up_at - attempts[0].at >= _KEY_LIFE


def _given_up_at(case: Case, row: TransferRow) -> datetime | None:
    """When the log says that a transfer was given up at last; None where it does not say so.

    :raises CannotTell: the target's query computes the status, so that the log cannot say it.
    """
    status = case.own_column("transfers", "status")
    words = case.business.statuses
    gave_up = [
        change.transaction.at
        for change in case.wal.of(case.table_of("transfers", [row.transfer_id]) or "")
        if change.row_id == row.transfer_id
        and words.canonical("transfers", str((change.after or {}).get(status))) == _GIVEN_UP
        and words.canonical("transfers", str((change.before or {}).get(status))) != _GIVEN_UP
    ]
    return gave_up[-1] if gave_up else None
