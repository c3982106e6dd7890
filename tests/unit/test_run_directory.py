"""``latest`` names a folder that has everything in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import EnvironmentFault
from simulation.run_directory import RunDirectory


def _create(out: Path) -> RunDirectory:
    return RunDirectory.create(out=out, scenario="smoke", seed=1)


def test_latest_moves_when_a_run_is_whole_and_not_before(tmp_path: Path) -> None:
    latest = tmp_path / "smoke" / "latest"
    good = _create(tmp_path)
    assert not latest.exists()
    good.become_latest()
    assert latest.resolve() == good.path

    broken_off = _create(tmp_path)
    assert broken_off.path != good.path
    assert latest.resolve() == good.path

    next_good = _create(tmp_path)
    next_good.become_latest()
    assert latest.resolve() == next_good.path
    assert not list((tmp_path / "smoke").glob(".latest*"))


def test_a_folder_that_cannot_be_written_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot write the run's folder"):
        _create(tmp_path / "file")
    directory = _create(tmp_path)
    (tmp_path / "smoke" / "latest").mkdir()
    (tmp_path / "smoke" / "latest" / "kept").touch()
    with pytest.raises(EnvironmentFault, match="cannot write the run's folder"):
        directory.become_latest()
