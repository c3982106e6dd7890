"""Runs 0015_webhook_operations.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0015_webhook_operations.sql")
