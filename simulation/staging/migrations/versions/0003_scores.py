"""Runs 0003_scores.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0003_scores.sql")
