"""People who change something in the Stripe dashboard."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.people.registry import DEFECTS


def _dashboard(sim: Simulation, path: str, form: dict[str, str]) -> int:
    origins = sim.twin._entrance._origins
    key = next(key for key, origin in origins.items() if origin == "dashboard")
    return sim.twin.handle(
        method="POST",
        path=path,
        headers={"Authorization": f"Bearer {key}"},
        body=urlencode(form).encode(),
    ).status_code


def _paid(sim: Simulation) -> dict[str, Any]:
    return next(row for row in sim.observer.rows("payments") if row["status"] == "SUCCEEDED")


@DEFECTS.sabotage(
    "no_stripe_dashboard",
    origin="a customer writes to support, support presses the button",
)
def refund_from_the_dashboard(patches: Patches) -> None:
    """A payment is refunded from the Stripe dashboard."""

    def refund(sim: Simulation) -> None:
        if _dashboard(sim, "/v1/refunds", {"payment_intent": str(_paid(sim)["stripe_payment_intent_id"])}) == 200:
            patches.trigger()

    patches.at(day=0, hour=20, act=refund)


@DEFECTS.sabotage(
    "no_stripe_dashboard",
    "three_way_reconciliation",
    origin="a winner who waits, paid by hand beside the platform",
)
def transfer_from_the_dashboard(patches: Patches) -> None:
    """A prize is transferred from the Stripe dashboard."""

    def pay(sim: Simulation) -> None:
        entry = sim.observer.rows("entries")[0]
        account = {row["user_id"]: row["stripe_account_id"] for row in sim.observer.rows("users")}[entry["user_id"]]
        form = {
            "amount": "700",
            "currency": "usd",
            "destination": str(account),
            "metadata[contest_id]": str(entry["contest_id"]),
            "metadata[user_id]": str(entry["user_id"]),
        }
        if _dashboard(sim, "/v1/transfers", form) == 200:
            patches.trigger()

    patches.at(day=1, hour=2, minute=30, act=pay)


@DEFECTS.sabotage("no_stripe_dashboard", origin="an endpoint moved to another server, by hand")
def endpoint_changed(patches: Patches) -> None:
    """The webhook endpoint is edited in the Stripe dashboard."""

    def change(sim: Simulation) -> None:
        endpoint = next(iter(sim.twin._store.webhook_endpoints)).id
        if _dashboard(sim, f"/v1/webhook_endpoints/{endpoint}", {"description": "moved"}) == 200:
            patches.trigger()

    patches.at(day=0, hour=20, act=change)
