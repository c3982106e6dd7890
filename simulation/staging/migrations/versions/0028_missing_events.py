"""Runs 0028_missing_events.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0028_missing_events.sql")
