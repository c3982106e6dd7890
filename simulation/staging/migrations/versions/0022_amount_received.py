"""Runs 0022_amount_received.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0022_amount_received.sql")
