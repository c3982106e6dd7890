"""Defects of the ways in: a token for emergencies that opens more than it should, or is used when there is none."""

from __future__ import annotations

from typing import Any

from simulation.assembly import Stage
from simulation.sabotage.patches import Plot
from simulation.sabotage.registry import Shelf
from simulation.staging.access import break_glass
from simulation.world.operator.execution import Execution

SHELF = Shelf("people", scenario="../runbooks/authentication_service_unavailable")


def _glass(on: Stage) -> dict[str, str]:
    token = on.target.break_glass_token(subject=on.ops_admin.user_id, ttl_seconds=3600)
    return {"Authorization": f"Bearer {token}"}


@SHELF.sabotage(
    "no_manual_endpoints",
    origin="a token that always works, in everybody's notes",
    how="person",
)
def break_glass_token_outside_a_runbook(plot: Plot) -> None:
    """Somebody looks at the payouts with the token for emergencies, while there is one and no runbook is open."""

    def look(on: Stage) -> None:
        plot.trigger()
        with on.context.acting("operator"):
            on.http.get("/api/admin/diagnostics/payouts", headers=_glass(on))

    plot.at(day=0, hour=3, minute=33, act=look)


@SHELF.sabotage(
    "no_manual_endpoints",
    "runbook_steps_exact",
    origin="an emergency token made an admin's, because it was needed quickly",
)
def break_glass_token_opens_everything(plot: Plot) -> None:
    """The platform lets the emergency token do anything, and within its runbook the operator does something else."""
    plot.replace(break_glass, "admit", lambda _: lambda *_args, **_rest: None)
    stages: list[Stage] = []
    plot.when_staged(stages.append)

    def make(real: Any) -> Any:
        def perform(self: Any, step: Any) -> Any:
            if not plot.triggers:
                plot.trigger()
                with self._acting_at_terminal():
                    stages[0].http.post("/api/admin/diagnostics/run-payout-scheduler", headers=_glass(stages[0]))
            return (yield from real(self, step))

        return perform

    plot.replace(Execution, "_perform", make)
