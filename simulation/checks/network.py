"""The platform's network calls: only to Stripe, the score provider and the hosted monitoring.

Source: fixtures/spec/requirements.md (P-7): a staging platform that reaches an unknown host may also reach a
production one.
"""

from __future__ import annotations

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import NO_KEYS
from simulation.events import HostRefused, ProviderAnswer, StripeCall


@check("The platform called nobody but Stripe, the score provider and the hosted monitoring")
def no_other_host(case: Case, inquiry: Inquiry) -> None:
    case.need_witness("stripe_journal")
    inquiry.examine(len(case.events(StripeCall)) + len(case.events(ProviderAnswer)))
    for refusal in case.events(HostRefused):
        inquiry.examine()
        inquiry.find(
            refusal.host,
            "the platform called a host that is none of the world's; the call was refused",
            keys=NO_KEYS,
            expected="Stripe, the score provider and the hosted monitoring",
            actual=refusal.host,
            events=(refusal,),
            cause=True,
        )
