"""Events as an endpoint gets them that was made years ago: Stripe renders them in the endpoint's API version.

Source: fixtures/spec/stripe.md 21. What differs between the two versions in objects that the twin has: a payment intent
lists its charges and has no `latest_charge`; a charge lists its refunds unasked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.charge import Charge
from simulation.world.stripe.objects.refund import Refund
from simulation.world.stripe.table import Table

OLDER_VERSION = "2022-08-01"
"""The last one before `latest_charge` took the place of the list of charges."""


@dataclass(frozen=True, kw_only=True)
class OlderVersion:
    """Shows objects as :data:`OLDER_VERSION` has them."""

    charges: Table[Charge]
    refunds: Table[Refund]

    def show(self, snapshot: JsonObject) -> JsonObject:
        """A snapshot in today's version, as the older one has it."""
        if snapshot.get("object") == "payment_intent":
            kept = {name: value for name, value in snapshot.items() if name != "latest_charge"}
            made = [charge.render() for charge in self.charges if charge.payment_intent == snapshot["id"]]
            return {**kept, "charges": _list(made, f"/v1/charges?payment_intent={snapshot['id']}")}
        if snapshot.get("object") == "charge":
            made = [refund.render() for refund in self.refunds if refund.charge == snapshot["id"]]
            return {**snapshot, "refunds": _list(made, f"/v1/charges/{snapshot['id']}/refunds")}
        return snapshot


def _list(items: Sequence[JsonObject], url: str) -> JsonObject:
    return {"object": "list", "data": [*items], "has_more": False, "total_count": len(items), "url": url}
