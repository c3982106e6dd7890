"""Documents with one leaf changed or gone."""

from __future__ import annotations

import copy
from typing import Any

from simulation.proof.coverage.documents import (
    KEY_DROPPED,
    LEAF_CHANGED,
    changed,
    false_documents,
    leaves,
    place_of,
    without,
)
from simulation.proof.coverage.draw import Draw

DOCUMENT: Any = {"rankings": [{"score": 1}, {"score": 2}], "pool": 5, "none": []}


def test_every_leaf_has_its_path_and_lists_share_a_place() -> None:
    assert [(place_of(path), value) for path, value in leaves(DOCUMENT)] == [
        (".none", []),
        (".pool", 5),
        (".rankings[].score", 1),
        (".rankings[].score", 2),
    ]


def test_ids_in_a_path_are_one_place() -> None:
    ids = ("17", "d7e32fb9-56a1-42f6-9314-2bd8bc5ebd9e", "acct_WWzxjfJclzc3FIWs")
    assert {place_of((key, "sha256")) for key in ids} == {".{id}.sha256"}


def test_changing_and_dropping_leave_the_document_as_it_was() -> None:
    before = copy.deepcopy(DOCUMENT)
    assert changed(DOCUMENT, ("rankings", 1, "score"), 9) == {**before, "rankings": [{"score": 1}, {"score": 9}]}
    assert without(DOCUMENT, ("rankings", 0, "score")) == {**before, "rankings": [{}, {"score": 2}]}
    assert without(DOCUMENT, ("rankings", 0)) == {**before, "rankings": [{"score": 2}]}
    assert before == DOCUMENT


def test_a_column_s_documents_are_told_falsely_at_each_place_in_both_ways() -> None:
    draw = Draw(seed=1, rows=1)
    told = list(false_documents([("row", DOCUMENT)], draw, "t", "c", every_kind=False))
    assert [(item.place, item.kind) for item in told] == [
        (place, kind) for place in (".none", ".pool", ".rankings[].score") for kind in (LEAF_CHANGED, KEY_DROPPED)
    ]
    assert all(item.document != DOCUMENT and item.owner == "row" for item in told)
