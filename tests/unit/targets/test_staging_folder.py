"""The target folder of the staging platform says of it what the platform in this process says."""

from __future__ import annotations

from simulation.paths import ROOT
from simulation.targets.process.loader import read_target
from simulation.targets.queries import load_queries

FOLDER = ROOT / "fixtures" / "targets" / "staging"


def test_its_queries_are_the_builtin_targets() -> None:
    assert read_target(FOLDER).relations == load_queries(ROOT / "simulation" / "targets" / "builtin" / "observe.sql")
