"""Where the project keeps what it comes with."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS_FOLDER = ROOT / "scenarios"
DEFAULT_SCENARIO = "founder_absence_14d"
RUNBOOK_INDEX = "README.md"
"""The one file among runbooks that is none: the index, and how to follow and write one."""
RUNBOOKS_FOLDER = ROOT / "fixtures" / "runbooks"
ALERTS_FOLDER = ROOT / "fixtures" / "alerts"
SCHEMA_SNAPSHOT = ROOT / "fixtures" / "schema.snapshot.sql"
OPENAPI = ROOT / "fixtures" / "openapi.json"
PLATFORM_FACTS = ROOT / "fixtures" / "spec" / "platform.md"
RELEASES_FOLDER = ROOT / "fixtures" / "releases"
POSTGRES_FOLDER = ROOT / "fixtures" / "postgres"
"""Settings, roles and start script of the run's server, the same in every environment."""
COMPOSE_FILE = ROOT / "docker-compose.sim.yml"
COMPOSE_CLOCK_FOLDER = ROOT / ".simulate" / "clock"
"""What that file mounts: the clock of a run in the environment ``compose``, and the library that reads it."""
STAGING_TARGET_FOLDER = ROOT / "fixtures" / "targets" / "staging"


def runbook_files(folder: Path) -> list[Path]:
    """The runbooks of a folder, ``<name>.md``, sorted."""
    return sorted(file for file in folder.glob("*.md") if file.name != RUNBOOK_INDEX)
