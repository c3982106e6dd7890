"""Runs 0011_configuration.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0011_configuration.sql")
