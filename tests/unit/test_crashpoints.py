"""Which places ``simulate crashpoints`` kills the platform at: each once, and the fault meets the very transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simulation.checks.base import CheckResult, Finding
from simulation.checks.verdict import Verdict
from simulation.clock import SimulationClock
from simulation.errors import UsageError
from simulation.events import FaultInjected
from simulation.faults.injector import PlannedInjector
from simulation.faults.plan import FaultPlan
from simulation.faults.statements import Passing, StatementFaults
from simulation.faults.subjects import Registry
from simulation.history import History, Recorder
from simulation.proof.crashpoints.kill import Ending, outcome_of
from simulation.proof.crashpoints.learn import Learned, Notes
from simulation.proof.crashpoints.points import Point, points_of
from simulation.proof.crashpoints.stored import Places, Stored
from simulation.proof.crashpoints.table import findings_of, table_of
from simulation.proof.planned_run import PlannedRun

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
        webhooks="POST /api/webhooks/stripe",
    )


def struck(point: Point, told: list[Passing]) -> list[Passing]:
    """What the point's fault strikes when the same passes again."""
    clock = SimulationClock(start=START)
    plan = FaultPlan(window_start=START, faults=(point.fault,))
    injector = PlannedInjector(plan=plan, recorder=Recorder(clock=clock), clock=clock, registry=Registry())
    faults = StatementFaults(plan=plan, injector=injector, now=lambda: START)
    return [passing for passing in told if faults.on_statement(passing) is not None]


def test_there_is_a_place_before_each_statement_and_before_and_after_the_commit() -> None:
    points = points_of(learned(passings((LOCK, ADD, SET))))

    assert {point.row for point in points} == {"settle → ledger, contests"}
    places = [f"before statement {number} of 3" for number in (1, 2, 3)]
    assert [point.where for point in points] == [*places, "after statement 3 of 3", "after COMMIT"]


def test_where_something_outside_is_called_between_two_statements_both_its_sides_are_places() -> None:
    told = passings((LOCK, ADD, SET))
    call = replace(passings(("call",))[-1], transaction=0)
    points = points_of(learned([*told[:3], call, *told[3:]]))

    assert [point.where for point in points if "statement" in point.where] == [
        "before statement 1 of 3",
        "before statement 2 of 3",
        "after statement 2 of 3",
        "before statement 3 of 3",
        "after statement 3 of 3",
    ]


def test_a_transaction_that_changes_nothing_governed_has_none() -> None:
    assert not points_of(learned(passings((LOOK,), (LOCK, "UPDATE settings SET x = 1"))))


def test_equal_transactions_are_one_row_and_the_first_of_them_is_killed() -> None:
    told = passings((LOOK,), (LOCK, "ROLLBACK"), (LOCK, ADD), (LOCK, ADD), (LOCK, ADD, SET))
    points = points_of(learned(told))

    assert len(points) == 4 + 5
    assert [passing.transaction for point in points for passing in struck(point, told)] == [3] * 4 + [5] * 5


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


def ended(*checks: str, met: bool = True) -> PlannedRun:
    """A run in which these checks found something."""
    events = [FaultInjected(seq=1, at=START, fault_id="crash", fault_kind="k", keys={}, detail="")] if met else []
    results = tuple(
        CheckResult(
            check=name,
            examined=1,
            findings=(Finding(check=name, subject="s", message="m"),),
            unknown=None,
            not_verified=None,
        )
        for name in checks
    )
    verdict = Verdict(
        criteria=(), results=results, outcome="fail" if checks else "pass", exit_code=int(bool(checks)), digest=""
    )
    return PlannedRun(history=History(events), verdict=verdict, told=(), directory=Path())


@pytest.mark.parametrize(
    ("operation", "checks", "outcome"),
    [
        ("settle", (), "survived"),
        ("settle", ("promised_events",), "wrong"),
        ("POST /api/webhooks/stripe", ("promised_events",), "wrong"),
        ("POST /api/contests/{id}/join", ("promised_events",), "turned away"),
        ("POST /api/contests/{id}/join", ("promised_events", "double_entry"), "wrong"),
        ("POST /api/contests/{id}/refund-request", ("runbooks_rehearsed", "faults_recovered"), "turned away"),
        ("POST /api/admin/payouts", ("no_escalation", "faults_recovered"), "escalated"),
        ("POST /api/admin/payouts", ("no_escalation", "exactly_once"), "wrong"),
    ],
)
def test_a_run_is_judged_by_whose_request_was_killed(operation: str, checks: tuple[str, ...], outcome: str) -> None:
    point = points_of(learned(passings((LOCK, ADD), operation=operation)))[0]
    assert outcome_of(ended(*checks), point) == outcome


def test_a_place_that_was_not_met_proves_nothing() -> None:
    point = points_of(learned(passings((LOCK, ADD))))[0]
    assert outcome_of(ended(met=False), point) == "not met"
    broke_off = PlannedRun(history=None, verdict=None, told=("no room",), directory=Path())
    assert outcome_of(broke_off, point) == "not met"


def test_the_table_has_a_row_a_transaction_and_says_how_to_see_a_finding_again() -> None:
    points = points_of(learned(passings((LOCK, ADD))))
    endings = [
        Ending(point=point, outcome=outcome, findings=("exactly_once: m",), directory=kept, cpu_seconds=1.0)
        for point, outcome, kept in zip(
            points[:3], ("survived", "survived", "wrong"), (None, None, Path("runs/x")), strict=True
        )
    ]
    assert table_of(endings).row_count == 2, "the transaction and the sum"
    (told,) = findings_of(endings, seed=1)
    assert told.startswith("wrong: settle → ledger, after statement 2 of 2")
    assert "simulate run runs/x/scenario.yaml --seed 1 --faults runs/x/faults.json" in told


def an_ending(point: Point, **facts: Any) -> Ending:
    return Ending(
        point=point, **{"outcome": "survived", "findings": (), "directory": None, "cpu_seconds": 1.0, **facts}
    )


def test_a_command_that_was_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    points = tuple(points_of(learned(passings((LOCK, ADD)))))
    stored = Stored(tmp_path)
    stored.keep_places(Places(scenario="refund", seed=1, target="", points=points))
    stored.keep(an_ending(points[1], outcome="wrong", findings=("exactly_once: m",), directory=tmp_path / "runs"))
    stored.keep(an_ending(points[0]))
    with open(tmp_path / "endings.jsonl", "a", encoding="utf-8") as file:
        file.write('{"point": {"row')

    again = Stored(tmp_path)
    assert again.left(again.places[0]) == list(points[2:])
    assert again.in_order() == [stored.endings[1], stored.endings[0]]
    again.keep(an_ending(points[2]))
    assert [ending.point for ending in Stored(tmp_path).endings] == [points[1], points[0], points[2]]


def test_a_folder_of_something_else_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "endings.jsonl").write_text('{"outcome": "lived"}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"endings\.jsonl:1"):
        Stored(tmp_path)
