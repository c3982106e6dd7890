"""Operational tasks that are not done, and some that nobody asked for."""

from __future__ import annotations

from typing import Any

from simulation.assembly import Simulation
from simulation.events import TaskDue
from simulation.sabotage.patches import Patches
from simulation.sabotage.people.registry import DEFECTS
from simulation.world.operator.occasion import Occasion
from simulation.world.operator.robot import OperatorRobot


@DEFECTS.sabotage(
    "promised_events",
    origin="a calendar entry of somebody who has left",
    scenario="idle",
)
def task_left_undone(patches: Patches) -> None:
    """A task that was planned comes due, and nobody carries it out."""

    def make(real: Any) -> Any:
        def take(self: OperatorRobot, occasion: Occasion) -> None:
            if occasion.task_id is None:
                real(self, occasion)
            else:
                patches.trigger()

        return take

    patches.replace(OperatorRobot, "_take", make)


@DEFECTS.sabotage(
    "no_manual_endpoints",
    origin="while I am here: a restart that seemed due, by the book and by nobody's order",
    scenario="idle",
)
def task_that_nobody_promised(patches: Patches) -> None:
    """An operator carries out a task, exactly as its runbook says, that was not planned before the absence."""

    def carry_out(sim: Simulation) -> None:
        due = TaskDue(task_id="task-9", runbook="restart_services", at=sim.kernel.now, cause="task-9:restart_services")
        sim.operator._take(Occasion.of_task(due))
        patches.trigger()

    patches.at(day=0, hour=20, act=carry_out)
