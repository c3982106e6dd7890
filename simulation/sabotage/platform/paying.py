"""Defects of paying winners: idempotency, retries, and who gets how much."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from functools import partial
from typing import Any

import stripe

from simulation.sabotage.entry import Shelf
from simulation.sabotage.plot import Plot
from simulation.staging import ledger, outbox, payout_jobs, payouts, stripe_gateway
from simulation.target.builtin import target

SHELF = Shelf("paying")
_A_DAY_AND_AN_HOUR = 25 * 3600


@SHELF.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    "payout_retry_rules",
    origin="a key drawn inside the retry loop instead of stored with the transfer",
)
def new_idempotency_key_on_each_attempt(plot: Plot) -> None:
    """Every attempt of a transfer has its own idempotency key."""
    attempts: dict[str, int] = {}

    def make(real: Any) -> Any:
        def create_transfer(self: Any, *, idempotency_key: str, **rest: Any) -> str:
            attempts[idempotency_key] = attempts.get(idempotency_key, 0) + 1
            if attempts[idempotency_key] > 1:
                plot.trigger()
            key = f"{idempotency_key}:{attempts[idempotency_key]}"
            return str(real(self, idempotency_key=key, **rest))

        return create_transfer

    plot.replace(stripe_gateway.StripeGateway, "create_transfer", make)


@SHELF.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    "payout_retry_rules",
    origin="a long back-off during an outage: Stripe forgets a key after 24 hours and executes it again",
    scenario="slow_retry",
)
def retry_after_the_key_was_pruned(plot: Plot) -> None:
    """The second attempt comes 25 hours after the first, with the same key."""
    slow = partial(_slow_settings, plot)
    plot.replace(target, "Settings", slow)
    plot.replace(outbox, "due_parameters", lambda real: lambda runtime, **_: real(runtime, ignore_backoff=False))
    _before_each_transfer(plot, lambda row: plot.trigger() if row.attempt_count else None)


def _slow_settings(_plot: Plot, real: Any) -> Any:
    return partial(
        real,
        payout_retry_delays_seconds=(_A_DAY_AND_AN_HOUR, _A_DAY_AND_AN_HOUR),
        idempotency_key_life_seconds=10 * 86_400,
    )


@SHELF.sabotage(
    "three_way_reconciliation",
    origin="a join on the wrong column: the account of another winner",
)
def prize_into_another_winners_account(plot: Plot) -> None:
    """Each prize goes to the account of the winner who was paid before."""
    previous: list[str] = []

    def send(real: Any, runtime: Any, row: Any) -> Any:
        own = row.stripe_connected_account_id
        previous.append(own)
        if len(previous) < 2 or previous[-2] == own:
            return real(runtime, row)
        plot.trigger()
        return real(runtime, _altered(row, stripe_connected_account_id=previous[-2]))

    _replace_lane(plot, send=send)


@SHELF.sabotage(
    "transfers_final",
    "three_way_reconciliation",
    origin="cents that went through a float and back",
)
def transfer_a_cent_short(plot: Plot) -> None:
    """A transfer moves one cent less than the prize."""

    def make(real: Any) -> Any:
        def create_transfer(self: Any, *, amount_cents: int, **rest: Any) -> str:
            plot.trigger()
            return str(real(self, amount_cents=amount_cents - 1, **rest))

        return create_transfer

    plot.replace(stripe_gateway.StripeGateway, "create_transfer", make)


@SHELF.sabotage(
    "transfers_final",
    "three_way_reconciliation",
    "payout_retry_rules",
    origin="a dry-run flag left on, a stub that reached production",
)
def completed_without_a_call(plot: Plot) -> None:
    """A transfer is marked completed and Stripe was never asked."""

    def send(_real: Any, _runtime: Any, row: Any) -> str:
        plot.trigger()
        return f"tr_stub_{row.id}"

    _replace_lane(plot, send=send)


@SHELF.sabotage(
    "three_way_reconciliation",
    "clearing_accounts_drained",
    origin="the ledger written after the commit, by a task that was lost",
)
def paid_without_ledger(plot: Plot) -> None:
    """A transfer completes and no posting is made."""

    def book(real: Any, work: Any, row: Any, outcome: Any) -> None:
        if outcome.status == outbox.COMPLETED:
            plot.trigger()
            payout_jobs.count_transfers(work, row.payout_job_id)
        else:
            real(work, row, outcome)

    _replace_lane(plot, book=book)


@SHELF.sabotage(
    "double_entry",
    "nothing_negative",
    "clearing_accounts_drained",
    origin="an attempt booked with its amount before its outcome was known",
)
def failed_attempt_moves_a_balance(plot: Plot) -> None:
    """An attempt that got no answer is booked as if it had paid."""

    def make(real: Any) -> Any:
        def post(work: Any, posting: Any) -> None:
            if posting.entry_type == "PAYOUT_ATTEMPT_RETRYABLE":
                plot.trigger()
                posting = replace(posting, amount_cents=posting.metadata["attempted_amount_cents"])
            real(work, posting)

        return post

    plot.replace(ledger, "post", make)


@SHELF.sabotage(
    "payout_retry_rules",
    "three_way_reconciliation",
    origin="any exception of the client library taken for a refusal",
)
def retryable_treated_as_terminal(plot: Plot) -> None:
    """A timeout gives the transfer up for good, without asking Stripe what it has."""

    def make(real: Any) -> Any:
        def failure_of(error: Any) -> Any:
            failure = real(error)
            if failure.retryable:
                plot.trigger()
            return replace(failure, retryable=False)

        return failure_of

    plot.replace(outbox, "failure_of", make)


@SHELF.sabotage(
    "given_up_for_cause",
    origin="an onboarding flag read from a column that is never filled: nobody is payable, and the books balance",
    scenario="quiet",
)
def given_up_without_a_cause(plot: Plot) -> None:
    """Every prize is given up for want of an account that is there."""

    def obstacle(_row: Any) -> str:
        plot.trigger()
        return "DESTINATION_ACCOUNT_MISSING"

    plot.replace(payouts, "LANE", lambda lane: dataclasses.replace(lane, obstacle=obstacle))


@SHELF.sabotage(
    "payout_retry_rules",
    origin="4xx and 5xx in one bucket: a closed account is tried again and again",
)
def terminal_treated_as_retryable(plot: Plot) -> None:
    """A definite refusal is retried."""

    def make(real: Any) -> Any:
        def failure_of(error: Any) -> Any:
            failure = real(error)
            if not failure.retryable:
                plot.trigger()
            return replace(failure, retryable=True)

        return failure_of

    plot.replace(outbox, "failure_of", make)


@SHELF.sabotage(
    "payout_retry_rules",
    origin="a retrying HTTP client below a retrying scheduler: nobody counts the calls",
)
def attempts_beyond_the_maximum(plot: Plot) -> None:
    """One counted attempt hides up to five calls."""

    def send(real: Any, runtime: Any, row: Any) -> Any:
        for _ in range(4):
            try:
                return real(runtime, row)
            except stripe.StripeError:
                plot.trigger()
        return real(runtime, row)

    _replace_lane(plot, send=send)


@SHELF.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    "payout_retry_rules",
    origin="two schedulers after a deploy, and no row lock between them",
)
def two_schedulers_pay_twice(plot: Plot) -> None:
    """A second scheduler sends each transfer again under its own key."""

    def send(real: Any, runtime: Any, row: Any) -> Any:
        first = real(runtime, row)
        plot.trigger()
        real(runtime, _altered(row, idempotency_key=f"{row.idempotency_key}:second-scheduler"))
        return first

    _replace_lane(plot, send=send)


@SHELF.sabotage(
    "payout_automatic",
    "no_manual_endpoints",
    origin="a scheduler that is never started outside of development; somebody runs it from a terminal",
    scenario="quiet",
)
def payouts_only_when_triggered_by_hand(plot: Plot) -> None:
    """The scheduler does nothing by itself; a person calls its endpoint."""

    def make(real: Any) -> Any:
        def run(runtime: Any, context: Any, *, ignore_backoff: bool = False) -> Any:
            if ignore_backoff:
                return real(runtime, context, ignore_backoff=True)
            return payouts.PayoutResult()

        return run

    def by_hand(on: Any) -> None:
        plot.trigger()
        with on.context.acting("operator"):
            on.http.post("/api/admin/diagnostics/run-payout-scheduler", headers=on.authorization(on.ops_admin.user_id))

    plot.replace(payouts, "run", make)
    plot.at(day=1, hour=18, act=by_hand)


@SHELF.sabotage(
    "three_way_reconciliation",
    "payout_retry_rules",
    "payouts_follow_settlement",
    origin="an advance to a leader while the contest is still live",
    scenario="quiet",
)
def paid_before_settlement(plot: Plot) -> None:
    """Money goes to an entrant of a contest that is not settled."""

    def advance(on: Any) -> None:
        entry = on.observer.rows("entries")[0]
        account = {row["user_id"]: row["stripe_account_id"] for row in on.observer.rows("users")}[entry["user_id"]]
        plot.trigger()
        on.target._platform._runtime.stripe.create_transfer(
            amount_cents=500,
            destination=account,
            group=f"contest:{entry['contest_id']}",
            metadata={"contest_id": entry["contest_id"], "user_id": entry["user_id"], "payout_transfer_id": "advance"},
            idempotency_key=f"advance:{entry['contest_id']}",
        )

    plot.at(day=0, hour=20, act=advance)


def _replace_lane(plot: Plot, *, send: Any = None, book: Any = None) -> None:
    """Replace functions of the lane that prizes take; each is given the real one first."""
    real = payouts.LANE
    changes: dict[str, Any] = {}
    if send is not None:
        changes["send"] = partial(send, real.send)
    if book is not None:
        changes["book"] = partial(book, real.book)
    plot.replace(payouts, "LANE", lambda lane: dataclasses.replace(lane, **changes))


def _before_each_transfer(plot: Plot, note: Any) -> None:
    def send(real: Any, runtime: Any, row: Any) -> Any:
        note(row)
        return real(runtime, row)

    _replace_lane(plot, send=send)


class _Altered:
    """A row with some columns other than the database has them."""

    def __init__(self, row: Any, changes: dict[str, Any]) -> None:
        self._row, self._changes = row, changes

    def __getattr__(self, name: str) -> Any:
        return self._changes[name] if name in self._changes else getattr(self._row, name)


def _altered(row: Any, **changes: Any) -> _Altered:
    return _Altered(row, changes)
