"""Which falsehoods are told of a history, and that both witnesses agree in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulation.events import Event, Observation, Row, Transaction
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.falsehood import Falsehood
from simulation.proof.coverage.plan import falsehoods_of
from tests.unit.coverage.small_history import A_LATER, SORTS, history, row

DRAW = Draw(seed=1, rows=1)
EVERY_ROW = Draw(seed=1, rows=10)


def only(draw: Draw = EVERY_ROW, **match: str) -> list[Falsehood]:
    found = [
        item
        for item in falsehoods_of(history(), draw)
        if all(getattr(item, name) == value for name, value in match.items())
    ]
    assert found, match
    return found


def images_of(edits: Mapping[int, Event], key: str) -> list[Row]:
    """A row's images in the log, as a falsehood has them."""
    events = history().with_events(edits).of(Transaction)
    return [change.new for event in events for change in event.changes if change.new["id"] == key]


def observed(edits: Mapping[int, Event], key: str) -> list[Row]:
    rows = history().with_events(edits).of(Observation)[0].rows
    return [item for item in rows if item["id"] == key]


def test_a_falsehood_holds_in_all_later_images_and_in_what_the_observer_saw() -> None:
    told = next(item for item in only(fact="seen_text", operation="insert", kind="cut") if item.where == "a")
    assert [image["seen_text"] for image in images_of(told.edits, "a")] == ["first"] * 3
    assert [image["seen_text"] for image in observed(told.edits, "a")] == ["first"]


def test_a_falsehood_ends_where_the_true_value_changes() -> None:
    told = next(item for item in only(fact="seen_number", operation="insert", kind="plus one") if item.where == "a")
    assert [image["seen_number"] for image in images_of(told.edits, "a")] == [11, 11, A_LATER["seen_number"]]
    assert [image["seen_number"] for image in observed(told.edits, "a")] == [A_LATER["seen_number"]]


def test_of_updates_those_are_told_falsely_that_wrote_the_column() -> None:
    (told,) = only(fact="seen_number", operation="update", kind="plus one")
    assert [image["seen_number"] for image in images_of(told.edits, "a")] == [10, 10, 12]
    assert [image["seen_number"] for image in observed(told.edits, "a")] == [12]


def test_a_row_left_out_is_in_neither_witness_and_the_log_s_count_is_one_of_what_is_there() -> None:
    told = next(item for item in only(area="row", kind="left out") if item.where == "a")
    assert images_of(told.edits, "a") == []
    assert observed(told.edits, "a") == []
    summary = next(event for event in told.edits.values() if event.__class__.__name__ == "WitnessSummary")
    assert summary.model_dump()["records"] == 2


def test_a_row_written_twice_has_another_id_in_both_witnesses() -> None:
    told = next(item for item in only(area="row", kind="written twice") if item.where == "b")
    events = history().with_events(told.edits).of(Transaction)
    others = [change.new for event in events for change in event.changes if change.new["id"] not in ("a", "b", "c")]
    assert [{**other, "id": "b"} for other in others] == [row("b")]
    assert observed(told.edits, str(others[0]["id"])) == others


def test_each_column_has_one_falsehood_that_stands_for_it() -> None:
    plain = [(item.column, item.kind) for item in falsehoods_of(history(), DRAW) if item.plain]
    columns = ["id", *(f"{known}_{sort}" for sort in SORTS for known in ("seen", "unseen"))]
    assert sorted(column for column, _ in plain) == sorted(columns)
    assert dict(plain) | {"id": ""} == {
        "id": "",
        **{
            f"{known}_{sort}": kind
            for known in ("seen", "unseen")
            for sort, kind in {
                "flag": "flipped",
                "number": "plus one",
                "instant": "three hours earlier",
                "document": "a key dropped",
                "text": "another row's value",
                "status": "another row's value",
                "nothing": "cut",
            }.items()
        },
    }


def test_what_stripe_was_answered_is_nobody_s_answer() -> None:
    told = only(area="answer")
    assert {item.where for item in told} == {"event 7"}
    assert {(item.subject, item.fact) for item in told} == {
        ("GET /things/{id}", fact) for fact in ("(status)", ".seen", ".unseen")
    }


@pytest.mark.parametrize("rows", [1, 2])
def test_the_draw_decides_how_many_rows_and_the_seed_which(rows: int) -> None:
    draw: Any = {"fact": "seen_text", "operation": "insert", "kind": "null"}
    drawn = {seed: [item.where for item in only(Draw(seed=seed, rows=rows), **draw)] for seed in range(9)}
    assert {len(keys) for keys in drawn.values()} == {rows}
    assert drawn == {seed: [item.where for item in only(Draw(seed=seed, rows=rows), **draw)] for seed in range(9)}
    assert len(set(map(tuple, drawn.values()))) > 1


def test_planning_leaves_the_history_untouched() -> None:
    true = history()
    digest = true.digest()
    for told in falsehoods_of(true, EVERY_ROW):
        assert true.with_events(told.edits).digest() != digest, told
    assert true.digest() == digest
