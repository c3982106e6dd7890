"""Runs 0027_currencies.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0027_currencies.sql")
