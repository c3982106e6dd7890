"""People at the admin's endpoints outside any runbook."""

from __future__ import annotations

from typing import Any

from simulation.assembly import Stage
from simulation.sabotage.patches import Plot
from simulation.sabotage.people.shelf import SHELF


@SHELF.sabotage(
    "founder_revoked",
    "no_manual_endpoints",
    origin="tokens that stay valid until they expire, whatever becomes of the account",
)
def founders_token_still_works(plot: Plot) -> None:
    """The founder's admin token is never revoked, and is used."""

    def keep(on: Stage) -> None:
        founder = on.founder_admin.user_id
        path = f"/api/admin/users/{founder}/revoke-admin"
        real_post = on.http.post

        def post(url: str, **rest: Any) -> Any:
            return on.http.get("/health") if url == path else real_post(url, **rest)

        plot.replace(on.http, "post", lambda _: post)

        def look() -> None:
            with on.context.acting("founder"):
                on.get("/api/admin/contests", subject=founder)

        plot.later(on, day=1, hour=4, act=look)

    plot.when_staged(keep)


@SHELF.sabotage(
    "no_manual_endpoints",
    "nothing_deployed",
    origin="a small change, quickly made, by somebody who may",
)
def configuration_activated_outside_a_runbook(plot: Plot) -> None:
    """A setting is changed by the platform's own endpoints although no task asked for it."""

    def by_hand(on: Stage) -> None:
        plot.trigger()
        headers = on.authorization(on.ops_admin.user_id)
        body = {"settings": {"payout_jobs_per_run": 20}, "reason": "a small change"}
        with on.context.acting("operator"):
            version = on.http.post("/api/admin/configuration", json=body, headers=headers).json()["version"]
            for action in ("validate", "activate"):
                on.http.post(f"/api/admin/configuration/{version}/{action}", json=body, headers=headers)

    plot.at(day=1, hour=5, act=by_hand)


@SHELF.sabotage(
    "no_manual_endpoints",
    origin="an impatient colleague with an admin token and a terminal",
)
def scheduler_triggered_outside_a_runbook(plot: Plot) -> None:
    """The payout scheduler is run by hand although no alert calls for it."""

    def by_hand(on: Stage) -> None:
        plot.trigger()
        with on.context.acting("operator"):
            on.http.post("/api/admin/diagnostics/run-payout-scheduler", headers=on.authorization(on.ops_admin.user_id))

    plot.at(day=1, hour=5, act=by_hand)


@SHELF.sabotage(
    "no_stripe_dashboard",
    "no_manual_endpoints",
    origin="a colleague who tries out the switch that the runbook has, to see whether it works",
)
def webhook_endpoint_switched_outside_a_runbook(plot: Plot) -> None:
    """Stripe's deliveries are switched to the standby endpoint and back by the platform, outside any execution."""

    def by_hand(on: Stage) -> None:
        headers = on.authorization(on.ops_admin.user_id)
        with on.context.acting("operator"):
            for role in ("standby", "primary"):
                body = {"role": role, "reason": "trying it out"}
                if on.http.post("/api/admin/stripe/webhook-endpoint", json=body, headers=headers).status_code == 200:
                    plot.trigger()

    plot.at(day=0, hour=20, act=by_hand)
