"""Runs 0017_dispute_endings.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0017_dispute_endings.sql")
