"""Operational tasks that the scenario plans, and the executions that carry them out.

Source: simulation/DESIGN.md (Where the specification pulls two ways): admin endpoints belong to an execution that an
alert started, or to one for a task that was planned before the absence began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from simulation.checks.base import Inquiry
from simulation.checks.evidence.case import Case, WitnessedExecution
from simulation.checks.evidence.handover import handed_over
from simulation.checks.evidence.keys import Keys
from simulation.events import Exchange, HostingAction, TaskDue
from simulation.scenario.settings import OperatorTask

OPERATORS = frozenset({"operator", "operator_robot"})
_IN_TIME = timedelta(hours=1)
"""How late a task may start: the operator may be busy with an alert."""


def promised_tasks(case: Case) -> Mapping[str, OperatorTask]:
    """Task id → the task as the scenario plans it."""
    return {f"task-{number}": task for number, task in enumerate(case.scenario.operator.tasks, start=1)}


def of_promised_tasks(case: Case) -> Iterator[WitnessedExecution]:
    """Executions of planned tasks: one for each task, of its runbook, not before its time."""
    promised = dict(promised_tasks(case))
    for execution in case.executions:
        task = promised.get(execution.started.task_id or "")
        if task is None or execution.started.runbook != task.runbook or execution.started.at < task.at:
            continue
        if execution.started.execution_id not in handed_over(case):
            del promised[execution.started.task_id or ""]
        yield execution


def promised_tasks_done(case: Case, inquiry: Inquiry) -> None:
    """Part of ``promised_events``: each task became due at its time, was started within the hour and was completed."""
    due = {event.task_id: event for event in case.events(TaskDue)}
    done = {execution.started.task_id: execution for execution in of_promised_tasks(case)}
    for task_id, task in promised_tasks(case).items():
        inquiry.examine()
        name, event, execution = f"{task_id} ({task.runbook})", due.get(task_id), done.get(task_id)
        keys = Keys(task_id=task_id, runbook=task.runbook) if execution is None else execution.keys
        if event is None or event.at != task.at or event.runbook != task.runbook:
            expected = f"{task.at:%Y-%m-%d %H:%M}"
            inquiry.find(name, "the task did not come due at its time", keys=keys, expected=expected)
        elif execution is None:
            inquiry.find(name, "nobody carried the task out", keys=keys, events=(event,))
        elif execution.started.at > task.at + _IN_TIME:
            inquiry.find(
                name,
                "the task was taken up too late",
                keys=keys,
                expected=f"by {task.at + _IN_TIME:%Y-%m-%d %H:%M}",
                actual=f"{execution.started.at:%Y-%m-%d %H:%M}",
                events=(execution.started,),
            )
        elif execution.ended is None or execution.ended.status != "completed":
            inquiry.find(name, "the task was not completed", keys=keys, events=(execution.started, execution.ended))


def legitimate_executions(case: Case) -> frozenset[str]:
    """Ids of the executions that answer an alert or carry out a planned task."""
    promised = (item.started.execution_id for item in of_promised_tasks(case))
    alerted = (item.started.execution_id for item in case.executions if item.started.alert_id is not None)
    return frozenset((*promised, *alerted))


def within_an_execution(case: Case, act: Exchange | HostingAction, legitimate: frozenset[str]) -> bool:
    """Whether an operator made this request or action during one of these executions."""
    if act.actor not in OPERATORS or act.execution_id not in legitimate:
        return False
    return any(
        execution.started.execution_id == act.execution_id
        and execution.started.seq < act.seq
        and (execution.ended is None or act.seq < execution.ended.seq)
        for execution in case.executions
    )
