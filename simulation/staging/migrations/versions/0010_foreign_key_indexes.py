"""Runs 0010_foreign_key_indexes.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0010_foreign_key_indexes.sql")
