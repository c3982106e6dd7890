"""Runs 0018_idempotency_keys.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0018_idempotency_keys.sql")
