"""What an expected output accepts, and what it captures."""

from __future__ import annotations

import pytest

from simulation.world.operator.match import compare


@pytest.mark.parametrize(
    ("expected", "output"),
    [
        (["2"], "2\n"),
        (["2"], "2"),
        ([], ""),
        (["a", "", "b"], "a\n\nb\n"),
        (["id [..] done"], "id 4711 done\n"),
        (["[..]"], "\n"),
        (["...", "end"], "one\ntwo\nend\n"),
        (["..."], ""),
        (["start", "...", "end"], "start\nend\n"),
        (["a.c (x)*"], "a.c (x)*\n"),
        (['["a", 1]'], '["a", 1]\n'),
    ],
)
def test_output_as_written_matches(expected: list[str], output: str) -> None:
    assert compare(expected=expected, output=output, known={}).difference is None


@pytest.mark.parametrize(
    ("expected", "output", "difference"),
    [
        (["2"], "3\n", "line 1: expected '2', got '3'"),
        (["2"], "", "line 1: expected '2', the output ends before it"),
        (["2"], "2\nmore\n", "line 2: expected nothing more, got 'more'"),
        (["2"], " 2\n", "line 1: expected '2', got ' 2'"),
        (["2", ""], "2\n", "line 2: expected '', the output ends before it"),
        (["a.c"], "abc\n", "line 1: expected 'a.c', got 'abc'"),
        (["id [..] done"], "id\n4711 done\n", "line 1: expected 'id [..] done', got 'id'"),
        (["[NAME]"], "\n", "line 1: expected '[NAME]', got ''"),
        (["...", "end"], "one\n", "expected '... / end', got 'one'"),
    ],
)
def test_the_first_difference_is_named(expected: list[str], output: str, difference: str) -> None:
    assert compare(expected=expected, output=output, known={}).difference == difference


def test_names_capture() -> None:
    found = compare(expected=["[COUNT] of [TOTAL]"], output="2 of 15\n", known={})
    assert found.captures == {"COUNT": "2", "TOTAL": "15"}


def test_a_name_used_twice_must_be_the_same_text() -> None:
    assert compare(expected=["[N] in", "[N] out"], output="2 in\n2 out\n", known={}).captures == {"N": "2"}
    assert compare(expected=["[N] in", "[N] out"], output="2 in\n3 out\n", known={}).difference is not None


def test_a_name_captured_earlier_must_be_the_same_text() -> None:
    assert compare(expected=["[N] done"], output="2 done\n", known={"N": "2"}).difference is None
    assert compare(expected=["[N] done"], output="1 done\n", known={"N": "2"}).difference == (
        "line 1: expected '[N] done', got '1 done'"
    )
