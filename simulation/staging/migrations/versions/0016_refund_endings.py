"""Runs 0016_refund_endings.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0016_refund_endings.sql")
