"""Runs 0001_contests.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0001_contests.sql")
