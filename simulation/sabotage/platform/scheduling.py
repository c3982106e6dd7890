"""Defects of payout scheduling: when a prize is sent, how often it is retried, and when it is given up."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

import stripe

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.platform.payout_patches import altered, replace_lane
from simulation.sabotage.platform.runtime_access import runtime_of
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.money import outbox, payouts

DEFECTS = DefectRegistry("paying")


@DEFECTS.sabotage(
    "faults_recovered",
    "payout_retry_rules",
    "three_way_reconciliation",
    origin="any exception of the client library taken for a refusal",
)
def retryable_treated_as_terminal(patches: Patches) -> None:
    """A timeout gives the transfer up for good, without asking Stripe what it has."""

    def make(real: Any) -> Any:
        def failure_of(error: Any) -> Any:
            failure = real(error)
            if failure.retryable:
                patches.trigger()
            return replace(failure, retryable=False)

        return failure_of

    patches.replace(outbox, "failure_of", make)


@DEFECTS.sabotage(
    "given_up_for_cause",
    origin="an onboarding flag read from a column that is never filled: nobody is payable, and the books balance",
    scenario="quiet",
)
def given_up_without_a_cause(patches: Patches) -> None:
    """Every prize is given up because of a missing account, although the account exists."""

    def obstacle(_row: Any) -> str:
        patches.trigger()
        return "DESTINATION_ACCOUNT_MISSING"

    patches.replace(payouts, "OUTGOING", lambda outgoing: dataclasses.replace(outgoing, obstacle=obstacle))


@DEFECTS.sabotage(
    "payout_retry_rules",
    origin="4xx and 5xx in one bucket: a closed account is tried again and again",
)
def terminal_treated_as_retryable(patches: Patches) -> None:
    """A definite refusal is retried."""

    def make(real: Any) -> Any:
        def failure_of(error: Any) -> Any:
            failure = real(error)
            if not failure.retryable:
                patches.trigger()
            return replace(failure, retryable=True)

        return failure_of

    patches.replace(outbox, "failure_of", make)


@DEFECTS.sabotage(
    "payout_retry_rules",
    origin="a retrying HTTP client below a retrying scheduler: nobody counts the calls",
)
def attempts_beyond_the_maximum(patches: Patches) -> None:
    """One counted attempt hides up to five calls."""

    def send(real: Any, runtime: Any, row: Any) -> Any:
        for _ in range(4):
            try:
                return real(runtime, row)
            except stripe.StripeError:
                patches.trigger()
        return real(runtime, row)

    replace_lane(patches, send=send)


@DEFECTS.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    "payout_retry_rules",
    origin="two schedulers after a deploy, and no row lock between them",
)
def two_schedulers_pay_twice(patches: Patches) -> None:
    """A second scheduler sends each transfer again under its own key."""

    def send(real: Any, runtime: Any, row: Any) -> Any:
        first = real(runtime, row)
        patches.trigger()
        real(runtime, altered(row, idempotency_key=f"{row.idempotency_key}:second-scheduler"))
        return first

    replace_lane(patches, send=send)


@DEFECTS.sabotage(
    "payout_automatic",
    "no_manual_endpoints",
    origin="a scheduler that is never started outside of development; somebody runs it from a terminal",
    scenario="quiet",
)
def payouts_only_when_triggered_by_hand(patches: Patches) -> None:
    """The scheduler does nothing by itself; a person calls its endpoint."""

    def make(real: Any) -> Any:
        def run(runtime: Any, context: Any, *, ignore_backoff: bool = False) -> Any:
            if ignore_backoff:
                return real(runtime, context, ignore_backoff=True)
            return payouts.PayoutResult()

        return run

    def by_hand(sim: Any) -> None:
        patches.trigger()
        with sim.context.acting("operator"):
            sim.http.post(
                "/api/admin/diagnostics/run-payout-scheduler", headers=sim.authorization(sim.ops_admin.user_id)
            )

    patches.replace(payouts, "run", make)
    patches.at(day=1, hour=18, act=by_hand)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    "payout_retry_rules",
    "payouts_follow_settlement",
    origin="an advance to a leader while the contest is still live",
    scenario="quiet",
)
def paid_before_settlement(patches: Patches) -> None:
    """Money goes to an entrant of a contest that is not settled."""

    def advance(sim: Simulation) -> None:
        entry = sim.observer.rows("entries")[0]
        contest_id, user_id = str(entry["contest_id"]), str(entry["user_id"])
        account = {row["user_id"]: row["stripe_account_id"] for row in sim.observer.rows("users")}[user_id]
        patches.trigger()
        runtime_of(sim).stripe.create_transfer(
            amount_cents=500,
            currency="USD",
            destination=str(account),
            group=f"contest:{contest_id}",
            metadata={"contest_id": contest_id, "user_id": user_id, "payout_transfer_id": "advance"},
            idempotency_key=f"advance:{contest_id}",
        )

    patches.at(day=0, hour=20, act=advance)
