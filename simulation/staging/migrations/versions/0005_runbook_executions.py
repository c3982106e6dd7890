"""Runs 0005_runbook_executions.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0005_runbook_executions.sql")
