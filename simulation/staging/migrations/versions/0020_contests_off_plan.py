"""Runs 0020_contests_off_plan.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0020_contests_off_plan.sql")
