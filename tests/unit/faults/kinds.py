"""Faults by their kind, as a scenario would have them."""

from __future__ import annotations

from typing import Any

from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import KINDS


def fault(kind: str, **fields: Any) -> Fault:
    """``id`` is ``f`` unless it is given."""
    return KINDS[kind].model_validate({"id": "f", "kind": kind, **fields})
