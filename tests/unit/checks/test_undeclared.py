"""What a target leaves out of its governance nobody can look at: that is unknown or a finding, never a pass."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.audit import audit_completeness, transition_audit
from simulation.checks.automatic import lifecycle_automatic
from simulation.checks.base import Check
from simulation.checks.interventions import no_manual_endpoints
from simulation.checks.lifecycle import lifecycle_order
from simulation.checks.payouts import payout_automatic
from simulation.checks.permanence import append_only
from simulation.checks.runbooks import runbook_rows
from simulation.events import RunStarted
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.file import load_scenario
from tests.unit.checks.builder import GOVERNANCE
from tests.unit.checks.story import passing

LEFT_OUT: dict[str, tuple[Check, ...]] = {
    "governed_tables": (audit_completeness,),
    "append_only_tables": (append_only,),
    "audit_columns": (audit_completeness, payout_automatic),
    "contest_table": (lifecycle_order, lifecycle_automatic, transition_audit),
    "contest_status_column": (lifecycle_order, lifecycle_automatic, transition_audit),
    "contest_audit_columns": (lifecycle_automatic, transition_audit),
    "executions_table": (append_only, runbook_rows),
    "system_actor": (lifecycle_automatic,),
    "runbook_only_requests": (no_manual_endpoints,),
}
"""Field of the governance → checks that cannot decide without it."""


@pytest.mark.parametrize("field", LEFT_OUT)
def test_a_field_left_out_is_named_and_nobody_is_blamed(field: str) -> None:
    empty: Any = type(getattr(GOVERNANCE, field))()
    governance = GOVERNANCE.model_copy(update={field: empty})

    for check in LEFT_OUT[field]:
        result = check.run(passing().history(), governance)
        assert (result.outcome, result.findings) == ("unknown", ()), check.name
        assert f"the target does not declare {field}" in str(result.unknown)


@pytest.mark.parametrize("field", ["audit_table", "contest_audit_table"])
def test_a_platform_without_an_audit_trail_is_told_so_once(field: str) -> None:
    governance = GOVERNANCE.model_copy(update={field: ""})
    check = {"audit_table": audit_completeness, "contest_audit_table": transition_audit}[field]

    (finding,) = check.run(passing().history(), governance).findings

    assert "keeps no audit table" in finding.message
    assert finding.cause


def test_a_shop_without_an_audit_trail_is_not_blamed() -> None:
    book = passing()
    shop = load_scenario(SCENARIOS_FOLDER / "shop_6d.yaml").model_dump(mode="json")
    book.entries = [
        one.model_copy(update={"scenario_document": shop}) if isinstance(one, RunStarted) else one
        for one in book.entries
    ]

    result = audit_completeness.run(book.history(), GOVERNANCE.model_copy(update={"audit_table": ""}))

    assert (result.outcome, result.findings) == ("unknown", ())
    assert "does not declare audit_table" in str(result.unknown)


def test_transitions_without_an_audit_trail_are_nobodys_hand() -> None:
    governance = GOVERNANCE.model_copy(update={"contest_audit_table": ""})

    result = lifecycle_automatic.run(passing().history(), governance)

    assert (result.outcome, result.findings) == ("unknown", ())
