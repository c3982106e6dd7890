"""Whatever a target leaves out of its governance or its contract: no check breaks, and none blames it for that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.checks.base import CheckResult
from simulation.checks.catalogue import CHECKS
from simulation.checks.evidence.case import Case
from simulation.contract.document import Contract
from simulation.events import Observation
from simulation.events.governance import Governance
from simulation.history import History
from tests.unit.checks.builder import GOVERNANCE, RELATIONS
from tests.unit.checks.story import passing
from tests.unit.checks.test_contract import DECLARED

HISTORY = passing().history()
FULL = GOVERNANCE.model_copy(
    update={"observed_columns": {"transfers": {"attempt_count": "attempt_count", "status": "status"}}}
)
_MAY_FIND = {
    "audit_table": "audit_completeness",  # a platform without it keeps no audit trail
    "contest_audit_table": "transition_audit",
    "governed_tables": "audit_completeness",  # records of changes to a table that is not governed explain nothing
}


def parts(of: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every field that is not empty, and every entry of a mapping and of a list in it."""
    found = []
    for name, value in of.items():
        place = (*above, name)
        found += [place] if value else []
        if isinstance(value, dict):
            found += parts(value, place)
        elif isinstance(value, (list, tuple)):
            found += [(*place, f"{index:03}") for index in range(len(value))]
    return found


def without(of: Mapping[str, Any], places: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """A copy in which these are left out: fields are empty, entries are gone."""
    copy = json.loads(json.dumps(of))
    for place in sorted(places, reverse=True):
        _leave_out(copy, place)
    return dict(copy)


def _leave_out(copy: Any, place: tuple[str, ...]) -> None:
    """Places are gone through backwards, so that those in a list keep their numbers."""
    *above, last = place
    for name in above:
        copy = copy[name]
    if isinstance(copy, list):
        del copy[int(last)]
    elif above:
        del copy[last]
    else:
        copy[last] = type(copy[last])()


GOVERNED = FULL.model_dump(mode="json")
PARTS, TABLES = parts(GOVERNED), [*DECLARED.tables]
KINDS = sorted({type(event).__name__ for event in HISTORY.events})


def judged(governance: Governance, contract: Contract, history: History = HISTORY) -> list[CheckResult]:
    case = Case(history, governance, contract=contract)
    return [check.examine(case) for check in CHECKS]


def broken(results: list[CheckResult]) -> list[str]:
    return [f"{each.check}: {each.unknown}" for each in results if "the check itself broke" in str(each.unknown)]


@pytest.mark.parametrize("place", PARTS, ids=".".join)
def test_no_check_breaks_whatever_is_left_out(place: tuple[str, ...]) -> None:
    results = judged(Governance.model_validate(without(GOVERNED, [place])), DECLARED)

    assert broken(results) == []
    assert {each.check for each in results if each.findings} <= {_MAY_FIND.get(place[0], "")}


@settings(max_examples=60)
@given(places=st.lists(st.sampled_from(PARTS), max_size=12, unique=True), tables=st.sets(st.sampled_from(TABLES)))
def test_no_check_breaks_whatever_is_left_out_together(places: list[tuple[str, ...]], tables: set[str]) -> None:
    contract = Contract(tables={name: table for name, table in DECLARED.tables.items() if name in tables})

    results = judged(Governance.model_validate(without(GOVERNED, places)), contract)

    assert broken(results) == []


@settings(max_examples=60)
@given(kinds=st.sets(st.sampled_from(KINDS), min_size=1, max_size=4), relations=st.sets(st.sampled_from([*RELATIONS])))
def test_no_check_breaks_whatever_was_not_seen(kinds: set[str], relations: set[str]) -> None:
    """Events of some kinds are not in the history, and some relations were not observed."""
    seen = History(
        event
        for event in HISTORY.events
        if type(event).__name__ not in kinds and not (isinstance(event, Observation) and event.relation in relations)
    )

    assert broken(judged(FULL, DECLARED, seen)) == []
