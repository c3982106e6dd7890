"""``simulate crashpoints`` of a backend that can do nothing with some of the scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from simulation.cli import crashpoints as command
from simulation.cli.commands import carry_out
from simulation.errors import UsageError
from simulation.paths import ROOT
from simulation.proof.crashpoints.kill import Ending
from simulation.proof.crashpoints.points import Point, points_of
from simulation.proof.crashpoints.stored import Stored
from simulation.scenario.faults.planned import PlannedFault
from tests.unit.test_crashpoints import learned, passings

STAGING = str(ROOT / "fixtures" / "targets" / "staging")


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[Point]:
    """The places at which the platform was killed; each run of which is survived. ``restore`` cannot be lived."""
    tried: list[Point] = []
    points = points_of(learned(passings(("UPDATE contests SET status = 'x'",))))

    def of(scenario: str, *_more: Any) -> list[Point]:
        if "restore" in scenario:
            raise UsageError(place=scenario, problem="nothing is lost here", remedy="leave it out")
        return points

    def survive(now: Sequence[Point], _killing: Any, stored: Stored, *_more: Any) -> None:
        for point in now:
            tried.append(point)
            stored.keep(Ending(point=point, outcome="survived", findings=(), directory=None, cpu_seconds=1.0))

    monkeypatch.setattr(command, "_points", of)
    monkeypatch.setattr(command, "_try", survive)
    assert points
    assert all(isinstance(point.fault, PlannedFault) for point in points)
    return tried


def test_one_that_nobody_named_is_left_out_and_said(
    killed: list[Point], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out(["crashpoints", "--target", STAGING, "--out", str(tmp_path)]) == 2
    assert killed
    assert "restore: left out: nothing is lost here" in capsys.readouterr().err


@pytest.mark.parametrize("target", [("--target", STAGING), ()])
def test_one_that_was_named_or_is_our_own_is_refused_before_anything_is_killed(
    target: tuple[str, ...], killed: list[Point], tmp_path: Path
) -> None:
    named = ("collect_settle_pay", "restore") if target else ()
    with pytest.raises(UsageError, match="nothing is lost here"):
        carry_out(["crashpoints", *named, *target, "--out", str(tmp_path)])
    assert killed == []


def test_where_all_are_left_out_it_says_so(
    killed: list[Point], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    (tmp_path / "restore.yaml").write_text("")
    with pytest.raises(UsageError, match="it can do nothing with any of the scenarios"):
        carry_out(["crashpoints", "--target", STAGING, "--out", str(tmp_path)])
    assert killed == []
