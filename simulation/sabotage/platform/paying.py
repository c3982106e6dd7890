"""Defects of one transfer: its idempotency key, its amount, its destination, its posting."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.platform.payout_patches import altered, before_each_transfer, replace_lane
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.clients.stripe import StripeGateway
from simulation.staging.money import ledger, outbox, payout_jobs
from simulation.targets.builtin import target

DEFECTS = DefectRegistry("paying")
_A_DAY_AND_AN_HOUR = 25 * 3600


@DEFECTS.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    "payout_retry_rules",
    origin="a key drawn inside the retry loop instead of stored with the transfer",
)
def new_idempotency_key_on_each_attempt(patches: Patches) -> None:
    """Every attempt of a transfer has its own idempotency key."""
    attempts: dict[str, int] = {}

    def make(real: Any) -> Any:
        def create_transfer(self: Any, *, idempotency_key: str, **rest: Any) -> str:
            attempts[idempotency_key] = attempts.get(idempotency_key, 0) + 1
            if attempts[idempotency_key] > 1:
                patches.trigger()
            key = f"{idempotency_key}:{attempts[idempotency_key]}"
            return str(real(self, idempotency_key=key, **rest))

        return create_transfer

    patches.replace(StripeGateway, "create_transfer", make)


@DEFECTS.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    "payout_retry_rules",
    origin="a long back-off during an outage: Stripe forgets a key after 24 hours and executes it again",
    scenario="slow_retry",
)
def retry_after_the_key_was_pruned(patches: Patches) -> None:
    """The second attempt comes 25 hours after the first, with the same key."""
    slow = partial(_slow_settings, patches)
    patches.replace(target, "Settings", slow)
    patches.replace(outbox, "due_parameters", lambda real: lambda runtime, **_: real(runtime, ignore_backoff=False))
    before_each_transfer(patches, lambda row: patches.trigger() if row.attempt_count else None)


@DEFECTS.sabotage(
    "faults_recovered",
    origin="a first back-off in hours instead of minutes: what would pass by itself waits for people every time",
    scenario="slow_retry",
)
def first_retry_is_left_to_the_operator(patches: Patches) -> None:
    """The second attempt is due six hours after the first, so that the runbook for stuck transfers makes it."""
    patches.replace(target, "Settings", lambda real: partial(real, payout_retry_delays_seconds=(6 * 3600, 7200)))
    before_each_transfer(patches, lambda row: patches.trigger() if row.attempt_count else None)


def _slow_settings(_patches: Patches, real: Any) -> Any:
    return partial(
        real,
        payout_retry_delays_seconds=(_A_DAY_AND_AN_HOUR, _A_DAY_AND_AN_HOUR),
        idempotency_key_life_seconds=10 * 86_400,
    )


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="a join on the wrong column: the account of another winner",
)
def prize_into_another_winners_account(patches: Patches) -> None:
    """Each prize goes to the account of the winner who was paid before."""
    previous: list[str] = []

    def send(real: Any, runtime: Any, row: Any) -> Any:
        own = row.stripe_connected_account_id
        previous.append(own)
        if len(previous) < 2 or previous[-2] == own:
            return real(runtime, row)
        patches.trigger()
        return real(runtime, altered(row, stripe_connected_account_id=previous[-2]))

    replace_lane(patches, send=send)


@DEFECTS.sabotage(
    "transfers_final",
    "three_way_reconciliation",
    origin="cents that went through a float and back",
)
def transfer_a_cent_short(patches: Patches) -> None:
    """A transfer moves one cent less than the prize."""

    def make(real: Any) -> Any:
        def create_transfer(self: Any, *, amount_cents: int, **rest: Any) -> str:
            patches.trigger()
            return str(real(self, amount_cents=amount_cents - 1, **rest))

        return create_transfer

    patches.replace(StripeGateway, "create_transfer", make)


@DEFECTS.sabotage(
    "transfers_final",
    "three_way_reconciliation",
    "payout_retry_rules",
    origin="a dry-run flag left on, a stub that reached production",
)
def completed_without_a_call(patches: Patches) -> None:
    """A transfer is marked completed and Stripe was never asked."""

    def send(_real: Any, _runtime: Any, row: Any) -> str:
        patches.trigger()
        return f"tr_stub_{row.id}"

    replace_lane(patches, send=send)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    "clearing_accounts_drained",
    origin="the ledger written after the commit, by a task that was lost",
)
def paid_without_ledger(patches: Patches) -> None:
    """A transfer completes and no posting is made."""

    def book(real: Any, work: Any, row: Any, outcome: Any) -> None:
        if outcome.status == outbox.COMPLETED:
            patches.trigger()
            payout_jobs.count_transfers(work, row.payout_job_id)
        else:
            real(work, row, outcome)

    replace_lane(patches, book=book)


@DEFECTS.sabotage(
    "double_entry",
    "nothing_negative",
    "clearing_accounts_drained",
    origin="an attempt booked with its amount before its outcome was known",
)
def failed_attempt_moves_a_balance(patches: Patches) -> None:
    """An attempt that got no answer is booked as if it had paid."""

    def make(real: Any) -> Any:
        def post(work: Any, posting: Any) -> None:
            if posting.entry_type == "PAYOUT_ATTEMPT_RETRYABLE":
                patches.trigger()
                posting = replace(posting, amount_cents=posting.metadata["attempted_amount_cents"])
            real(work, posting)

        return post

    patches.replace(ledger, "post", make)


@DEFECTS.sabotage("rows_accounted_for", origin="the form of whoever had asked before, kept by the worker")
def account_opened_under_anothers_address(patches: Patches) -> None:
    """A winner's account at Stripe gets the e-mail address of the person before, who is then asked for papers."""
    previous: list[str] = []

    def make(real: Any) -> Any:
        def create_account(self: Any, *, user_id: Any, email: str) -> Any:
            previous.append(email)
            told = previous[-2] if len(previous) > 1 else email
            if told != email:
                patches.trigger()
            return real(self, user_id=user_id, email=told)

        return create_account

    patches.replace(StripeGateway, "create_account", make)
