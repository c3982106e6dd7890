"""Currencies of contests drawn by seed, by a chance of their own, so that all else is drawn as without them.

The numbers stay and count smallest units of the other currency, so that whoever takes one for the other is seen.
"""

from __future__ import annotations

from simulation.chance import chance
from simulation.currency import CURRENCIES, USD, in_steps
from simulation.faults.conditions import fits
from simulation.scenario.model import Scenario

_SHARE_OF_SEEDS, _SHARE_OF_CONTESTS = 0.3, 0.5
"""In how many seeds there are other currencies, and how many contests then have one."""


def with_currencies(scenario: Scenario, seed: int) -> Scenario:
    """The scenario with contests in other currencies, in some seeds; of each Stripe has as much as of dollars."""
    source = chance(seed, "swarm", "currencies")
    switched_on, drawn = source.random() < _SHARE_OF_SEEDS, scenario
    for index, contest in enumerate(scenario.contests):
        currency, comes = source.choice(sorted(CURRENCIES.keys() - {USD})), source.random() < _SHARE_OF_CONTESTS
        if not (switched_on and comes) or contest.currency != USD:
            continue
        fee_cents = in_steps(contest.entry_fee_cents, currency)
        changed = contest.model_copy(update={"currency": currency, "entry_fee_cents": fee_cents})
        balances = {currency: drawn.stripe.opening_balance_cents, **drawn.stripe.opening_balances}
        more = drawn.model_copy(
            update={
                "contests": (*drawn.contests[:index], changed, *drawn.contests[index + 1 :]),
                "stripe": drawn.stripe.model_copy(update={"opening_balances": balances}),
            }
        )
        if drawn.stripe.opening_balance_cents and fits(more):
            drawn = more
    return drawn
