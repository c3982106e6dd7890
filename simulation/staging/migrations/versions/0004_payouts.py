"""Runs 0004_payouts.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0004_payouts.sql")
