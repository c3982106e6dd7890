"""What a defect could have written: by the sort of a value, always something else than what stood there."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from simulation.proof.coverage.values import KINDS, Values, first_of, sort_of


def told(kind: str, value: Any, *others: Any) -> Any:
    found = next(item for item in KINDS if item.name == kind)
    values = Values.of([value, *others])
    assert found.fits(value, values), f"{kind} does not fit {value!r}"
    return found.tell(value, values, Random(1))


@pytest.mark.parametrize(
    ("kind", "value", "others", "false"),
    [
        ("three hours earlier", "2026-03-02T01:00:00+00:00", (), "2026-03-01T22:00:00+00:00"),
        ("three hours earlier", "2026-03-02 01:00:00.250Z", (), "2026-03-01 22:00:00.250Z"),
        ("one second later", "2026-03-01T23:59:59+00:00", (), "2026-03-02T00:00:00+00:00"),
        ("plus one", 41, (), 42),
        ("plus one", 0.5, (), 1.5),
        ("flipped", True, (), False),
        ("another member", "OPEN", ("OPEN", "OPEN", "SHUT", "SHUT", "SHUT"), "SHUT"),
        ("another row's value", "ann", ("bob",), "bob"),
        ("another row's value", 1, (2, "text", None), 2),
        ("another row's value", {"a": 1}, ({"a": 2},), {"a": 2}),
        ("cut", "abcdef", (), "abc"),
        ("emptied", "abc", (), ""),
        ("emptied", [1], (), []),
        ("emptied", {"a": 1}, (), {}),
        ("null", 0, (), None),
        ("a value instead of null", None, ("was here",), "was here"),
        ("a value instead of null", None, (), "false"),
    ],
)
def test_a_falsehood_fits_the_sort_of_the_value(kind: str, value: Any, others: tuple[Any, ...], false: Any) -> None:
    assert told(kind, value, *others) == false


@pytest.mark.parametrize("value", [True, 0, 1.5, "2026-03-01T00:00:00+00:00", "word", "", [], [1], {}, {"a": 1}, None])
def test_every_value_can_be_told_otherwise_and_no_kind_says_what_is_so(value: Any) -> None:
    values = Values.of([value, "other", 7, {"z": 1}, "2026-03-02T00:00:00+00:00"])
    assert first_of(value, values).tell(value, values, Random(1)) != value
    for kind in KINDS:
        if kind.fits(value, values):
            false = kind.tell(value, values, Random(1))
            assert (type(false), false) != (type(value), value), kind.name


def test_few_texts_that_come_often_are_an_enumeration_and_names_are_not() -> None:
    assert Values.of(["OPEN", "OPEN", "OPEN", "SHUT", "SHUT", "SHUT", None]).enumeration
    assert not Values.of(["ann", "bob", "cat"]).enumeration
    assert not Values.of([1, 1, 1]).enumeration


def test_a_flag_is_no_number_and_an_instant_no_text() -> None:
    values: tuple[object, ...] = (True, 1, "2026-03-01T00:00:00Z", "a", [], None)
    assert [sort_of(value) for value in values] == ["flag", "number", "instant", "text", "document", "null"]
