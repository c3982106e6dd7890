"""Who notices a falsehood: judged again by those checks only that can be concerned, with the same result as by all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulation.checks.contract import CONTRACT_CHECKS
from simulation.contract.document import Contract
from simulation.events import Change, ContractDeclared, MetricChange, Transaction
from simulation.history import History
from simulation.proof.coverage.conforming import spoken_of
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.falsehood import Falsehood
from simulation.proof.coverage.judging import Jury, Reaction
from simulation.proof.coverage.plan import falsehoods_of
from tests.unit.checks.builder import GOVERNANCE
from tests.unit.checks.story import passing
from tests.unit.coverage.small_history import SMALL_CHECKS, history, row

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


def declared_history() -> History:
    """The small history with a contract: two tables, of which one counts the other's rows."""
    known = {f"seen_{sort}": {"one_of": [*map(row_value(sort), "abc"), "nothing else"]} for sort in ("text", "status")}
    things = {"inserted": {"id": {"identity": "unique"}, **known}, "writes": [{"name": "made", "op": "insert"}]}
    totals = {
        "inserted": {
            "id": {"identity": "unique"},
            "things": {"count": "things", "where": {"seen_status": "row.status"}},
        },
        "writes": [{"name": "summed", "op": "insert"}],
    }
    started, *rest = history().events
    contract = ContractDeclared(document={"tables": {"things": things, "totals": totals}}, at=started.at)
    total: dict[str, Any] = {"table": "totals", "op": "insert", "new": {"id": "t", "status": "OPEN", "things": 2}}
    last = max(event.xid for event in history().of(Transaction))
    summed = Transaction(xid=last + 1, changes=(Change(**total),), at=started.at)
    return History(
        event.model_copy(update={"seq": seq}) for seq, event in enumerate([started, contract, *rest, summed], start=1)
    )


def row_value(sort: str) -> Callable[[str], Any]:
    return lambda key: row(key)[f"seen_{sort}"]


def test_rules_of_a_contract_are_judged_again_where_the_falsehood_concerns_them_and_only_there() -> None:
    true = declared_history()
    jury = Jury(true, checks=CONTRACT_CHECKS)
    noticed: dict[str, set[str]] = {}
    for told in falsehoods_of(true, DRAW):
        reaction = jury.react(told)
        assert reaction == jury.react(told, everyone=True), told
        noticed.setdefault(f"{told.subject}.{told.column or told.kind}", set()).update(reaction.noticed_by)
    assert noticed["things.seen_status"] == noticed["things.seen_text"] == {"values_as_declared"}
    assert noticed["totals.things"] == noticed["totals.status"] == {"values_as_declared"}
    assert noticed["things.left out"] == {"values_as_declared"}
    assert noticed["things.unseen_text"] == set()


def stated_history() -> History:
    """The small history with a contract of an answer and two metrics, each of which speaks of rows."""
    one = {"count": "things", "where": {"seen_number": {"constant": 11}}}
    body = {"document": {"seen": one, "unseen": {"free": "nobody can know it"}}}
    document: dict[str, Any] = {
        "tables": {"things": {}},
        "answers": [{"to": "GET /things/{id}", "body": body}],
        "metrics": {"seen": {"value": one}, "unseen": {"not_judged": "nobody can know it"}},
    }
    started, *rest = history().events
    events = [started, ContractDeclared(document=document, at=started.at), *rest]
    scraped = {"up": 1.0, "seen": 1.0, "unseen": 1.0}
    return History(
        event.model_copy(update={"seq": seq, **({"changes": scraped} if isinstance(event, MetricChange) else {})})
        for seq, event in enumerate(events, start=1)
    )


def test_answers_and_metrics_are_judged_again_where_the_falsehood_concerns_them_and_only_there() -> None:
    true = stated_history()
    jury = Jury(true, checks=CONTRACT_CHECKS)
    noticed: dict[str, set[str]] = {}
    for told in falsehoods_of(true, DRAW):
        reaction = jury.react(told)
        assert reaction == jury.react(told, everyone=True), told
        noticed.setdefault(f"{told.area} {told.column or told.fact}", set()).update(reaction.noticed_by)
    assert noticed["answer .seen"] == {"answers_true"}
    assert noticed["metric (value)"] == {"metrics_true"}
    assert noticed["table seen_number"] == {"answers_true", "metrics_true"}
    assert noticed["table seen_text"] == noticed["table unseen_number"] == set()


def test_of_another_table_only_the_columns_that_it_names_concern_a_table_s_rules() -> None:
    document = declared_history().of(ContractDeclared)[0].document
    contract = Contract.model_validate(document)
    spoken = spoken_of("totals", contract.tables["totals"].writes[0], contract, GOVERNANCE)
    assert {"things"} <= spoken.tables
    assert {("rows", "things"), ("column", "things.seen_status")} <= spoken.things
    assert ("column", "things.seen_text") not in spoken.things
    assert ("table", "things") not in spoken.things
