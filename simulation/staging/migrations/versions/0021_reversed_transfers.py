"""Runs 0021_reversed_transfers.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0021_reversed_transfers.sql")
