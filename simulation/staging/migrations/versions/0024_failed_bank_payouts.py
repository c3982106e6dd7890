"""Runs 0024_failed_bank_payouts.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0024_failed_bank_payouts.sql")
