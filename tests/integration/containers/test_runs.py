"""Whole runs: the same history whatever the server stands in, and what only stripe-mock can see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from simulation.assembly.request import prepare
from simulation.cli.gate import gate
from simulation.paths import ROOT
from simulation.progress import Silent
from simulation.run import RunResult, run
from simulation.staging.clients.stripe import StripeGateway
from simulation.world.stripe.resources import transfers

STAGING = ROOT / "fixtures" / "targets" / "staging"


def _run(environment: str, out: Path) -> RunResult:
    return run(prepare(scenario="smoke_2d", seed=1, environment=environment, out=out), Silent())


def test_the_digest_is_the_same_in_containers_as_embedded(tmp_path: Path) -> None:
    embedded, contained = (_run(name, tmp_path) for name in ("embedded", "containers"))
    assert contained.verdict.outcome == embedded.verdict.outcome == "pass"
    assert contained.verdict.digest == embedded.verdict.digest
    assert contained.history.started is not None
    assert contained.history.started.environment == "containers"
    assert "container" in contained.history.started.environment_reason


def test_a_backend_in_processes_of_its_own_has_its_database_in_a_container(tmp_path: Path) -> None:
    request = prepare(scenario="smoke_2d", seed=1, environment="containers", target=STAGING, out=tmp_path)

    result = run(request, Silent())

    assert result.verdict.outcome == "pass", [check.findings for check in result.verdict.results if check.findings]
    assert result.history.started is not None
    assert result.history.started.environment == "containers"


def _misspelt(
    self: StripeGateway, *, amount_cents: int, currency: str, group: str, idempotency_key: str, **rest: Any
) -> str:
    parameters: Any = {"amount": amount_cents, "currency": currency.lower(), "transfer_gruop": group, **rest}
    return self._client.v1.transfers.create(parameters, {"idempotency_key": idempotency_key}).id


def test_a_misconception_that_twin_and_platform_share_is_caught_by_stripe_mock_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin by itself refuses an unknown parameter; here whoever wrote it misspelt it the same way."""
    monkeypatch.setattr(StripeGateway, "create_transfer", _misspelt)
    monkeypatch.setattr(transfers, "_CREATE", transfers._CREATE | {"transfer_gruop"})
    verdict = _run("containers", tmp_path).verdict
    failed = {result.check: result for result in verdict.results if result.findings}
    assert set(failed) == {"stripe_contract"}
    assert failed["stripe_contract"].findings[0].subject == "POST /v1/transfers"
    assert "transfer_gruop: text" in failed["stripe_contract"].findings[0].actual
    assert verdict.exit_code == 1


def test_the_gate_writes_one_junit_file_and_one_summary_for_all_seeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["smoke_2d", "--seeds", "1-2", "--environment", "containers", "--out", str(tmp_path), "--quiet"]
    assert gate.main(arguments, standalone_mode=False) == 0
    assert "gate: pass" in capsys.readouterr().out
    (folder,) = (found for found in (tmp_path / "gate").iterdir() if not found.is_symlink())
    root = ElementTree.parse(folder / "junit.xml").getroot()
    suites = [suite.attrib["name"] for suite in root]
    assert {name.partition(":")[0] for name in suites} == {"seed 1", "seed 2"}
    assert (root.attrib["failures"], root.attrib["errors"]) == ("0", "0")
    summary = (folder / "summary.md").read_text()
    for verdict in tmp_path.glob("smoke_2d/*-seed*/verdict.json"):
        assert json.loads(verdict.read_text())["digest"][:12] in summary
