"""Runs 0019_events_in_any_order.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0019_events_in_any_order.sql")
