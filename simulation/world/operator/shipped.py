"""What the jury is told of a runbook before anybody carries it out: the file's digest, and that of each step."""

from __future__ import annotations

import hashlib

from simulation.events import ShippedRunbook, step_digest
from simulation.world.operator.runbook import Runbook


def shipped(runbook: Runbook) -> ShippedRunbook:
    """The file is read again: what an operator has in hand may differ from it by then."""
    return ShippedRunbook(
        sha256=hashlib.sha256(runbook.path.read_bytes()).hexdigest(),
        steps={
            f"{step.section} {step.number}": step_digest(step.command, "\n".join(step.expected))
            for steps in runbook.steps.values()
            for step in steps
        },
    )
