"""Migrations are written as SQL files; this runs one inside the migration's transaction."""

from pathlib import Path

from alembic import op


def run_file(name: str) -> None:
    """Execute every statement of `versions/<name>`; a percent sign in it is a percent sign."""
    sql = (Path(__file__).parent / "versions" / name).read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(sql, execution_options={"no_parameters": True})
