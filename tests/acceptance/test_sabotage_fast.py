"""A fast part of the sabotage: a few defects of different kinds, each caught by name; the whole is `make sabotage`."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.sabotage.catalogue import CATALOGUE
from simulation.sabotage.ruling import rule
from simulation.sabotage.trial import Trial, attempt

FEW = (
    "settlement-repeated-with-another-result",
    "transition-without-audit-row",
    "superuser-repairs-a-row-with-triggers-disabled",
    "check-that-raises",
)


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return attempt(None, scenario="quiet", seed=1, out=tmp_path_factory.mktemp("control"))


def test_the_control_passes(control: Trial) -> None:
    assert control.outcome == "pass", control.seen
    assert not control.triggers


@pytest.mark.parametrize("name", FEW)
def test_a_defect_is_caught_by_name(name: str, control: Trial, tmp_path: Path) -> None:
    entry = CATALOGUE[name]
    assert entry.scenario == control.scenario

    trial = attempt(entry, scenario=entry.scenario, seed=1, out=tmp_path)

    ruling = rule(entry, trial, control)
    assert ruling.result == "caught", (ruling.silent, trial.seen, trial.broke_off)
    assert trial.outcome == entry.verdict
