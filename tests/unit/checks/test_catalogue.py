"""All checks together: a sound history passes every one, an empty one none."""

from __future__ import annotations

import pytest

from simulation.checks.base import Check
from simulation.checks.catalogue import CHECKS
from simulation.checks.contract import CONTRACT_CHECKS
from simulation.history import History
from tests.unit.checks.builder import GOVERNANCE, run
from tests.unit.checks.story import passing

_PEOPLES_WORK = {"postmortem_reviewed", "runbooks_rehearsed"}
_OF_A_CONTRACT = {check.name for check in CONTRACT_CHECKS}
"""The sound history's target declares none; their own tests have one that does."""


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_sound_history_passes(check: Check) -> None:
    result = run(check, passing())

    assert not result.findings
    assert result.outcome == ("not_verified" if check.name in _PEOPLES_WORK | _OF_A_CONTRACT else "pass"), (
        result.unknown
    )
    assert result.examined > 0 or result.note or result.not_verified


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_an_empty_history_is_unknown(check: Check) -> None:
    result = check.run(History(()), GOVERNANCE)

    assert result.outcome == "unknown"
    assert result.unknown == "the history is empty"
