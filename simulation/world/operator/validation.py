"""Rules between the parts of a runbook, checked before it may be carried out."""

from __future__ import annotations

from collections.abc import Mapping

from simulation.world.operator.complaints import Complaints, Part
from simulation.world.operator.markdown import SectionDraft
from simulation.world.operator.match import names_in
from simulation.world.operator.runbook import Branch, Place, Runbook, Section, Step


def validate(runbook: Runbook, *, sections: Mapping[Section, SectionDraft], complaints: Complaints) -> None:
    """Complain of a name, a number of steps or a branch that does not fit the rest."""
    if runbook.name != runbook.path.stem:
        complaints.add(
            Part.FRONT_MATTER,
            line=2,
            problem=f"the runbook calls itself {runbook.name!r}",
            remedy=f"its name is its file's: {runbook.path.stem}",
        )
    for section in runbook.kind.happy_path:
        if not sections[section].steps:
            complaints.add(
                Part.SECTIONS,
                line=sections[section].line,
                problem=f"{section.heading} has no step",
                remedy="state its commands, each under a heading '### N. What this step does'",
            )
    captured: set[str] = set()
    for section in runbook.kind.value:
        for step in runbook.steps[section]:
            captured |= {name for line in step.expected for name in names_in(line)}
            _validate_branches(step, runbook, captured, complaints)


def _validate_branches(step: Step, runbook: Runbook, captured: set[str], complaints: Complaints) -> None:
    if not step.branches:
        return
    if step.section not in runbook.kind.happy_path:
        _complain(complaints, step.branches[0], f"{step.section.heading} takes no branches", "put it in the command")
        return
    *conditions, last = step.branches
    if last.capture is not None or any(branch.capture is None for branch in conditions):
        remedy = "end them, once, with '- otherwise, continue'"
        _complain(complaints, last, "the conditions do not cover every case", remedy)
    for branch in step.branches:
        if branch.capture is not None and branch.capture not in captured:
            problem = f"[{branch.capture}] was not captured before"
            _complain(complaints, branch, problem, "capture it in this or an earlier output")
        if isinstance(branch.target, Place):
            _validate_target(branch, branch.target, step, runbook, complaints)


def _validate_target(branch: Branch, target: Place, step: Step, runbook: Runbook, complaints: Complaints) -> None:
    """A branch only leads forward on the happy path: the audit trail's phase and step never go back."""
    path = runbook.kind.happy_path
    goes_forward = target.section in path and (path.index(target.section), target.step) > (
        path.index(step.section),
        step.number,
    )
    if not goes_forward or target.step > len(runbook.steps[target.section]):
        _complain(
            complaints,
            branch,
            f"it leads to {target.section.heading} step {target.step}",
            "name an existing later step outside Rollback and Escalation; repeat by a loop within one command",
        )


def _complain(complaints: Complaints, branch: Branch, problem: str, remedy: str) -> None:
    complaints.add(Part.BRANCHES, line=branch.line, problem=f"branch: {problem}", remedy=remedy)
