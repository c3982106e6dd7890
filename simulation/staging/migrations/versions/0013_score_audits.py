"""Runs 0013_score_audits.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0013"
down_revision = "0015"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0013_score_audits.sql")
