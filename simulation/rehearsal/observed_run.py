"""Runs a runbook's scenario for one of the three ways, and keeps what is needed to judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from simulation.assembly import RunRequest
from simulation.checks.evidence.case import Case, WitnessedExecution
from simulation.events import Escalated, Exchange, RunbookStep
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.rehearsal.changes import StateDifference, net_changes
from simulation.rehearsal.watcher import StepPlace, Watcher
from simulation.run import carry_out
from simulation.run_directory import RunDirectory
from simulation.world.operator.runbook import Runbook, Section


@dataclass(frozen=True)
class Lived:
    """A finished run. ``execution`` is the runbook's first, None when it was never started."""

    runbook: Runbook
    directory: RunDirectory
    history: History
    relations: Mapping[str, str]
    configuration: Sequence[Mapping[str, str]]
    refused: int

    @cached_property
    def case(self) -> Case:
        started = self.history.started
        return Case(self.history, started.governance if started is not None else NO_GOVERNANCE)

    @cached_property
    def execution(self) -> WitnessedExecution | None:
        named = (item for item in self.case.executions if item.started.runbook == self.runbook.name)
        return next(named, None)

    @property
    def steps(self) -> tuple[RunbookStep, ...]:
        return () if self.execution is None else self.execution.steps

    def steps_of(self, section: Section) -> tuple[RunbookStep, ...]:
        return tuple(step for step in self.steps if step.section == section.value)

    @property
    def first_writing(self) -> RunbookStep | None:
        """The first writing step that was carried out, Rollback and Escalation left out; None when there was none."""
        path = {section.value for section in self.runbook.kind.happy_path}
        return next((step for step in self.steps if step.writes and step.section in path), None)

    @property
    def escalations(self) -> tuple[Escalated, ...]:
        if self.execution is None:
            return ()
        own = self.execution.started.execution_id
        return tuple(event for event in self.history.of(Escalated) if event.execution_id == own)

    def requests_of(self, step: RunbookStep) -> tuple[Exchange, ...]:
        """The requests that a step's command made to the platform."""
        return tuple(event for event in self.history.of(Exchange) if event.request_id in step.request_ids)

    @cached_property
    def left_changed(self) -> tuple[StateDifference, ...]:
        """Changes that the execution did not undo, except in relations that the runbook declares irreversible."""
        if self.execution is None:
            return ()
        found = net_changes(self.case, self.execution, self.relations)
        return tuple(difference for difference in found if difference.relation not in self.runbook.irreversible)


def live(request: RunRequest, runbook: Runbook, watcher: Watcher) -> Lived:
    """Run the scenario in a new run directory, watched by ``watcher``.

    :raises SimulationError: the run broke off.
    """
    directory = RunDirectory.create(out=request.out, scenario=request.scenario.name, seed=request.seed)
    history = carry_out(request, directory, watcher, plant=watcher.take_place)
    return Lived(runbook, directory, history, watcher.relations, tuple(watcher.configuration), watcher.refused)


def place_of(step: RunbookStep) -> StepPlace:
    return StepPlace(section=step.section, number=step.step)
