"""The next operator on shift: finds the execution in progress through the admin API, and goes on as the runbooks'
README says.

The platform's record is all there is: which steps began and ended, and what they captured.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from simulation.world.operator.audit_trail import AuditTrail, NotRecorded
from simulation.world.operator.execution import LeftOpen
from simulation.world.operator.runbook import Runbook


def find_left_open(trail: AuditTrail, runbook: Runbook) -> LeftOpen:
    """The one execution of the runbook that is in progress. Raises :class:`NotRecorded` when there is none."""
    for execution in trail.left_open():
        if execution.get("runbook_name") == runbook.name:
            return _read(execution, runbook)
    raise NotRecorded(f"no execution of {runbook.name} is in progress")


def _read(execution: Mapping[str, JsonValue], runbook: Runbook) -> LeftOpen:
    """Read an execution's record. A writing step that began counts as having written, even if its end is not
    recorded."""
    recorded = execution.get("steps")
    steps = [step for step in (recorded if isinstance(recorded, list) else []) if isinstance(step, dict)]
    begun = {(step.get("phase"), step.get("step")) for step in steps}
    writing = {(step.section.value, step.number) for of in runbook.steps.values() for step in of if step.writes}
    captures: dict[str, str] = {}
    for step in steps:
        detail = step.get("detail")
        captured = detail.get("captured") if isinstance(detail, dict) else None
        captures |= {str(name): str(text) for name, text in captured.items()} if isinstance(captured, dict) else {}
    last = steps[-1] if steps else {}
    return LeftOpen(
        execution_id=str(execution["id"]),
        started_at=datetime.fromisoformat(str(execution["start_time"]).replace("Z", "+00:00")),
        last=f"{str(last.get('phase', 'the start')).capitalize()} step {last.get('step', 0)}",
        captures=captures,
        passed=sum(step.get("outcome") == "passed" for step in steps),
        wrote=bool(begun & writing),
    )
