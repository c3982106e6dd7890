"""The sweep tries the edges of every kind, and what is refused is refused before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.proof.sweep.campaign import carry_out, cases_of, tried_before
from simulation.proof.sweep.edges import Case
from simulation.proof.sweep.trial import attempt, ground
from simulation.scenario.faults.registry import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_every_kind_is_swept(kind: str) -> None:
    found = cases_of([kind])
    assert len({case.name for case in found}) == len(found)
    for field in set(KINDS[kind].takes()) - {"contest", "tournament"}:
        values = {str(case.fields.get(field)) for case in found}
        assert len(values) > 5, f"{field} of {kind}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_usual_case_is_one_that_a_scenario_can_have(kind: str) -> None:
    usual = cases_of([kind])[0]
    expects = KINDS[kind].expects
    fault = KINDS[kind].model_validate({"id": "usual", "kind": kind, **usual.fields, "expect": expects})
    assert not list(fault.broken(ground(kind).with_fault(fault), ground(kind).faults))


def test_a_value_out_of_range_is_refused_and_kept(tmp_path: Path) -> None:
    case = Case(kind="provider_outage", label="minutes 5", fields={**_feed(), "minutes": 5})
    told: list[str] = []
    carry_out([case], workers=1, folder=tmp_path, target=None, told=lambda tried: told.append(tried.said))
    (tried,) = tried_before(tmp_path)
    assert (tried.kind, tried.case, tried.outcome) == ("provider_outage", "minutes 5", "refused")
    assert "may never be met" in tried.said
    assert told == [tried.said]
    assert (tmp_path / "scenarios" / tried.scenario).exists()


def test_a_refusal_names_what_is_beyond_proof(tmp_path: Path) -> None:
    case = Case(kind="provider_outage", label="minutes 800", fields={**_feed(), "minutes": 800})
    tried = attempt(case, folder=tmp_path, target=None)
    assert tried.good
    assert "waits 720 minutes" in tried.said


def _feed() -> dict[str, str]:
    return {"tournament": "two_day_masters", "at": "day 0 17:00"}
