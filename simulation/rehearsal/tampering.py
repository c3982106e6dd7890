"""Alters the expected output of one runbook step, so that the step counts as failed though the output is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from simulation.rehearsal.watcher import StepPlace
from simulation.world.operator.runbook import Runbook

SPOILT = "an answer that nobody gives: put in by the rehearsal"


def with_spoilt_answer(runbooks: Sequence[Runbook], *, name: str, at: StepPlace) -> tuple[Runbook, ...]:
    """The same runbooks, but step ``at`` of runbook ``name`` expects one more line than it gets."""
    return tuple(_spoilt(runbook, at) if runbook.name == name else runbook for runbook in runbooks)


def _spoilt(runbook: Runbook, at: StepPlace) -> Runbook:
    steps = {
        section: tuple(
            replace(step, expected=(*step.expected, SPOILT))
            if (step.section.value, step.number) == (at.section, at.number)
            else step
            for step in of_section
        )
        for section, of_section in runbook.steps.items()
    }
    assert steps != runbook.steps, f"{runbook.name} has no {at}"
    return replace(runbook, steps=steps)
