"""What people do who should be absent, or should only follow a runbook."""

from simulation.sabotage.people import (
    admin_endpoints,
    database,
    deployment,
    hosting_console,
    operators_desk,
    stripe_dashboard,
    tasks,
)
from simulation.sabotage.people.shelf import SHELF

__all__ = [
    "SHELF",
    "admin_endpoints",
    "database",
    "deployment",
    "hosting_console",
    "operators_desk",
    "stripe_dashboard",
    "tasks",
]
