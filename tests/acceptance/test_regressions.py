"""Runs that once failed although nothing was planted, each with the seed that its first line names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulation.paths import SCENARIOS_FOLDER
from tests.acceptance.conftest import Simulate

FILES = sorted((SCENARIOS_FOLDER / "regressions").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_mended_seed_stays_mended(file: Path, simulate: Simulate) -> None:
    named = re.match(r"# seed: (\d+)\n", file.read_text(encoding="utf-8"))
    assert named is not None, f"{file}: the first line must be '# seed: <N>'"

    result = simulate(str(file), seed=int(named[1]))

    assert result.verdict.outcome == "pass", [check for check in result.verdict.results if check.findings]
