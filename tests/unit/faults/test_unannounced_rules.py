"""What nobody is told of is refused where its night is not seen, or where another runbook may fetch it first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import KINDS, broken_fault_rules
from simulation.scenario.faults.unannounced import Unannounced
from simulation.scenario.file import load_scenario
from tests.unit.faults.kinds import fault

PLAIN = load_scenario(SCENARIOS_FOLDER / "event_gaps_8d.yaml").model_copy(update={"faults": ()})
UNANNOUNCED = sorted(name for name, kind in KINDS.items() if issubclass(kind, Unannounced))


def untold(kind: str, *, contest: str = "midweek", nth: int = 1, hours: int = 2) -> Fault:
    expect = KINDS[kind].expects
    return fault(kind, id=f"of-{contest}-{nth}", contest=contest, nth=nth, delay_hours=hours, expect=expect)


def problems(*faults: Fault) -> list[str]:
    scenario = PLAIN.model_copy(update={"faults": faults})
    return [broken.problem for broken in broken_fault_rules(scenario, usual_platform=True)]


@pytest.mark.parametrize("kind", UNANNOUNCED)
def test_it_is_over_after_the_first_night_that_comes_half_a_day_later(kind: str) -> None:
    mine = untold(kind)
    assert problems(mine) == []
    told = mine.planned(PLAIN, 0)
    struck_by = told.over_by - timedelta(hours=1)
    assert (struck_by.hour, struck_by.minute) == (2, 0)
    later = untold(kind, hours=26).planned(PLAIN, 0)
    assert later.over_by == told.over_by + timedelta(days=1)


@pytest.mark.parametrize("kind", UNANNOUNCED)
def test_a_night_that_comes_too_late_is_refused(kind: str) -> None:
    (problem,) = problems(untold(kind, hours=90))
    assert "the end 2026-03-09 00:00" in problem or "the run ends 2026-03-09 00:00" in problem


@pytest.mark.parametrize("kind", UNANNOUNCED)
def test_a_runbook_that_fetches_events_may_not_come_first(kind: str) -> None:
    found = problems(untold(kind), untold(kind, nth=2))
    assert (
        "fault of-midweek-1 may be fetched before it is seen missing, by the runbook that of-midweek-2 calls for"
        in (found)
    )
    lost = fault("webhook_lost", id="lost", contest="midweek", nth=5, expect=KINDS["webhook_lost"].expects)
    assert any("by the runbook that lost calls for" in told for told in problems(untold("refund_unannounced"), lost))
    early = untold("refund_unannounced", contest="early_birds")
    assert problems(early, untold(kind)) == []
