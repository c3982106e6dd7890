"""Runs 0026_cancelled_tournaments.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0026_cancelled_tournaments.sql")
