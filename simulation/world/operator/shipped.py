"""Digests of a runbook and its steps, recorded before it is carried out, so that the jury can compare."""

from __future__ import annotations

import hashlib

from simulation.events import ShippedRunbook, step_digest
from simulation.world.operator.runbook import Runbook


def shipped(runbook: Runbook) -> ShippedRunbook:
    """Digests of a runbook's steps, and of its file, which is read anew: it may have changed since it was loaded."""
    return ShippedRunbook(
        sha256=hashlib.sha256(runbook.path.read_bytes()).hexdigest(),
        steps={
            f"{step.section} {step.number}": step_digest(step.command, "\n".join(step.expected))
            for steps in runbook.steps.values()
            for step in steps
        },
    )
