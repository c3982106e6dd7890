"""What a run proves by trying."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from simulation.assembly import Simulation
from simulation.assembly.probes import _database_refuses
from simulation.errors import EnvironmentFault


def test_a_server_that_is_not_there_has_refused_nobody(tmp_path: Path) -> None:
    database = SimpleNamespace(conninfo=lambda role, application: f"host={tmp_path} user={role} dbname=main")
    with pytest.raises(EnvironmentFault, match=r"did not answer the probe of role founder.*No such file or directory"):
        _database_refuses(cast(Simulation, SimpleNamespace(database=database)), "founder")
