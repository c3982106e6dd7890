"""Which places ``simulate crashpoints`` kills the platform at: each once, and the fault meets the very transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simulation.clock import SimulationClock
from simulation.faults.injector import PlannedInjector
from simulation.faults.plan import FaultPlan
from simulation.faults.statements import Passing, StatementFaults
from simulation.faults.subjects import Registry
from simulation.history import Recorder
from simulation.proof.crashpoints.learn import Learned, Notes
from simulation.proof.crashpoints.points import Point, points_of

START = datetime(2026, 3, 1, tzinfo=UTC)
LOCK = "SELECT * FROM contests WHERE id = %(id)s FOR UPDATE OF contests"
ADD, SET = "INSERT INTO ledger VALUES (1)", "UPDATE contests SET status = 'x'"
LOOK = "SELECT 1"


def passings(*transactions: tuple[str, ...], operation: str = "settle") -> list[Passing]:
    """As they pass; a transaction ends with COMMIT, unless its last statement is ``ROLLBACK``; ``call`` is a call."""
    told: list[Passing] = []

    def add(at: Any, number: int, statement: int, sql: str) -> None:
        told.append(
            Passing(
                at=at,
                operation=operation,
                transaction=number,
                statement=statement,
                sql=sql,
                writes=not sql.startswith("SELECT"),
            )
        )

    for number, statements in enumerate(transactions, start=1):
        add("connection", number, 0, "")
        own = [sql for sql in statements if sql not in ("ROLLBACK", "call")]
        for place, sql in enumerate(own, start=1):
            add("statement", number, place, sql)
        if "ROLLBACK" not in statements:
            add("commit", number, len(own), "")
        if "call" in statements:
            add("call", number, 0, "POST /v1/transfers")
    return told


def learned(told: list[Passing]) -> Learned:
    notes = Notes(START)
    for passing in told:
        notes.take(passing)
    return Learned(
        transactions=notes.transactions,
        calls=notes.calls,
        outcome="pass",
        since=START,
        governed=frozenset({"ledger", "contests"}),
    )


def struck(point: Point, told: list[Passing]) -> list[Passing]:
    """What the point's fault strikes when the same passes again."""
    clock = SimulationClock(start=START)
    plan = FaultPlan(window_start=START, faults=(point.fault,))
    injector = PlannedInjector(plan=plan, recorder=Recorder(clock=clock), clock=clock, registry=Registry())
    faults = StatementFaults(plan=plan, injector=injector, now=lambda: START)
    return [passing for passing in told if faults.on_statement(passing) is not None]


def test_every_statement_has_a_place_before_and_after_it_and_the_commit_one_after() -> None:
    points = points_of(learned(passings((LOCK, ADD, SET))))

    assert {point.row for point in points} == {"settle → ledger, contests"}
    places = [f"{when} statement {number} of 3" for number in (1, 2, 3) for when in ("before", "after")]
    assert [point.where for point in points] == [*places, "after COMMIT"]


def test_a_transaction_that_changes_nothing_governed_has_none() -> None:
    assert not points_of(learned(passings((LOOK,), (LOCK, "UPDATE settings SET x = 1"))))


def test_equal_transactions_are_one_row_and_the_first_of_them_is_killed() -> None:
    told = passings((LOOK,), (LOCK, "ROLLBACK"), (LOCK, ADD), (LOCK, ADD), (LOCK, ADD, SET))
    points = points_of(learned(told))

    assert len(points) == 5 + 7
    assert [passing.transaction for point in points for passing in struck(point, told)] == [3] * 5 + [5] * 7


def test_each_fault_strikes_its_place_and_nothing_else() -> None:
    told = passings((LOOK, LOOK, "ROLLBACK"), (LOCK, ADD, SET), (LOCK, ADD))
    for point in points_of(learned(told)):
        (hit,) = struck(point, told)
        if "COMMIT" in point.where:
            assert hit.at == "commit"
        else:
            assert (hit.at, f"statement {hit.statement} of") == ("statement", point.where.split(" ", 1)[1][:14])


def test_calls_to_the_outside_are_places_too() -> None:
    told = passings((LOCK, ADD, "call"), (LOCK, ADD, "call"))
    calls = [point for point in points_of(learned(told)) if "call" in point.where]

    assert [(point.row, point.where) for point in calls] == [
        ("settle ⇢ POST /v1/transfers", "before the call"),
        ("settle ⇢ POST /v1/transfers", "after the call"),
    ]
    assert all(len(struck(point, told)) == 1 for point in calls)
