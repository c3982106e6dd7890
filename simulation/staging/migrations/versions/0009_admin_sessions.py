"""Runs 0009_admin_sessions.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0009"
down_revision = "0007"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0009_admin_sessions.sql")
