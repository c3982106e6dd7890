"""Rule RB054: every runbook has its own scenario."""

from __future__ import annotations

from collections.abc import Iterator

from simulation.runbook_lint.material import Material, RunbookSet
from simulation.runbook_lint.rule import Flaw, book_rule
from simulation.scenario.model import Scenario


@book_rule("RB054", "Every runbook has a scenario of its own that calls for it")
def scenario_calls_for_it(book: RunbookSet, material: Material) -> Iterator[Flaw]:
    file = material.scenario_file(book.file.stem)
    if not file.is_file():
        yield Flaw(
            line=1,
            message=f"there is no {file.relative_to(file.parents[2])}",
            remedy="write the scenario that brings the platform into the failure, or that promises the task",
        )
        return
    scenario = material.scenario(file)
    if scenario is not None and book.file.stem not in _called_for(scenario):
        yield Flaw(
            file=file,
            line=1,
            message=f"neither a fault nor a task of this scenario calls for {book.file.stem}",
            remedy="expect: {runbook: …} of a fault, or operator: {tasks: [{at: …, runbook: …}]}",
        )


def _called_for(scenario: Scenario) -> set[str | None]:
    return {
        *(fault.expect.runbook for fault in scenario.faults),
        *(task.runbook for task in scenario.operator.tasks),
    }
