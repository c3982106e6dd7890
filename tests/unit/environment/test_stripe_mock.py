"""Finding a stripe-mock, and what is said where it cannot be run."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.environment.stripe_mock import BINARY_VARIABLE, MockAnswer, binary_version, find_binary, stripe_mock
from simulation.errors import EnvironmentFault


def test_the_variable_is_taken_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").touch()
    monkeypatch.setenv(BINARY_VARIABLE, str(tmp_path / "mine"))
    assert find_binary() == tmp_path / "mine"


def test_a_variable_that_names_nothing_is_a_fault_not_a_missing_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BINARY_VARIABLE, str(tmp_path / "nothing"))
    with pytest.raises(EnvironmentFault, match="which is not there"):
        find_binary()


def test_a_binary_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "stripe-mock").touch()
    with pytest.raises(EnvironmentFault, match="cannot be run"):
        binary_version(tmp_path / "stripe-mock")


def test_without_a_binary_the_embedded_environment_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(BINARY_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with stripe_mock("embedded", folder=tmp_path) as mock:
        assert mock is None


def test_a_refusal_carries_its_complaint() -> None:
    assert MockAnswer(status=400, body={"error": {"message": "no"}}).complaint == "no"
    assert MockAnswer(status=200, body={}).complaint == ""
