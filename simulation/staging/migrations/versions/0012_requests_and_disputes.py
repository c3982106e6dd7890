"""Runs 0012_requests_and_disputes.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0012_requests_and_disputes.sql")
