"""Runs 0006_runbook_phases.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0006_runbook_phases.sql")
