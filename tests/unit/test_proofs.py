"""What a run proves by trying."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from simulation.assembly import Simulation
from simulation.assembly.probes import _database_refuses


def test_a_server_that_is_not_there_has_refused_nobody(tmp_path: Path) -> None:
    database = SimpleNamespace(conninfo=lambda role, application: f"host={tmp_path} user={role} dbname=main")
    refused, detail = _database_refuses(cast(Simulation, SimpleNamespace(database=database)), "founder")
    assert not refused
    assert "No such file or directory" in detail
