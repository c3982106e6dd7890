"""Runs 0014_score_audits.sql."""

from simulation.staging.migrations.sql import run_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create what the SQL file of the same name holds."""
    run_file("0014_score_audits.sql")
