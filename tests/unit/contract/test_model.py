"""A target's own model of prizes: used as it is, or refused with its line and a remedy; it does nothing but compute."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.contract.model import ModelError, call_model, load_model

WINNER_TAKES_ALL = """\
from itertools import groupby


def settle(entries, board, terms):
    rake = (terms["pool_cents"] * 10 + 50) // 100
    best = max(sum(board[player]) for entry in entries for player in entry["roster"])
    return [placing(entry, board, best, terms["pool_cents"] - rake) for entry in entries]


def placing(entry, board, best, prize):
    score = sum(strokes for player in entry["roster"] for strokes in board[player])
    return {"user": entry["user"], "rank": 1 if score == best else 2, "score": score,
            "prize_cents": prize if score == best else 0}
"""
ENTRIES = [{"user": "ann", "roster": ["p1"]}, {"user": "bob", "roster": ["p2"]}]
TERMS = {"pool_cents": 2015, "entry_fee_cents": 1000, "payout_percent": {1: 100}, "missed_round_strokes": 80}
BOARD = {"p1": [70, 71], "p2": [68, 69]}


def placed(source: str) -> list[dict[str, Any]]:
    return call_model(source, entries=ENTRIES, board=BOARD, terms=TERMS)


def test_a_model_places_each_entry_with_its_score_and_prize() -> None:
    assert placed(WINNER_TAKES_ALL) == [
        {"user": "ann", "rank": 1, "score": 141, "prize_cents": 1813},
        {"user": "bob", "rank": 2, "score": 137, "prize_cents": 0},
    ]


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        ("def settle(entries, board, terms:\n", 1, "is no Python"),
        ("x = 1\n", 1, "there is no function settle"),
        ("import os\n", 1, "import is not for a model"),
        ("\nfrom os import system\n", 2, "imports system from os"),
        ("from math import sys\n", 1, "imports sys from math"),
        ("def settle(entries, board, terms):\n    return ().__class__\n", 2, ".__class__ is not for a model"),
        ("def settle(entries, board, terms):\n    return '{0}'.format(board)\n", 2, ".format is not for a model"),
        ("def settle(entries, board, terms):\n    return __builtins__\n", 2, "__builtins__ is not for a model"),
        ("def settle(entries, board, terms):\n    with board:\n        pass\n", 2, "with is not for a model"),
        ("def settle(entries, board, terms):\n    yield 1\n", 2, "a model is a plain function"),
        ("class Model:\n    pass\n", 1, "classdef is not for a model"),
        ("rake = 1 // 0\n", 1, "cannot be loaded: ZeroDivisionError"),
    ],
)
def test_what_does_more_than_compute_is_refused_with_its_line(source: str, line: int, problem: str) -> None:
    with pytest.raises(ModelError) as refused:
        load_model(source)

    assert refused.value.line == line
    assert problem in refused.value.problem
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("return open('/etc/passwd')", "NameError"),
        ("return eval('1')", "NameError"),
        ("return board['nobody']", "KeyError"),
        ("return None", "settle returned NoneType"),
        ("return [1]", "settle returned 1"),
        ("return [{'user': 'ann', 'rank': 1, 'score': 1, 'prize_cents': 1}]", "each user of entries exactly once"),
        ("return [dict(user=e['user'], rank=1, score=1.5, prize_cents=1) for e in entries]", "score is 1.5"),
        ("return [dict(user=e['user'], rank=1, score=1, prize_cents=-1) for e in entries]", "prize_cents is -1"),
        ("return [dict(user=e['user'], rank=1, score=1, prize_cents=1008) for e in entries]", "more than the pool"),
        ("while True:\n        pass", "does not end"),
    ],
)
def test_a_model_that_cannot_be_used_says_why(body: str, problem: str) -> None:
    with pytest.raises(ModelError, match=r"model\.py:") as refused:
        placed(f"def settle(entries, board, terms):\n    {body}\n")

    assert problem in refused.value.problem


def test_the_line_in_which_a_model_broke_off_is_named() -> None:
    source = "def settle(entries, board, terms):\n    best = 0\n    return board['nobody']\n"

    with pytest.raises(ModelError) as refused:
        placed(source)

    assert refused.value.line == 3
