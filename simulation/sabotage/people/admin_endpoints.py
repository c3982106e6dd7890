"""People who use the admin endpoints outside any runbook."""

from __future__ import annotations

from typing import Any

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.people.registry import DEFECTS


@DEFECTS.sabotage(
    "founder_revoked",
    "no_manual_endpoints",
    origin="tokens that stay valid until they expire, whatever becomes of the account",
)
def founders_token_still_works(patches: Patches) -> None:
    """The founder's admin token is never revoked, and is used."""

    def keep(sim: Simulation) -> None:
        founder = sim.founder_admin.user_id
        path = f"/api/admin/users/{founder}/revoke-admin"
        real_post = sim.http.post

        def post(url: str, **rest: Any) -> Any:
            return sim.http.get("/health") if url == path else real_post(url, **rest)

        patches.replace(sim.http, "post", lambda _: post)

        def look() -> None:
            with sim.context.acting("founder"):
                sim.get("/api/admin/contests", subject=founder)

        patches.later(sim, day=1, hour=4, act=look)

    patches.when_assembled(keep)


@DEFECTS.sabotage(
    "no_manual_endpoints",
    "nothing_deployed",
    origin="a small change, quickly made, by somebody who may",
)
def configuration_activated_outside_a_runbook(patches: Patches) -> None:
    """A setting is changed by the platform's own endpoints although no task asked for it."""

    def by_hand(sim: Simulation) -> None:
        patches.trigger()
        headers = sim.authorization(sim.ops_admin.user_id)
        body = {"settings": {"payout_jobs_per_run": 20}, "reason": "a small change"}
        with sim.context.acting("operator"):
            version = sim.http.post("/api/admin/configuration", json=body, headers=headers).json()["version"]
            for action in ("validate", "activate"):
                sim.http.post(f"/api/admin/configuration/{version}/{action}", json=body, headers=headers)

    patches.at(day=1, hour=5, act=by_hand)


@DEFECTS.sabotage(
    "no_manual_endpoints",
    origin="an impatient colleague with an admin token and a terminal",
)
def scheduler_triggered_outside_a_runbook(patches: Patches) -> None:
    """The payout scheduler is run by hand although no alert calls for it."""

    def by_hand(sim: Simulation) -> None:
        patches.trigger()
        with sim.context.acting("operator"):
            sim.http.post(
                "/api/admin/diagnostics/run-payout-scheduler", headers=sim.authorization(sim.ops_admin.user_id)
            )

    patches.at(day=1, hour=5, act=by_hand)


@DEFECTS.sabotage(
    "no_stripe_dashboard",
    "no_manual_endpoints",
    origin="a colleague who tries out the switch that the runbook has, to see whether it works",
)
def webhook_endpoint_switched_outside_a_runbook(patches: Patches) -> None:
    """Stripe's deliveries are switched to the standby endpoint and back by the platform, outside any execution."""

    def by_hand(sim: Simulation) -> None:
        headers = sim.authorization(sim.ops_admin.user_id)
        with sim.context.acting("operator"):
            for role in ("standby", "primary"):
                body = {"role": role, "reason": "trying it out"}
                if sim.http.post("/api/admin/stripe/webhook-endpoint", json=body, headers=headers).status_code == 200:
                    patches.trigger()

    patches.at(day=0, hour=20, act=by_hand)
