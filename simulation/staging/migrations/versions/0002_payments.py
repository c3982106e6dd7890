"""Runs 0002_payments.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0002_payments.sql")
