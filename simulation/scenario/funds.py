"""Whether the money for the prizes is at Stripe in time: without it no platform can pay, and none is to blame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation.currency import USD, CurrencyCode, money
from simulation.scenario.contest import Contest, share_of
from simulation.scenario.faults.disputes import ChargebackInParts
from simulation.scenario.faults.paying import WrongAmount
from simulation.scenario.faults.people import ChargedBack, EntrantLeaves, RefundRequested
from simulation.scenario.faults.refunds import PartsGivenBack
from simulation.scenario.faults.rule import BrokenRule, days_of, minute
from simulation.scenario.faults.victims import called_off, disturbed_payments
from simulation.scenario.model import Scenario

_LONGEST_WAIT = timedelta(hours=71)
"""The runbook payout_balance_insufficient waits for three days; an hour is left to notice."""
_ROOM_TO_PAY = timedelta(hours=2)
"""From when the money is there to when everything has come to rest."""


@dataclass(frozen=True, kw_only=True)
class _Flow:
    """What a contest brings and takes at Stripe in its currency, as far as it is known beforehand."""

    contest: Contest
    brings_cents: int
    """Its charges, less Stripe's fees."""
    brings_at: datetime
    """When the last of them is available."""
    returns_cents: int
    """What goes back to payers and banks."""
    prizes_cents: int
    """At most."""
    due_at: datetime


def broken_fund_rules(scenario: Scenario) -> Iterator[BrokenRule]:
    """Prizes for which the money is not there before the runbook for that, or the run, has waited long enough."""
    for currency in sorted({contest.currency for contest in scenario.contests}):
        yield from _too_little_of(currency, scenario)


def _too_little_of(currency: CurrencyCode, scenario: Scenario) -> Iterator[BrokenRule]:
    """Of one currency: money in another one pays no prize."""
    contests = (contest for contest in scenario.contests if contest.currency == currency)
    flows = sorted((_flow(contest, scenario) for contest in contests), key=lambda flow: flow.due_at)
    last_calm = _healthy_at(scenario) + timedelta(hours=scenario.converge_within_hours) - _ROOM_TO_PAY
    opening_cents = scenario.stripe.opening_by_currency.get(currency, 0)
    due_cents = 0
    for flow in flows:
        due_cents += flow.prizes_cents
        short_cents = due_cents - _available_cents(opening_cents, flows, flow.due_at)
        if short_cents <= 0:
            continue
        enough_at = _enough_at(opening_cents, flows, due_cents)
        if enough_at is None or enough_at > min(flow.due_at + _LONGEST_WAIT, last_calm):
            there = "there never is as much" if enough_at is None else f"there is as much by {minute(enough_at)}"
            yield BrokenRule(
                path=("stripe", "opening_balance_cents" if currency == USD else "opening_balances"),
                problem=f"by {minute(flow.due_at)} prizes of up to {money(due_cents, currency)} fall due; with what "
                f"goes back to payers {money(short_cents, currency)} are missing at Stripe, where charges are pending "
                f"for {days_of(scenario.stripe.pending_days)}: {there}, and by {minute(last_calm)} everything must be "
                "paid",
                remedy=f"{'opening_balance_cents' if currency == USD else f'opening_balances: {currency}'}: "
                f"{opening_cents + short_cents} or more",
            )
            return


def _flow(contest: Contest, scenario: Scenario) -> _Flow:
    stripe, fee_cents, currency = scenario.stripe, contest.entry_fee_cents, contest.currency
    fixed_cents, dispute_cents = stripe.fee_fixed(currency), stripe.dispute_fee(currency)
    payers = contest.entrants - contest.non_payers
    charges = (payers + contest.double_payers) if fee_cents else 0
    charge_cents = fee_cents - (fee_cents * stripe.fee_basis_points // 10_000 + 1) - fixed_cents
    of_it = [fault for fault in scenario.faults if getattr(fault, "contest", None) == contest.key]
    charges -= min(charges, disturbed_payments(contest, scenario.faults))
    is_played = contest.key not in called_off(scenario)
    refunds = contest.double_payers if is_played else charges
    refunds += sum(isinstance(fault, RefundRequested | EntrantLeaves) for fault in of_it)
    in_parts = [fault for fault in of_it if isinstance(fault, ChargebackInParts)]
    disputes = sum(isinstance(fault, ChargedBack) for fault in of_it)
    parts = sum(fault.taken_cents(fee_cents) + fault.times * dispute_cents for fault in in_parts)
    parts += sum(fault.returned_cents(fee_cents) for fault in of_it if isinstance(fault, PartsGivenBack))
    wrong = [fault.paid_cents(fee_cents, currency) for fault in of_it if isinstance(fault, WrongAmount)]
    parts += sum(cents * stripe.fee_basis_points // 10_000 + 1 + fixed_cents for cents in wrong)
    final = scenario.tournaments[contest.tournament].final_board_at
    pool_cents = max(payers * fee_cents, contest.guaranteed_pool_cents)
    return _Flow(
        contest=contest,
        brings_cents=charges * charge_cents,
        brings_at=(contest.start if contest.late_payers else contest.lock) + timedelta(days=stripe.pending_days),
        returns_cents=refunds * fee_cents + parts + disputes * (fee_cents + dispute_cents),
        prizes_cents=int(pool_cents * sum(map(share_of, contest.payout_percent.values())) / 100) if is_played else 0,
        due_at=max(final, contest.end),
    )


def _available_cents(opening_cents: int, flows: list[_Flow], at: datetime) -> int:
    brought = sum(flow.brings_cents for flow in flows if flow.brings_at <= at)
    returned = sum(flow.returns_cents for flow in flows if flow.contest.created <= at)
    return opening_cents + brought - returned


def _enough_at(opening_cents: int, flows: list[_Flow], due_cents: int) -> datetime | None:
    """When so much has become available, if ever."""
    moments = sorted(flow.brings_at for flow in flows)
    return next((at for at in moments if _available_cents(opening_cents, flows, at) >= due_cents), None)


def _healthy_at(scenario: Scenario) -> datetime:
    """From when on a run waits for everything to come to rest (see ``simulation/assembly/convergence.py``)."""
    signals = [
        max(contest.end, scenario.tournaments[contest.tournament].final_board_at) for contest in scenario.contests
    ]
    faults = [fault.planned(scenario, seed=0).over_by for fault in scenario.faults]
    return max([*signals, *(task.at for task in scenario.operator.tasks), *faults])
