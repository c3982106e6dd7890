"""Runs 0023_restricted_accounts.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0023_restricted_accounts.sql")
