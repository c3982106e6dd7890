"""Operational tasks that are not done, and some that nobody asked for."""

from __future__ import annotations

from typing import Any

from simulation.assembly import Stage
from simulation.events import TaskDue
from simulation.sabotage.patches import Plot
from simulation.sabotage.people.shelf import SHELF
from simulation.world.operator.occasion import Occasion
from simulation.world.operator.robot import OperatorRobot


@SHELF.sabotage(
    "promised_events",
    origin="a calendar entry of somebody who has left",
    scenario="idle",
)
def task_left_undone(plot: Plot) -> None:
    """A task that was planned comes due, and nobody carries it out."""

    def make(real: Any) -> Any:
        def take(self: OperatorRobot, occasion: Occasion) -> None:
            if occasion.task_id is None:
                real(self, occasion)
            else:
                plot.trigger()

        return take

    plot.replace(OperatorRobot, "_take", make)


@SHELF.sabotage(
    "no_manual_endpoints",
    origin="while I am here: a restart that seemed due, by the book and by nobody's order",
    scenario="idle",
)
def task_that_nobody_promised(plot: Plot) -> None:
    """An operator carries out a task, exactly as its runbook says, that was not planned before the absence."""

    def carry_out(on: Stage) -> None:
        due = TaskDue(task_id="task-9", runbook="restart_services", at=on.kernel.now, cause="task-9:restart_services")
        on.operator._take(Occasion.of_task(due))
        plot.trigger()

    plot.at(day=0, hour=20, act=carry_out)
