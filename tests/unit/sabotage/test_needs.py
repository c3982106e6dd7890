"""A defect whose tool is missing is named as not tried, and turns nothing green."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulation.cli.sabotage import sabotage
from simulation.environment.stripe_mock import BINARY_VARIABLE
from simulation.sabotage import needs
from simulation.sabotage.campaign import Campaign
from simulation.sabotage.catalogue import CATALOGUE
from simulation.sabotage.matrix import matrix_of
from simulation.sabotage.report_html import render_html
from simulation.sabotage.report_terminal import totals_of

ENTRY = CATALOGUE["parameter-misspelt-by-platform-and-twin"]
CAMPAIGN = Campaign(rulings=(), controls=(), untried={ENTRY.name: "no stripe-mock on this machine"})


@pytest.fixture
def no_stripe_mock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.environment.stripe_mock.shutil.which", lambda *_args, **_named: None)
    monkeypatch.delenv(BINARY_VARIABLE, raising=False)


@pytest.mark.usefixtures("no_stripe_mock")
def test_a_missing_tool_is_told_with_its_remedy() -> None:
    assert "make stripe-mock" in (needs.missing(ENTRY.needs) or "")


def test_no_need_and_a_tool_that_is_here_are_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "stripe-mock"
    binary.touch()
    monkeypatch.setenv(BINARY_VARIABLE, str(binary))

    assert needs.missing(replace(ENTRY, needs=None).needs) is None
    assert needs.missing("stripe-mock") is None


@pytest.mark.usefixtures("no_stripe_mock")
def test_a_campaign_that_could_not_try_everything_is_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = sabotage.main([ENTRY.name, "--jobs", "1", "--out", str(tmp_path)], standalone_mode=False)

    assert code == 2
    assert f"not tried: {ENTRY.name}" in capsys.readouterr().out


def test_terminal_and_page_name_what_was_not_tried() -> None:
    matrix = matrix_of(CAMPAIGN)

    assert f"not tried: {ENTRY.name}" in totals_of(matrix).plain
    assert f"<code>{ENTRY.name}</code>" in render_html(matrix)
