"""Prizes given up for a cause for which the platform itself is to blame."""

from __future__ import annotations

from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.access import users
from simulation.staging.money import payout_holds

DEFECTS = DefectRegistry("paying")


@DEFECTS.sabotage(
    "given_up_for_cause",
    origin="a scheduler that sends first and reads the answer afterwards; a 4xx is final by the rules",
    scenario="reserve",
)
def balance_never_asked_for(patches: Patches) -> None:
    """Transfers are sent although too little money is available, and given up for good when Stripe refuses them."""

    def make(real: Any) -> Any:
        def lacks_money(*args: Any, **rest: Any) -> bool:
            if real(*args, **rest):
                patches.trigger()
            return False

        return lacks_money

    patches.replace(payout_holds, "lacks_money", make)


@DEFECTS.sabotage(
    "given_up_for_cause",
    origin="onboarding handed to a queue whose consumer was never deployed",
    scenario="quiet",
)
def account_promised_and_never_opened(patches: Patches) -> None:
    """People are told that their account for winnings is there; at Stripe there is none, and no prize can be sent."""

    def make(_: Any) -> Any:
        def connect_account(_runtime: Any, _context: Any, user_id: Any) -> str:
            patches.trigger()
            return f"acct_{user_id.hex[:16]}"

        return connect_account

    patches.replace(users, "connect_account", make)
