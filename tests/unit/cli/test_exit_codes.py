"""What the command line says, and returns, when something stops it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from psycopg.errors import DiskFull

from simulation.cli import main
from simulation.cli import scenarios as command
from simulation.errors import EnvironmentFault, SimulationError, UsageError
from simulation.run_directory import RunDirectory


def stopped_by(error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def broken() -> dict[str, Path]:
        raise error

    monkeypatch.setattr(command, "available_scenarios", broken)
    monkeypatch.setattr("sys.argv", ["simulate", "scenarios"])
    with pytest.raises(SystemExit) as exit_:
        main()
    return exit_.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError(place="a.yaml:3", problem="days: 0", remedy="1 or more"), 254, "a.yaml:3: days: 0\n  remedy: 1 or"),
        (EnvironmentFault(problem="no clock", remedy="install one"), 255, "no clock\n  remedy: install one"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 255, "No space left on device\n  remedy: free some disk"),
        (KeyboardInterrupt(), 130, "everything that was started is stopped"),
        (MemoryError(), 255, "there is not enough memory\n  remedy: "),
        (BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)), 255, "this says nothing about the platform"),
        (
            ModuleNotFoundError("No module named 'yaml'", name="yaml"),
            255,
            "the package yaml is not installed\n  remedy",
        ),
        (SystemExit(1), 255, "this says nothing about the platform"),
        (ZeroDivisionError("boom"), 255, "this says nothing about the platform"),
        (OSError(errno.EBADF, "odd"), 255, "this says nothing about the platform"),
    ],
)
def test_what_stops_a_command_is_said_with_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
):
    returned, told = stopped_by(error, monkeypatch, capsys)
    assert returned == code
    assert said in told


def test_a_full_disk_is_said_without_a_traceback_wherever_it_comes_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    wrapped = RuntimeError("insert failed")
    wrapped.__cause__ = DiskFull("could not extend file")
    said = stopped_by(wrapped, monkeypatch, capsys)[1]
    assert "no room is left where the throw-away database lives: could not extend file\n  remedy: free" in said
    assert "Traceback" not in said


def test_a_wrong_option_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.argv", ["simulate", "run", "--seed", "x"])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 254
    assert "'x' is not a valid integer" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error", [UsageError(place="a", problem="b", remedy="c"), EnvironmentFault(problem="d", remedy="e")]
)
@pytest.mark.parametrize("came_to_be", [False, True])
def test_a_command_that_is_stopped_leaves_no_empty_folder_and_keeps_latest(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: SimulationError,
    came_to_be: bool,
) -> None:
    before = RunDirectory.create(out=tmp_path, scenario="smoke", seed=1)
    before.history.write_text("{}\n")
    before.become_latest()

    def begun() -> dict[str, Path]:
        for scenario in ("smoke", "other"):
            directory = RunDirectory.create(out=tmp_path, scenario=scenario, seed=2)
            directory.scenario.write_text("name: smoke\n")
            directory.history.write_text("{}\n" if came_to_be else "")
        raise error

    monkeypatch.setattr(command, "available_scenarios", begun)
    monkeypatch.setattr("sys.argv", ["simulate", "scenarios"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out == ""
    assert (tmp_path / "smoke" / "latest").resolve() == before.path
    assert len(list((tmp_path / "smoke").iterdir())) == 2 + came_to_be
    assert (tmp_path / "other").exists() == came_to_be
