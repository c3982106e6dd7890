"""Defects around contests that do not go as planned: called off, entered by too few, paid by the house."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.platform.refunding import keep_payments
from simulation.sabotage.registry import DefectRegistry
from simulation.staging import lifecycle
from simulation.staging.contests import contests
from simulation.staging.money import ledger, refunds, withdrawals
from simulation.staging.settlement import prizes, records, settlement

DEFECTS = DefectRegistry("collecting", scenario="off_plan")


@DEFECTS.sabotage(
    "three_way_reconciliation",
    "clearing_accounts_drained",
    origin="cancelling set a status, and refunds were a page of their own that nobody opened",
)
def cancelled_contest_refunds_nobody(patches: Patches) -> None:
    """A contest is cancelled and its entry fees stay where they are."""

    def make(_: Any) -> Any:
        def request_for_contest(_work: Any, _contest_id: Any) -> int:
            patches.trigger()
            return 0

        return request_for_contest

    patches.replace(refunds, "request_for_contest", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="refunds were made once, on the day of the cancellation, for what had been paid by then",
)
def payment_for_a_cancelled_contest_kept(patches: Patches) -> None:
    """A payment that arrives after its contest was cancelled is booked and not given back."""

    keep_payments(patches, lambda reason: reason == "contest_cancelled")


@DEFECTS.sabotage(
    "contests_paid_out",
    origin="the page said that it was done and wrote a ticket; the ticket was read after the tournament",
)
def called_off_and_played_anyway(patches: Patches) -> None:
    """The organizer is told that the contest is cancelled, and it is played as if nothing had been said."""

    def make(_: Any) -> Any:
        def cancel(*_arguments: Any, **_options: Any) -> int:
            patches.trigger()
            return 0

        return cancel

    patches.replace(lifecycle, "cancel", make)


@DEFECTS.sabotage(
    "contests_paid_out",
    origin="the least number of entrants was checked in the form, where people still could change their minds",
)
def played_with_too_few(patches: Patches) -> None:
    """A contest that fewer have entered than it takes is locked and played."""

    def make(real: Any) -> Any:
        def entries(work: Any, contest_id: Any) -> int:
            patches.trigger()
            return int(real(work, contest_id)) + 100

        return entries

    def never(_: Any) -> Any:
        def cancel_for_lack(runtime: Any, context: Any, due: Any) -> Any:
            patches.trigger()
            reason = "lock time reached"
            with runtime.unit_of_work(
                context, action="contest_locked", reason=reason, entity=("contest", due.id)
            ) as work:
                contests.locked(work, due.id)
                return lifecycle.transition(
                    work, due.id, source=due.status, target="LOCKED", action="status_changed", reason=reason
                )

        return cancel_for_lack

    patches.replace(contests, "entries", make)
    patches.replace(lifecycle, "_cancel_for_lack", never)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="the rule was written beside the cancellation that people ask for, and without its refunds",
)
def cancelled_by_rule_without_refunds(patches: Patches) -> None:
    """A contest that too few have entered is cancelled by itself, and nobody gets the fee back."""

    def make(real: Any) -> Any:
        def request_for_contest(work: Any, contest_id: Any) -> int:
            if work.action != "contest_cancelled":
                return int(real(work, contest_id))
            patches.trigger()
            return 0

        return request_for_contest

    patches.replace(refunds, "request_for_contest", make)


@DEFECTS.sabotage(
    "expected_prizes",
    origin="the guarantee was a line of an advertisement, which no program had read",
)
def guarantee_forgotten(patches: Patches) -> None:
    """Prizes are shares of the entry fees, although a bigger pool was guaranteed."""

    def make(real: Any) -> Any:
        def outcome(contest: Any, event_id: Any, board: Any, rosters: Any) -> Any:
            settled = real(contest, event_id, board, rosters)
            if not settled.top_up_cents:
                return settled
            patches.trigger()
            fees_cents = settled.pool_cents - settled.top_up_cents
            scores = {ranking.user_id: ranking.score for ranking in settled.rankings}
            ranked = tuple(prizes.rankings(scores, contest.payout_structure, fees_cents))
            return dataclasses.replace(settled, rankings=ranked, pool_cents=fees_cents, top_up_cents=0)

        return outcome

    patches.replace(settlement, "outcome", make)


@DEFECTS.sabotage(
    "clearing_accounts_drained",
    origin="the money was there, on the same account at the bank; whose it was nobody had asked",
)
def guaranteed_pool_never_topped_up(patches: Patches) -> None:
    """The prizes of a guaranteed pool are paid, and no entry says that the platform added anything."""

    def make(real: Any) -> Any:
        def post(work: Any, posting: Any) -> Any:
            if posting.entry_type != "POOL_TOP_UP":
                return real(work, posting)
            patches.trigger()
            return None

        return post

    patches.replace(ledger, "post", make)


@DEFECTS.sabotage(
    "values_as_declared",
    "clearing_accounts_drained",
    origin="what is missing was worked out from shares that had been rounded up, each of them",
)
def cent_too_much_added(patches: Patches) -> None:
    """The platform adds a cent more than the entry fees lack of the guaranteed pool."""

    def make(real: Any) -> Any:
        def top_up(contest_id: Any, settlement_id: Any, amount_cents: int) -> Any:
            patches.trigger()
            return real(contest_id, settlement_id, amount_cents + 1)

        return top_up

    patches.replace(records, "_top_up", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="leaving was a flag of the entry; the fee was a matter for support",
)
def entrant_leaves_without_the_fee(patches: Patches) -> None:
    """Who leaves a contest in time plays no more and gets nothing back."""

    def make(real: Any) -> Any:
        def request_for_entrant(work: Any, contest_id: Any, user_id: Any, *, reason: str) -> int:
            if reason != withdrawals.REASON:
                return int(real(work, contest_id, user_id, reason=reason))
            patches.trigger()
            return 0

        return request_for_entrant

    patches.replace(refunds, "request_for_entrant", make)


@DEFECTS.sabotage(
    "expected_prizes",
    origin="shares were a whole number in the first version, and the column still is",
)
def shares_cut_to_whole_percent(patches: Patches) -> None:
    """A place's share of 12.5 percent pays 12."""

    def make(real: Any) -> Any:
        def percents(payout_structure: Any) -> Any:
            shares = real(payout_structure)
            if all(share.denominator == 1 for share in shares):
                return shares
            patches.trigger()
            return [Fraction(int(share)) for share in shares]

        return percents

    patches.replace(prizes, "percents", make)
