"""Whatever a target leaves out of its governance or its contract: no check breaks, and none blames it for that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.checks.base import CheckResult
from simulation.checks.catalogue import CHECKS
from simulation.checks.evidence.case import Case
from simulation.contract.business import UNDECLARED, Business, Identity, Lacking
from simulation.contract.document import Contract
from simulation.contract.file import load_contract
from simulation.events import Event, Observation
from simulation.events.governance import Governance
from simulation.history import History
from simulation.paths import ROOT
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


STAGING = load_contract(ROOT / "fixtures/targets/staging")
OPTIONAL = [name for name in Contract.model_fields if name != "tables"]


@settings(max_examples=15)
@given(
    left_out=st.sets(st.sampled_from(OPTIONAL)),
    tables=st.sets(st.sampled_from([*STAGING.tables])),
    answers=st.sets(st.integers(0, len(STAGING.answers) - 1)),
    places=st.lists(st.sampled_from(PARTS), max_size=4, unique=True),
)
def test_no_check_breaks_whatever_a_contract_leaves_out(
    left_out: set[str], tables: set[str], answers: set[int], places: list[tuple[str, ...]]
) -> None:
    """Answers, metrics, log and business too, of a contract that has all of them."""
    kept = {name: value for name, value in STAGING if name not in left_out}
    kept["tables"] = {name: table for name, table in STAGING.tables.items() if name not in tables}
    if "answers" in kept:
        kept["answers"] = tuple(answer for number, answer in enumerate(STAGING.answers) if number not in answers)
    results = judged(Governance.model_validate(without(GOVERNED, places)), Contract.model_construct(**kept))

    assert broken(results) == []


MODEL = """\
def settle(entries, board, terms):
    return [dict(user=entry["user"], rank=1, score=0, prize_cents=0) for entry in entries]
"""
SINGLE = {
    "entries": "single",
    "accounts": {"stripe": "asset", "contest_pool:{contest}": "clearing", "wallet:{user}": "liability"},
    "movements": {"ENTRY_FEE": {"means": "payment", "against": "stripe"}, "PRIZE_PAYOUT": {"means": "prize"}},
}
BUSINESSES = st.builds(
    Business.model_validate,
    st.fixed_dictionaries(
        {},
        optional={
            "without": st.dictionaries(st.sampled_from(get_args(Lacking)), st.just("there is none of it here")),
            "model": st.sampled_from(["documented", "model.py", "undeclared"]),
            "model_source": st.just(MODEL),
            "ledger": st.sampled_from(["documented", "undeclared", SINGLE]),
            "system_actors": st.just(("robot",)),
            "statuses": st.just({"contests": {"SCHEDULED": "LOCKED"}, "transfers": {"completed": "pending"}}),
            "paid_out": st.sampled_from(["transfer", "wallet"]),
            "identified_by": st.lists(st.sampled_from(get_args(Identity)), min_size=1, unique=True),
            "admins_by_sql": st.booleans(),
        },
    ),
)


@settings(max_examples=40)
@given(business=BUSINESSES, relations=st.sets(st.sampled_from([*RELATIONS])))
def test_no_check_breaks_whatever_a_business_is(business: Business, relations: set[str]) -> None:
    """Whether it is that of the history or another."""
    seen = History(event for event in HISTORY.events if not _shows(event, relations))

    assert broken(judged(FULL, Contract(business=business), seen)) == []


@settings(max_examples=25)
@given(relations=st.sets(st.sampled_from([*RELATIONS])))
def test_nothing_is_held_against_a_business_that_nobody_declared(relations: set[str]) -> None:
    seen = History(event for event in HISTORY.events if not _shows(event, relations))

    results = judged(FULL, Contract(business=UNDECLARED), seen)

    assert [(each.check, each.findings) for each in results if each.findings] == []
    undeclared = {each.undeclared for each in results if each.undeclared}
    assert "transfers" not in relations or "relation transfers" in undeclared
    assert "business.ledger" in undeclared


def _shows(event: Event, relations: set[str]) -> bool:
    return isinstance(event, Observation) and event.relation in relations


@pytest.mark.parametrize("what", get_args(Lacking))
def test_what_a_business_does_not_have_is_not_held_against_it(what: Lacking) -> None:
    """Its relation is not observed either; the rest is judged as before."""
    seen = History(event for event in HISTORY.events if not _shows(event, {what}))

    results = judged(FULL, Contract(business=Business(without={what: "there is none of it here"})), seen)

    assert broken(results) == []
    wanting = [each.check for each in results if each.undeclared == f"relation {what}"]
    assert wanting == []
