"""What must hold for a runbook as a whole before anybody may start it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from simulation.errors import UsageError
from simulation.world.operator.match import names_in
from simulation.world.operator.runbook import Branch, Place, Runbook, Section, Step


def validate(runbook: Runbook, *, file: Path, section_lines: Mapping[Section, int]) -> None:
    """Raise :class:`UsageError` for a name, a number of steps or a branch that does not fit the rest."""
    if runbook.name != file.stem:
        raise UsageError(
            place=f"{file}:2",
            problem=f"the runbook calls itself {runbook.name!r}",
            remedy=f"its name is its file's: {file.stem}",
        )
    for section in runbook.kind.happy_path:
        if not runbook.steps[section]:
            raise UsageError(
                place=f"{file}:{section_lines[section]}",
                problem=f"{section.heading} has no step",
                remedy="state its commands, each under a heading '### N. What this step does'",
            )
    captured: set[str] = set()
    for section in runbook.kind.value:
        for step in runbook.steps[section]:
            captured |= {name for line in step.expected for name in names_in(line)}
            _validate_branches(step, runbook, captured, file=file)


def _validate_branches(step: Step, runbook: Runbook, captured: set[str], *, file: Path) -> None:
    if not step.branches:
        return
    if step.section not in runbook.kind.happy_path:
        raise _refusal(file, step.branches[0], f"{step.section.heading} takes no branches", "put it in the command")
    *conditions, last = step.branches
    if last.capture is not None or any(branch.capture is None for branch in conditions):
        raise _refusal(
            file, last, "the conditions do not cover every case", "end them, once, with '- otherwise, continue'"
        )
    for branch in step.branches:
        if branch.capture is not None and branch.capture not in captured:
            raise _refusal(
                file, branch, f"[{branch.capture}] was not captured before", "capture it in this or an earlier output"
            )
        if isinstance(branch.target, Place):
            _validate_target(branch, branch.target, step, runbook, file=file)


def _validate_target(branch: Branch, target: Place, step: Step, runbook: Runbook, *, file: Path) -> None:
    """A branch only leads forward on the happy path: the audit trail's phase and step never go back."""
    path = runbook.kind.happy_path
    goes_forward = target.section in path and (path.index(target.section), target.step) > (
        path.index(step.section),
        step.number,
    )
    if not goes_forward or target.step > len(runbook.steps[target.section]):
        raise _refusal(
            file,
            branch,
            f"it leads to {target.section.heading} step {target.step}",
            "name an existing later step outside Rollback and Escalation; repeat by a loop within one command",
        )


def _refusal(file: Path, branch: Branch, problem: str, remedy: str) -> UsageError:
    return UsageError(place=f"{file}:{branch.line}", problem=f"branch: {problem}", remedy=remedy)
