"""A made history of one table with columns of every sort, twice: ``seen_…``, which a check knows, and ``unseen_…``.

Row a is inserted and updated twice, b and c inserted only. The observer saw all three at the end, as the log has them.
"""

from __future__ import annotations

from typing import Any

from simulation.checks.base import Check, Inquiry, check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import NO_KEYS
from simulation.events import (
    Change,
    Event,
    Exchange,
    ExecutionEnded,
    MetricChange,
    Observation,
    Row,
    RunbookStep,
    RunEnded,
    RunStarted,
    Sample,
    Transaction,
    WitnessSummary,
)
from simulation.history import History
from tests.unit.checks.builder import GOVERNANCE, START, day
from tests.unit.checks.story_contest import SCENARIO

SORTS: dict[str, list[Any]] = {
    "flag": [True, False, True],
    "number": [10, 20, 30],
    "instant": ["2026-03-02T10:00:00+00:00", "2026-03-02T11:00:00+00:00", "2026-03-02T12:00:00+00:00"],
    "document": [{"a": 1, "b": [2]}, {"a": 3, "b": [4]}, {"a": 5, "b": [6]}],
    "text": ["first words", "second words", "third words"],
    "status": ["OPEN", "OPEN", "SHUT"],
    "nothing": [None, None, "something"],
}
"""Values of rows a, b and c. A status comes often enough to be known as an enumeration: a's images have it too."""
_STAMPED: dict[str, Any] = {"at": day(1), "cause": "test"}


def row(key: str, **changed: Any) -> Row:
    number = "abc".index(key)
    values = {f"{known}_{sort}": of[number] for sort, of in SORTS.items() for known in ("seen", "unseen")}
    return {"id": key, **values, **changed}


A_LATER: dict[str, Any] = {"seen_number": 11, "unseen_number": 11}
LATER, LAST = row("a"), row("a", **A_LATER)
ROWS = {"a": LAST, "b": row("b"), "c": row("c")}


def history() -> History:
    """Sixteen events, numbered."""
    images = [("insert", row("a")), ("insert", row("b")), ("update", LATER), ("insert", row("c")), ("update", LAST)]
    logged = [
        Transaction(xid=xid, changes=(Change.model_validate({"table": "things", "op": op, "new": new}),), **_STAMPED)
        for xid, (op, new) in enumerate(images, start=1)
    ]
    events: list[Event] = [_started(), *logged, *_statements()]
    events.append(WitnessSummary(witness="wal", records=len(logged), **_STAMPED))
    events.append(Observation(relation="things", rows=tuple(ROWS.values()), **_STAMPED))
    events.append(
        RunEnded(healthy_at=day(1), converged_at=day(1), converge_deadline=day(2), events_processed=9, **_STAMPED)
    )
    return History(event.model_copy(update={"seq": seq}) for seq, event in enumerate(events, start=1))


def _started() -> RunStarted:
    return RunStarted(
        scenario="one_cup",
        scenario_document=SCENARIO,
        seed=1,
        days=6,
        window_start=START,
        window_end=day(6),
        absence_start=START,
        target="test",
        environment="test",
        governance=GOVERNANCE,
        **_STAMPED,
    )


def _statements() -> list[Event]:
    asked: dict[str, Any] = {"request_id": "r1", "method": "GET", "path": "/things/17", "status": 200, **_STAMPED}
    body = {"seen": 1, "unseen": 1}
    step: dict[str, Any] = {"section": "steps", "step": 1, "line": 1, "command": "true", "expected": "yes"}
    return [
        Exchange(actor="entrant", response_body=body, **asked),
        Exchange(actor="stripe", response_body=body, **asked),
        MetricChange(changes={"seen": 1.0, "unseen": 1.0}, **_STAMPED),
        Sample(endpoint="/page", subject="seen", reported=3, observed=3, **_STAMPED),
        Sample(endpoint="/page", subject="unseen", reported=3, observed=3, **_STAMPED),
        RunbookStep(
            execution_id="e1",
            output="yes",
            exit_status=0,
            expected_exit_status=0,
            matched=True,
            writes=False,
            **step,
            **_STAMPED,
        ),
        ExecutionEnded(execution_id="e1", runbook="stuck", status="completed", sim_duration_seconds=60, **_STAMPED),
    ]


def _images() -> list[Row]:
    return [row("a"), row("b"), LATER, row("c"), LAST]


@check("What is seen is as it was written")
def seen_as_written(case: Case, inquiry: Inquiry) -> None:
    inquiry.examine()
    changes = case.wal.of("things")
    if len(changes) != len(_images()):
        inquiry.find("things", f"{len(changes)} changes", keys=NO_KEYS)
    for change, true in zip(changes, _images(), strict=False):
        if change.after is None or _seen(change.after) != _seen(true):
            inquiry.find("things", f"another row than {true['id']}", keys=NO_KEYS, events=(change.transaction,))


def _seen(values: Row) -> Row:
    return {column: value for column, value in values.items() if column.startswith("seen_")}


@check("Log and observer agree")
def witnesses_agree(case: Case, inquiry: Inquiry) -> None:
    inquiry.examine()
    observed = {str(item["id"]): item for item in case.history.rows("things") or ()}
    if observed != dict(case.wal.rows("things")):
        inquiry.find("things", "log and observer differ", keys=NO_KEYS)
    records = next(summary.records for summary in case.events(WitnessSummary))
    if records != len(case.wal.changes):
        inquiry.find("wal", "the witness counted otherwise", keys=NO_KEYS)


@check("What is said is so")
def said_as_is(case: Case, inquiry: Inquiry) -> None:
    inquiry.examine()
    for exchange in case.events(Exchange):
        body = exchange.response_body
        if not isinstance(body, dict) or body.get("seen") != 1:
            inquiry.find("answer", "says otherwise", keys=NO_KEYS, events=(exchange,))
    for change in case.events(MetricChange):
        if change.changes.get("seen") != 1.0:
            inquiry.find("metric", "says otherwise", keys=NO_KEYS, events=(change,))
    for sample in case.events(Sample):
        if sample.subject == "seen" and sample.reported != sample.observed:
            inquiry.find("sample", "says otherwise", keys=NO_KEYS, events=(sample,))
    for step in case.events(RunbookStep):
        if step.output != step.expected:
            inquiry.find("step", "says otherwise", keys=NO_KEYS, events=(step,))


@check("Cannot read a number that is none")
def numbers_read(case: Case, inquiry: Inquiry) -> None:
    inquiry.examine(
        sum(int(str(change.new["seen_number"])) for item in case.wal.transactions for change in item.changes)
    )


SMALL_CHECKS: tuple[Check, ...] = (seen_as_written, witnesses_agree, said_as_is, numbers_read)
