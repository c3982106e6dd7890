"""Where the project keeps what it comes with."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS_FOLDER = ROOT / "scenarios"
RUNBOOKS_FOLDER = ROOT / "fixtures" / "runbooks"
ALERTS_FOLDER = ROOT / "fixtures" / "alerts"
SCHEMA_SNAPSHOT = ROOT / "fixtures" / "schema.snapshot.sql"
