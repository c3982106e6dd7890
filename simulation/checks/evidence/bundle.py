"""What an escalation must be sent with (fixtures/spec/requirements.md, R-16)."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from simulation.checks.evidence.case import Case
from simulation.events import Escalated, RunbookStep

_PARTS = ("alert", "diagnostics", "metrics", "log", "audit_trail", "affected_contests")


def lacking_in_bundle(case: Case, escalated: Escalated) -> str:
    """The parts that are missing or differ from the history, as text; empty when all are right."""
    bundle = escalated.bundle
    if not isinstance(bundle, Mapping):
        return "anything to begin with"
    lacking = [part.replace("_", " ") for part in _PARTS if not _is_there(bundle.get(part))]
    if not bundle.get("audit_trail") and "audit trail" not in lacking:
        lacking.append("audit trail")
    if escalated.execution_id is not None and not _has_the_steps(case, escalated.execution_id, bundle.get("execution")):
        lacking.append("the steps of the execution and their results")
    return ", ".join(lacking)


def _is_there(part: JsonValue) -> bool:
    return part is not None and part != "" and not (isinstance(part, Mapping) and "unavailable" in part)


def _has_the_steps(case: Case, execution_id: str, execution: JsonValue) -> bool:
    """Whether the bundle has each step that was carried out, in order, with whether it passed."""
    if not isinstance(execution, Mapping) or execution.get("id") != execution_id:
        return False
    steps = execution.get("steps")
    told = [
        (step.get("phase"), step.get("step"), step.get("outcome"))
        for step in (steps if isinstance(steps, list) else [])
        if isinstance(step, Mapping) and step.get("outcome") != "started"
    ]
    typed = [
        (step.section, step.step, "passed" if step.matched else "failed")
        for step in case.events(RunbookStep)
        if step.execution_id == execution_id
    ]
    return told == typed
