"""Runs 0013_operations_events.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0013_operations_events.sql")
