"""Defects of process: people act who should be absent, or who should only follow a runbook."""

from simulation.sabotage.people import (
    admin_endpoints,
    database,
    deployment,
    hosting_console,
    operators_desk,
    stripe_dashboard,
    tasks,
)
from simulation.sabotage.people.registry import DEFECTS

__all__ = [
    "DEFECTS",
    "admin_endpoints",
    "database",
    "deployment",
    "hosting_console",
    "operators_desk",
    "stripe_dashboard",
    "tasks",
]
