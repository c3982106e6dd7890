"""Defects that twin and platform share: only Stripe's own description of its API, in stripe-mock, reveals them."""

from __future__ import annotations

from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.clients.stripe import StripeGateway
from simulation.world.stripe.resources import transfers

DEFECTS = DefectRegistry("paying")
_MISSPELT = "transfer_gruop"


@DEFECTS.sabotage(
    "stripe_contract",
    origin="a twin written from the same wrong page of notes as the platform",
    needs="stripe-mock",
)
def parameter_misspelt_by_platform_and_twin(patches: Patches) -> None:
    """The platform misspells a parameter of its transfers, and the twin takes it for right."""

    def make(_real: Any) -> Any:
        def create_transfer(
            self: Any,
            *,
            amount_cents: int,
            currency: str,
            destination: str,
            group: str,
            metadata: Any,
            idempotency_key: str,
        ) -> str:
            patches.trigger()
            parameters = {
                "amount": amount_cents,
                "currency": currency.lower(),
                "destination": destination,
                _MISSPELT: group,
                "metadata": metadata,
            }
            return str(self._client.v1.transfers.create(parameters, {"idempotency_key": idempotency_key}).id)

        return create_transfer

    patches.replace(StripeGateway, "create_transfer", make)
    patches.replace(transfers, "_CREATE", lambda known: known | {_MISSPELT})
