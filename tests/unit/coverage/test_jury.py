"""Who notices a falsehood: judged again by those checks only that can be concerned, with the same result as by all."""

from __future__ import annotations

import pytest

from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.falsehood import Falsehood
from simulation.proof.coverage.judging import Jury, Reaction
from simulation.proof.coverage.plan import falsehoods_of
from tests.unit.checks.story import passing
from tests.unit.coverage.small_history import SMALL_CHECKS, history

DRAW = Draw(seed=1, rows=10)


@pytest.fixture(scope="module")
def reactions() -> list[tuple[Falsehood, Reaction]]:
    true = history()
    jury = Jury(true, checks=SMALL_CHECKS)
    return [(told, jury.react(told)) for told in falsehoods_of(true, DRAW)]


def test_every_falsehood_about_a_known_column_is_noticed_and_none_about_an_unknown_one(
    reactions: list[tuple[Falsehood, Reaction]],
) -> None:
    for told, reaction in reactions:
        if told.area == "table" and told.column != "id":
            noticed = ("seen_as_written",) if told.column.startswith("seen_") else ()
            assert reaction.noticed_by == noticed, told
    kinds = {(told.kind, bool(reaction.noticed_by)) for told, reaction in reactions if told.area == "table"}
    assert len(kinds) == 2 * len({kind for kind, _ in kinds}), "each kind must be noticed once and missed once"


def test_rows_left_out_and_written_twice_are_noticed(reactions: list[tuple[Falsehood, Reaction]]) -> None:
    rows = [reaction.noticed_by for told, reaction in reactions if told.area == "row"]
    assert rows == [("seen_as_written",)] * 6


@pytest.mark.parametrize(
    ("area", "seen", "unseen"),
    [
        ("answer", (".seen",), (".unseen", "(status)")),
        ("metric", ("seen",), ("unseen",)),
        ("sample", ("seen",), ("unseen",)),
        ("runbook", ("output", "expected"), ("line", "command")),
    ],
)
def test_what_was_said_falsely_is_noticed_where_a_check_knows_it(
    reactions: list[tuple[Falsehood, Reaction]], area: str, seen: tuple[str, ...], unseen: tuple[str, ...]
) -> None:
    noticed: dict[str, set[bool]] = {}
    for told, reaction in reactions:
        if told.area == area:
            name = told.subject if area == "metric" else told.fact
            noticed.setdefault(name, set()).add(bool(reaction.noticed_by))
    assert [noticed[name] for name in seen] == [{True}] * len(seen)
    assert [noticed[name] for name in unseen] == [{False}] * len(unseen)


def test_a_check_that_cannot_tell_any_more_has_noticed_nothing(
    reactions: list[tuple[Falsehood, Reaction]],
) -> None:
    doubts = [told for told, reaction in reactions if "numbers_read" in reaction.doubted_by]
    assert {(told.column, told.kind) for told in doubts} == {("seen_number", "null")}
    assert all("numbers_read" not in reaction.noticed_by for _, reaction in reactions)


def test_the_jury_judges_the_true_history_as_before_whatever_it_was_told() -> None:
    true = history()
    jury = Jury(true, checks=SMALL_CHECKS)
    plan = falsehoods_of(true, DRAW)
    first = [jury.react(told) for told in plan]
    assert [jury.react(told) for told in reversed(plan)] == first[::-1]
    nothing = Falsehood(area="table", subject="", fact="", kind="", where="", edits={})
    assert jury.react(nothing, everyone=True) == Reaction(noticed_by=(), doubted_by=())


def test_asking_only_those_who_looked_gives_what_asking_all_gives() -> None:
    true = passing().history()
    jury = Jury(true)
    plan = falsehoods_of(true, Draw(seed=1, rows=1))
    sample = plan[::5]
    assert {told.area for told in sample} == {told.area for told in plan}
    for told in sample:
        assert jury.react(told) == jury.react(told, everyone=True), told
