"""Every kind of fault says all that there is to say about it, and its fields are what a scenario is held to."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pydantic import ValidationError

from simulation.paths import ROOT, RUNBOOKS_FOLDER
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import KINDS
from tests.unit.faults.kinds import fault

VALUES: dict[str, Any] = {
    "contest": "cup",
    "tournament": "open",
    "at": "2026-03-02T00:00:00Z",
    "minutes": 90,
    "delay_hours": 26,
    "minutes_before": 20,
    "transaction": "settlement",
}
PRODUCT = ROOT / "simulation"


def values(kind: type[Fault]) -> dict[str, Any]:
    needed = {name: VALUES[name] for name in kind.takes() if kind.model_fields[name].is_required()}
    return {**needed, "expect": kind.expects.model_dump(exclude_none=True)}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_says_what_it_is_in_words(name: str) -> None:
    kind = KINDS[name]
    assert kind.name() == name
    for said in (kind.what(), kind.origin, kind.recovery):
        assert said[0].isupper() or said[0] == "`"
        assert said.endswith(".")
    assert kind.title[0].isupper()
    assert not kind.title.endswith("."), "a headline"
    assert kind.what() != Fault.what()


def test_titles_are_told_apart() -> None:
    assert max(Counter(kind.title for kind in KINDS.values()).values()) == 1


@pytest.mark.parametrize("name", KINDS)
def test_what_a_kind_needs_is_enough_and_nothing_of_it_can_be_left_out(name: str) -> None:
    given = values(KINDS[name])
    assert fault(name, **given).kind == name
    for left_out in given:
        with pytest.raises(ValidationError, match="Field required"):
            fault(name, **{key: value for key, value in given.items() if key != left_out})


@pytest.mark.parametrize("name", KINDS)
def test_a_field_of_another_kind_is_refused_unless_it_says_nothing(name: str) -> None:
    given = values(KINDS[name])
    others = {key for kind in KINDS.values() for key in kind.takes()} - set(KINDS[name].takes())
    assert others
    for other in others:
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            fault(name, **given, **{other: VALUES.get(other, 500)})
    empty = {"contest": None, "nth": 1, "times": 1, "tournament": None, "at": None, "minutes": None, "status": None}
    assert fault(name, **{**empty, **given}) == fault(name, **given), "as documents of stored runs have it"


@pytest.mark.parametrize("name", KINDS)
def test_a_fault_is_what_its_document_says(name: str) -> None:
    one = fault(name, **values(KINDS[name]))
    for document in (one.model_dump(), one.model_dump(mode="json"), one.model_dump(exclude_none=True)):
        assert KINDS[name].model_validate(document) == one
        assert list(document)[:3] == ["id", "kind", "expect"]


@pytest.mark.parametrize("name", KINDS)
def test_a_runbook_that_a_kind_expects_exists(name: str) -> None:
    runbook = KINDS[name].expects.runbook
    assert runbook is None or (RUNBOOKS_FOLDER / f"{runbook}.md").is_file()


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_named_where_it_is_declared_and_nowhere_else(name: str) -> None:
    """Who adds a kind must find out by reading one file what it takes, not by looking for its neighbours' names."""
    naming = [str(file.relative_to(PRODUCT)) for file in PRODUCT.rglob("*.py") if f'"{name}"' in file.read_text()]
    declared = [file for file in naming if file.startswith("scenario/faults/")]
    assert len(declared) == 1
    assert set(naming) - set(declared) <= OTHER_MEANINGS.get(name, set())


OTHER_MEANINGS = {
    "chargeback": {"world/stripe/objects/unused_features.py", "world/stripe/objects/dispute.py"},
    "refund_returned": {
        "checks/conformance/facts.py",
        "checks/ledger.py",
        "checks/reconciliation.py",
        "contract/business.py",
        "contract/facts.py",
    },
    "transfer_reversed": {"checks/conformance/facts.py", "contract/facts.py"},
    "refund_requested": {"staging/money/refund_requests.py"},
    "refunded_by_stripe": {"checks/reconciliation.py", "events/people.py", "world/faults/refunds.py"},
}
"""Words that are Stripe's, the platform's or the contract's, too."""
