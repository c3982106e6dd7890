"""A Node backend that knows nothing of the harness, unmodified: its three defects are found, and nothing else.

See tests/targets/node_backend/DEFECTS.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.progress import Silent
from simulation.run import RunResult, run
from tests.targets.node_support import copy_of_backend, require_node, stated_checks


@pytest.fixture(autouse=True)
def _node() -> None:
    require_node()


def _live_with(folder: Path, *, mended: bool, scenario: str = "smoke_2d") -> RunResult:
    target = copy_of_backend(folder, mended=mended)
    return run(prepare(scenario=scenario, seed=1, out=folder / "reports", target=target), Silent())


def _said(result: RunResult) -> str:
    """All of it, whatever its length: a list or a dict would be cut short."""
    return "\n".join(f"{check}: {line}" for check, lines in _named(result).items() for line in lines)


def _named(result: RunResult) -> dict[str, list[str]]:
    """Checks that found something, with what they say."""
    return {
        check.check: [f"{finding.subject}: {finding.message} ({finding.actual})" for finding in check.findings]
        for check in result.verdict.results
        if check.findings
    }


def test_the_three_defects_are_named_and_nothing_else(tmp_path: Path) -> None:
    result = _live_with(tmp_path, mended=False)
    assert result.verdict.outcome == "fail"
    assert set(_named(result)) == stated_checks(), _said(result)
    assert [check.check for check in result.verdict.results if check.outcome == "unknown"] == []


def test_the_mended_backend_passes(tmp_path: Path) -> None:
    result = _live_with(tmp_path, mended=True)
    assert _named(result) == {}, _said(result)
    assert [(check.check, check.unknown) for check in result.verdict.results if check.outcome == "unknown"] == []
    assert result.verdict.outcome == "pass"
