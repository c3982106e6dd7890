"""What each fault does at the point that a platform's statements pass, with a real server behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from simulation.clock import SimulationClock
from simulation.environment.embedded import EmbeddedPostgres
from simulation.environment.protocol import Database
from simulation.events import Interleaved
from simulation.faults.statements import Passing, StatementEffect
from simulation.scenario.faults.expectation import SELF_HEALS
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.faults.statement_fault import StatementFault
from simulation.targets.builtin.statement_point import PlatformKilled, StatementPoint

START = datetime(2026, 3, 1, tzinfo=UTC)


def planned(kind: type[StatementFault], **changes: Any) -> PlannedFault:
    values: dict[str, Any] = {"fault_id": "f", "kind": kind.name(), "expect": SELF_HEALS, "transaction": "job"}
    return PlannedFault.model_validate({**values, "starts_at": START, "over_by": START, **changes})


class Watch:
    """Strikes where it is told to, and keeps what passed."""

    front = None
    two_at_once = False

    def __init__(self) -> None:
        self.interleaved: list[Interleaved] = []
        self.passed: list[Passing] = []
        self.strikes: dict[tuple[str, int, int], StatementEffect] = {}

    def arm(self, kind: type[StatementFault], at: str, transaction: int = 1, statement: int = 1) -> None:
        self.strikes[at, transaction, statement] = StatementEffect(
            deed=kind.deed, after=kind.after, sqlstate=kind.sqlstate, fault=planned(kind, seconds=45)
        )

    def on_interleaved(self, interleaved: Interleaved) -> None:
        self.interleaved.append(interleaved)

    def on_statement(self, passing: Passing) -> StatementEffect | None:
        self.passed.append(passing)
        return self.strikes.pop((passing.at, passing.transaction, passing.statement), None)


@pytest.fixture(autouse=True)
def table(postgres: EmbeddedPostgres, database: Database) -> None:
    with postgres.superuser(database.name) as session:
        session.execute("CREATE TABLE tried (n int)")
        session.execute("GRANT ALL ON tried TO platform")


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def clock() -> SimulationClock:
    return SimulationClock(start=START)


@pytest.fixture
def point(watch: Watch, clock: SimulationClock, database: Database) -> Iterator[StatementPoint]:
    with StatementPoint(watch, clock=clock, database=database).installed() as point:
        yield point


@pytest.fixture
def engine(point: StatementPoint, database: Database) -> Iterator[Engine]:
    url = database.url("platform", application="test")
    engine = sqlalchemy.create_engine(url, pool_size=2, max_overflow=0, pool_timeout=0, pool_pre_ping=True)
    with engine.connect():  # what SQLAlchemy asks of a server that it does not know yet
        pass
    with point.during("job"):
        yield engine
    engine.dispose()


def write(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT count(*) FROM tried"))
        connection.execute(text("INSERT INTO tried VALUES (1)"))


def rows(database: Database) -> int:
    with psycopg.connect(database.conninfo("platform", application="look")) as session:
        row = session.execute("SELECT count(*) FROM tried").fetchone()
    assert row is not None
    return int(row[0])


def test_statements_and_commits_pass_in_order_with_their_numbers(engine: Engine, watch: Watch) -> None:
    watch.passed.clear()
    write(engine)
    write(engine)

    told = [(one.at, one.transaction, one.statement, one.writes) for one in watch.passed]
    once = [("connection", 0, False), ("statement", 1, False), ("statement", 2, True), ("commit", 2, False)]
    assert told == [(at, number, statement, writes) for number in (1, 2) for at, statement, writes in once]
    assert {one.operation for one in watch.passed} == {"job"}


@pytest.mark.parametrize(
    "name", ["serialization_failure", "deadlock_detected", "lock_not_available", "database_disk_full"]
)
def test_the_server_itself_refuses_with_the_state_of_the_kind(
    name: str, engine: Engine, watch: Watch, database: Database
) -> None:
    kind = KINDS[name]
    assert issubclass(kind, StatementFault)
    watch.arm(kind, "statement", statement=2)

    with pytest.raises(OperationalError) as caught:
        write(engine)
    assert getattr(caught.value.orig, "sqlstate", None) == kind.sqlstate
    write(engine)
    assert rows(database) == 1, "the second transaction, on the same connection"


@pytest.mark.parametrize(
    ("name", "at", "written"),
    [
        ("statement_connection_dropped", "statement", 0),
        ("commit_lost", "commit", 0),
        ("commit_answer_lost", "commit", 1),
    ],
)
def test_a_connection_that_breaks_leaves_what_the_server_committed(
    name: str, at: str, written: int, engine: Engine, watch: Watch, database: Database
) -> None:
    kind = KINDS[name]
    assert issubclass(kind, StatementFault)
    watch.arm(kind, at, statement=2)

    with pytest.raises(OperationalError, match="server closed the connection") as caught:
        write(engine)
    assert caught.value.connection_invalidated
    assert rows(database) == written
    write(engine)
    assert rows(database) == written + 1


@pytest.mark.parametrize(
    ("name", "at", "written"),
    [
        ("platform_killed_before_statement", "statement", 0),
        ("platform_killed_after_statement", "statement", 0),
        ("platform_killed_after_commit", "commit", 1),
    ],
)
def test_nothing_of_a_process_that_is_killed_goes_on(
    name: str, at: str, written: int, engine: Engine, watch: Watch, point: StatementPoint, database: Database
) -> None:
    kind = KINDS[name]
    assert issubclass(kind, StatementFault)
    watch.arm(kind, at, statement=2)

    with pytest.raises(PlatformKilled):
        write(engine)
    assert point.killed
    with pytest.raises(PlatformKilled):
        write(engine)
    assert rows(database) == written
    point.killed = False
    write(engine)
    assert rows(database) == written + 1, "a new process opens new connections"


def test_a_restarting_server_ends_every_session_and_takes_new_ones(
    engine: Engine, watch: Watch, database: Database
) -> None:
    kind = KINDS["database_restarted"]
    assert issubclass(kind, StatementFault)
    watch.arm(kind, "statement", transaction=2, statement=2)

    with engine.connect() as idle:
        idle.execute(text("SELECT 1 AS open")).all()
        with pytest.raises(OperationalError) as caught:
            write(engine)
        assert getattr(caught.value.orig, "sqlstate", None) == "57P01"
        with pytest.raises(OperationalError, match="closed"):
            idle.execute(text("SELECT 1 AS open"))
    write(engine)
    assert rows(database) == 1


def test_no_connection_is_granted_once(engine: Engine, watch: Watch, database: Database) -> None:
    kind = KINDS["too_many_connections"]
    assert issubclass(kind, StatementFault)
    watch.arm(kind, "connection", statement=0)

    with pytest.raises(OperationalError, match="too many clients"):
        write(engine)
    write(engine)
    assert rows(database) == 1


def test_a_slow_statement_takes_simulated_seconds(engine: Engine, watch: Watch, clock: SimulationClock) -> None:
    kind = KINDS["statement_slow"]
    assert issubclass(kind, StatementFault)
    watch.arm(kind, "statement", statement=1)

    write(engine)
    assert clock.elapsed_seconds == 45


def test_other_databases_of_the_process_do_not_pass(point: StatementPoint, watch: Watch, database: Database) -> None:
    other = database.url("platform", application="test").replace(f"/{database.name}?", "/postgres?")
    engine = sqlalchemy.create_engine(other)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()
    assert not watch.passed
    assert not point.killed
