"""The catalogue speaks of every kind of fault, and its needs are those that a scenario is held to."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from simulation.faults.catalogue import CATALOGUE
from simulation.scenario.faults import Fault, FaultKind

WHOLE: dict[str, Any] = {
    "contest": "cup",
    "tournament": "open",
    "at": "2026-03-02T00:00:00Z",
    "minutes": 10,
    "delay_hours": 26,
}
KINDS = get_args(FaultKind)


def fault(kind: str, needs: tuple[str, ...]) -> Fault:
    description = CATALOGUE[kind]  # type: ignore[index]
    return Fault(id="f", kind=kind, expect=description.default_expectation, **{name: WHOLE[name] for name in needs})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_described(kind: str):
    description = CATALOGUE[kind]  # type: ignore[index]
    assert description.kind == kind
    assert description.what
    assert description.origin


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_needs_is_enough_and_nothing_of_it_can_be_left_out(kind: str):
    needs = CATALOGUE[kind].needs  # type: ignore[index]
    assert fault(kind, needs).kind == kind
    for left_out in needs:
        with pytest.raises(ValidationError, match=f"needs {left_out}"):
            fault(kind, tuple(name for name in needs if name != left_out))
