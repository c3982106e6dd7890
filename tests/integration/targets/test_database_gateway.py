"""Real connections of psycopg pass the gateway, whatever they do; a gate can strike any of their statements."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy

from simulation.clock import SimulationClock
from simulation.environment.embedded import embedded_postgres
from simulation.environment.protocol import Database
from simulation.environment.workspace import workspace
from simulation.events import Interleaved
from simulation.faults.statements import Passing, StatementEffect
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.faults.statement_fault import StatementFault
from simulation.targets.process.database_gateway import DatabaseGateway, socket_of
from simulation.targets.process.event_loop import EventLoop
from simulation.targets.process.socket_queues import owner_of_port
from simulation.targets.process.statement_gate import StatementGate

START = datetime(2026, 3, 1, tzinfo=UTC)
JOB = "settlement"
Conversation = Callable[[psycopg.Connection[Any]], Any]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with workspace() as place, embedded_postgres(folder=place, now=START) as server:
        server.prepare_template(_schema)
        yield server.clone("staging")


def _schema(url: str) -> None:
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE prizes (n int)")
        connection.exec_driver_sql("GRANT USAGE ON SCHEMA public TO platform")
        connection.exec_driver_sql("GRANT ALL ON prizes TO platform")
    engine.dispose()


@dataclass
class Watch:
    """Has one kind of fault strike once, at the first place of that kind."""

    kind: type[StatementFault] | None = None
    statement: int = 1
    seen: list[tuple[str, str, int, int, str]] = field(default_factory=list)
    two_at_once = False
    front = None

    def on_statement(self, passing: Passing) -> StatementEffect | None:
        seen = (passing.at, passing.operation, passing.transaction, passing.statement, passing.sql)
        self.seen.append(seen)
        kind = self.kind
        if kind is None:
            return None
        at_write = kind.place == "write" and passing.writes
        if passing.at != kind.place and not at_write:
            return None
        if kind.place == "statement" and passing.statement != self.statement:
            return None
        self.kind = None
        fault: Any = type("Planned", (), {"seconds": 60, "fault_id": "f"})()
        return StatementEffect(deed=kind.deed, after=kind.after, sqlstate=kind.sqlstate, fault=fault)

    def on_interleaved(self, interleaved: Interleaved) -> None:
        raise AssertionError("nobody meets here")


class Stand:
    """A gateway before the server, and clients in a thread of their own while it turns."""

    def __init__(self, database: Database, folder: Path, *, gated: bool) -> None:
        self.database, self.folder = database, folder
        self.loop = EventLoop()
        self.watch = Watch()
        self.clock = SimulationClock(start=START)
        self.kills = 0
        self.program = "jobs"
        self.gate = StatementGate(
            self.watch,
            clock=self.clock,
            signs={JOB: "SELECT 'due'"},
            calls={"payouts": "POST /v1/transfers"},
            program_of=lambda _pid: self.program,
            serves="web",
        )
        self.gateway = DatabaseGateway(
            loop=self.loop,
            server=socket_of(database),
            gate=self.gate if gated else None,
            owner_of=lambda port: owner_of_port(port, among=[os.getppid(), os.getpid()], network_of=os.getpid()),
        )
        self.gateway.listen_in(folder)
        self.gate.links = lambda: list(self.gateway.links)
        self.gate.kill = self.kill

    def kill(self) -> None:
        self.kills += 1
        self.gateway.end_all()

    def connect(self) -> psycopg.Connection[Any]:
        direct = self.database.conninfo("platform", application="test")
        return psycopg.connect(direct.replace(f"host={self.database.host} ", f"host={self.folder} "))

    def talk(self, act: Callable[[], Any]) -> Any:
        """What ``act`` returns, or the psycopg error that it raised."""
        said: list[Any] = []

        def client() -> None:
            try:
                said.append(act())
            except psycopg.Error as error:
                said.append(error)

        thread = threading.Thread(target=client, daemon=True)
        thread.start()
        while thread.is_alive():
            self.loop.turn(0.01)
        return said[0]

    def converse(self, conversation: Conversation) -> Any:
        def act() -> Any:
            with self.connect() as connection:
                return conversation(connection)

        return self.talk(act)

    def rows(self) -> int:
        with psycopg.connect(self.database.conninfo("platform", application="test")) as direct:
            row = direct.execute("SELECT count(*) FROM prizes").fetchone()
            assert row is not None
            return int(row[0])


@pytest.fixture(params=[False, True], ids=["watched by nobody", "gated"])
def any_stand(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[Stand]:
    yield from _stand(database, tmp_path, gated=request.param)


@pytest.fixture
def stand(database: Database, tmp_path: Path) -> Iterator[Stand]:
    yield from _stand(database, tmp_path, gated=True)


def _stand(database: Database, folder: Path, *, gated: bool) -> Iterator[Stand]:
    with psycopg.connect(database.conninfo("platform", application="test"), autocommit=True) as direct:
        direct.execute("TRUNCATE prizes")
    stand = Stand(database, folder / "gateway", gated=gated)
    yield stand
    stand.gateway.close()
    stand.loop.close()


def _pipeline(connection: psycopg.Connection[Any]) -> Any:
    with connection.pipeline():
        found = [connection.execute("SELECT %s::int", (number,)) for number in range(50)]
    return [cursor.fetchone() for cursor in found]


def _copy(connection: psycopg.Connection[Any]) -> Any:
    connection.execute("CREATE TEMP TABLE many (n int, t text)")
    with connection.cursor().copy("COPY many FROM STDIN") as copy:
        for number in range(20_000):
            copy.write_row((number, "x" * 100))
    with connection.cursor().copy("COPY many TO STDOUT") as copy:
        return sum(len(bytes(block)) for block in copy)


@pytest.mark.parametrize(
    ("conversation", "wanted"),
    [
        (lambda connection: connection.execute("SELECT 1").fetchone(), (1,)),
        (lambda connection: connection.execute("SELECT %s::text", ("seven",), prepare=True).fetchone(), ("seven",)),
        (lambda connection: connection.execute("SELECT repeat('x', 30000000)").fetchone()[0][-1], "x"),
        (lambda connection: len(connection.execute("SELECT %s::text", ("y" * 9_000_000,)).fetchone()[0]), 9_000_000),
        (_pipeline, [(number,) for number in range(50)]),
        (_copy, 20_000 * 102 + sum(len(str(number)) for number in range(20_000))),
    ],
    ids=["simple", "prepared", "a long answer", "a long question", "pipeline", "COPY"],
)
def test_what_passes_is_what_was_said(any_stand: Stand, conversation: Conversation, wanted: object) -> None:
    assert any_stand.converse(conversation) == wanted


def test_a_client_of_tcp_is_served_alike_and_its_process_is_known(any_stand: Stand) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    any_stand.gateway.listen(listener)
    port, pids = listener.getsockname()[1], list[int]()

    def converse() -> Any:
        direct = any_stand.database.conninfo("platform", application="test")
        by_tcp = direct.replace(f"host={any_stand.database.host} ", "host=127.0.0.1 ")
        with psycopg.connect(by_tcp.replace(f"port={any_stand.database.port} ", f"port={port} ")) as connection:
            pids.extend(link.pid for link in any_stand.gateway.links)
            return connection.execute("INSERT INTO prizes VALUES (1) RETURNING n").fetchone()

    assert any_stand.talk(converse) == (1,)
    assert any_stand.rows() == 1
    assert pids == [os.getpid() if any_stand.gateway.gate is not None else 0]


def test_a_statement_is_cancelled_through_it(any_stand: Stand) -> None:
    def cancelled(connection: psycopg.Connection[Any]) -> Any:
        timer = threading.Timer(0.2, connection.cancel_safe)  # cancel() keeps every other thread waiting
        timer.start()
        connection.execute("SELECT pg_sleep(30)")

    found = any_stand.converse(cancelled)
    assert isinstance(found, psycopg.errors.QueryCanceled)


def test_tls_is_refused_and_the_client_goes_on_without(any_stand: Stand) -> None:
    def asks() -> Any:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(any_stand.folder / socket_of(any_stand.database).name))
            answers = []
            for code in (80877104, 80877103):
                client.sendall(struct.pack("!II", 8, code))
                answers.append(client.recv(10))
            return answers

    assert any_stand.talk(asks) == [b"N", b"N"]


def test_nobody_else_gets_to_its_socket(any_stand: Stand) -> None:
    assert os.stat(any_stand.folder).st_mode & 0o777 == 0o700


def test_a_client_that_is_gone_leaves_nothing(any_stand: Stand) -> None:
    def leaves() -> None:
        connection = any_stand.connect()
        connection.execute("INSERT INTO prizes VALUES (1)")
        connection.close()

    any_stand.talk(leaves)
    while any_stand.loop.turn(0.05):
        pass
    assert any_stand.gateway.links == []
    assert any_stand.rows() == 0


# --- what a gate knows of a statement, and what strikes it ----------------------------------------------------------


def _settle(connection: psycopg.Connection[Any]) -> str:
    connection.autocommit = True
    connection.execute("SELECT 'due'")
    connection.autocommit = False
    connection.execute("INSERT INTO prizes VALUES (%s)", (1,))
    connection.execute("SELECT count(*) FROM prizes")
    connection.execute("INSERT INTO prizes VALUES (%s)", (2,))
    connection.commit()
    return "done"


def test_statements_are_named_as_those_of_the_platform_in_this_process(stand: Stand) -> None:
    assert stand.converse(_settle) == "done"
    insert, count = "INSERT INTO prizes VALUES ($1)", "SELECT count(*) FROM prizes"
    assert stand.watch.seen == [
        ("connection", JOB, 1, 0, ""),
        ("statement", JOB, 1, 1, insert),
        ("statement", JOB, 1, 2, count),
        ("statement", JOB, 1, 3, insert),
        ("commit", JOB, 1, 3, ""),
    ]
    stand.watch.seen.clear()
    with stand.gate.during({"REQUEST_METHOD": "POST", "PATH_INFO": "/contests/7/join"}):
        assert stand.converse(_settle) == "done"  # by the job's own program
        stand.program = "web"
        assert stand.converse(_settle) == "done"
    assert [seen[1:3] for seen in stand.watch.seen if seen[0] == "commit"] == [
        (JOB, 2),
        ("POST /contests/{id}/join", 1),
    ]


def test_a_call_is_the_jobs_whose_sign_it_bears_else_that_of_the_last_statement(stand: Stand) -> None:
    def network(_environ: dict[str, Any], _start: Any) -> list[bytes]:
        return [b"answered"]

    def call(method: str, path: str) -> None:
        assert list(called({"REQUEST_METHOD": method, "PATH_INFO": path}, None)) == [b"answered"]

    called = stand.gate.called(network)
    assert stand.converse(_settle) == "done"
    call("POST", "/v1/transfers")
    call("GET", "/v1/transfers/tr_1")
    with stand.gate.during({"REQUEST_METHOD": "POST", "PATH_INFO": "/contests/7/join"}):
        call("POST", "/v1/transfers")
    assert [(seen[1], seen[4].split(" ")[0]) for seen in stand.watch.seen if seen[0] == "call"] == [
        ("payouts", "POST"),
        (JOB, "GET"),
        ("POST /contests/{id}/join", "POST"),
    ]


@pytest.mark.parametrize(
    ("name", "wanted", "rows", "kills"),
    [
        ("platform_killed_before_statement", psycopg.OperationalError, 0, 1),
        ("platform_killed_after_statement", psycopg.OperationalError, 0, 1),
        ("platform_killed_after_commit", psycopg.OperationalError, 2, 1),
        ("statement_connection_dropped", psycopg.OperationalError, 0, 0),
        ("commit_answer_lost", psycopg.OperationalError, 2, 0),
        ("commit_lost", psycopg.OperationalError, 0, 0),
        ("serialization_failure", psycopg.errors.SerializationFailure, 0, 0),
        ("deadlock_detected", psycopg.errors.DeadlockDetected, 0, 0),
        ("lock_not_available", psycopg.errors.LockNotAvailable, 0, 0),
        ("database_restarted", psycopg.errors.AdminShutdown, 0, 0),
        ("too_many_connections", psycopg.OperationalError, 0, 0),
        ("statement_slow", str, 2, 0),
        ("database_disk_full", psycopg.errors.DiskFull, 0, 0),
    ],
)
def test_a_fault_strikes_and_the_server_has_what_it_should(
    name: str, wanted: type, rows: int, kills: int, stand: Stand
) -> None:
    kind = KINDS[name]
    assert issubclass(kind, StatementFault)
    stand.watch.kind, stand.watch.statement = kind, 1 if name == "statement_slow" else 3
    found = stand.converse(_settle)
    assert isinstance(found, wanted), found
    assert stand.watch.kind is None
    assert (stand.rows(), stand.kills) == (rows, kills)
    assert (stand.clock.now - START).total_seconds() == (60 if name == "statement_slow" else 0)
    if name == "too_many_connections":
        refused = stand.talk(stand.connect)
        assert "too many clients" in str(refused)
    assert stand.converse(_settle) == "done"


def test_an_error_in_a_pipeline_ends_it_as_the_servers_own_does(stand: Stand) -> None:
    stand.watch.kind, stand.watch.statement = KINDS["serialization_failure"], 2  # type: ignore[assignment]

    def piped(connection: psycopg.Connection[Any]) -> Any:
        with connection.pipeline():
            for number in range(4):
                connection.execute("INSERT INTO prizes VALUES (%s)", (number,))

    assert isinstance(stand.converse(piped), psycopg.errors.SerializationFailure)
    assert stand.rows() == 0
