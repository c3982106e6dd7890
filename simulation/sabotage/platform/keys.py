"""Defects of admission: a break-glass token that permits more than it should, or is used outside its runbook."""

from __future__ import annotations

from typing import Any

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.access import break_glass
from simulation.world.operator.execution import Execution

DEFECTS = DefectRegistry("people", scenario="../runbooks/authentication_service_unavailable")


def _glass(sim: Simulation) -> dict[str, str]:
    token = sim.target.break_glass_token(subject=sim.ops_admin.user_id, ttl_seconds=3600)
    return {"Authorization": f"Bearer {token}"}


@DEFECTS.sabotage(
    "no_manual_endpoints",
    origin="a token that always works, in everybody's notes",
    how="person",
)
def break_glass_token_outside_a_runbook(patches: Patches) -> None:
    """Somebody looks at the payouts with the break-glass token during an emergency, but without an open runbook."""

    def look(sim: Simulation) -> None:
        patches.trigger()
        with sim.context.acting("operator"):
            sim.http.get("/api/admin/diagnostics/payouts", headers=_glass(sim))

    patches.at(day=0, hour=3, minute=33, act=look)


@DEFECTS.sabotage(
    "no_manual_endpoints",
    "runbook_steps_exact",
    origin="an emergency token made an admin's, because it was needed quickly",
)
def break_glass_token_opens_everything(patches: Patches) -> None:
    """The platform accepts the break-glass token for anything, and the operator uses it beyond its runbook."""
    patches.replace(break_glass, "admit", lambda _: lambda *_args, **_rest: None)
    stages: list[Simulation] = []
    patches.when_assembled(stages.append)

    def make(real: Any) -> Any:
        def perform(self: Any, step: Any) -> Any:
            if not patches.triggers:
                patches.trigger()
                with self._acting_at_terminal():
                    stages[0].http.post("/api/admin/diagnostics/run-payout-scheduler", headers=_glass(stages[0]))
            return (yield from real(self, step))

        return perform

    patches.replace(Execution, "_perform", make)
