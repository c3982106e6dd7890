"""Runs 0007_payout_holds.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0007_payout_holds.sql")
