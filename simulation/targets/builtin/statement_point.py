"""The point that every statement of the platform in this process passes, around psycopg.

The platform knows nothing of it. Its connections are of a class of ours, which SQLAlchemy opens by way of the event
``do_connect``; that is only done in a run in which somebody asks, so that any other run has psycopg's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, TypeVar
from weakref import WeakSet
from wsgiref.types import WSGIApplication

import psycopg
import sqlalchemy
from psycopg.pq import TransactionStatus
from sqlalchemy import event

from simulation.clock import SimulationClock
from simulation.environment.protocol import Database
from simulation.environment.sessions import until_ended
from simulation.events import Interleaved, InterleavedStep
from simulation.faults.statements import Passing, Place, StatementEffect, StatementWatch
from simulation.history import current_cause
from simulation.scenario.faults.concurrency import AGAIN
from simulation.scenario.faults.planned import PlannedFault
from simulation.targets.builtin.two_at_once import CONTROL, TwoAtOnce
from simulation.targets.statements import BEFORE_ANY, LONGEST_STEP, MESSAGES, WRITES, operation_of

_T = TypeVar("_T")
_PING = ("SELECT 1", ";")
"""What SQLAlchemy sends on a pooled connection before it hands it out."""


class PlatformKilled(BaseException):
    """The platform's process is gone. Not an ``Exception``: a process that is killed handles nothing."""


class StatementPoint:
    """Knows whose statement passes, counts transactions, asks ``watch``, and does what it answers.

    :param database: whose connections pass; those to other ones of this process do not.
    """

    def __init__(self, watch: StatementWatch, *, clock: SimulationClock, database: Database) -> None:
        self._watch = watch
        self._clock = clock
        self._database = database.name
        self._control = database.conninfo("platform", application=CONTROL)
        self._first = BEFORE_ANY
        self._operation: ContextVar[str] = ContextVar("operation", default=BEFORE_ANY)
        self._transactions: Counter[str] = Counter()
        self._connections: WeakSet[WatchedConnection] = WeakSet()
        self._refuse_next = False
        self.meeting: TwoAtOnce | None = None
        self.second_side: Callable[[PlannedFault], Callable[[], None]] | None = None
        """Makes what runs at once with the operation that runs now; set by whoever has a second instance."""
        self.killed = False
        """The platform's process is gone, and nothing of it may reach anybody."""

    @contextmanager
    def installed(self) -> Iterator[StatementPoint]:
        """Within this block new connections to the database pass here."""
        event.listen(sqlalchemy.Engine, "do_connect", self._connect)
        try:
            yield self
        finally:
            event.remove(sqlalchemy.Engine, "do_connect", self._connect)

    @contextmanager
    def during(self, operation: str) -> Iterator[None]:
        """Statements within this block are those of a job or request."""
        token = self._operation.set(operation)
        try:
            yield
        finally:
            self._operation.reset(token)
            self._end_meeting()

    @property
    def operation(self) -> str:
        return self._operation.get()

    def _connect(self, _dialect: Any, _record: Any, arguments: Any, parameters: dict[str, Any]) -> Any:
        """Opens a connection; None leaves it to SQLAlchemy."""
        if parameters.get("dbname") != self._database:
            return None
        self.stay_dead()
        if self._refuse_next:
            self._refuse_next = False
            raise psycopg.OperationalError("connection failed: FATAL:  sorry, too many clients already")
        connection = WatchedConnection.connect(*arguments, cursor_factory=WatchedCursor, **parameters)
        connection.point = self
        self._connections.add(connection)
        return connection

    def next_transaction(self) -> int:
        """Counts one more of the operation that runs."""
        self._transactions[self.operation] += 1
        return self._transactions[self.operation]

    def stay_dead(self) -> None:
        """Raises :class:`PlatformKilled` where nothing of the platform may go on."""
        if self.killed:
            raise PlatformKilled

    # --- what happens at it --------------------------------------------------------------------------------------

    def ping(self, connection: WatchedConnection) -> None:
        """A connection is taken for a transaction. A fault strikes the next one of the operation."""
        number = self._transactions[self.operation] + 1
        if self._ask("connection", number, 0, "") is not None:
            self._refuse_next = True
            connection.lose()

    def statement(self, connection: WatchedConnection, sql: str, send: Callable[[], _T]) -> _T:
        """A statement of a transaction that is numbered already."""
        effect = self._ask("statement", connection.transaction_number, connection.statements, sql)
        return self._carry_out(effect, connection, send)

    def commit(self, connection: WatchedConnection, send: Callable[[], None]) -> None:
        effect = self._ask("commit", connection.transaction_number, connection.statements, "")
        self._carry_out(effect, connection, send)

    def called(self, network: WSGIApplication) -> WSGIApplication:
        """The network of the platform, whose calls pass here before they reach anybody."""

        def pass_on(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            self.stay_dead()
            path = operation_of(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
            effect = self._ask("call", self._transactions[self.operation], 0, path)
            if effect is None:
                return self.step(path, 0, lambda: network(environ, start_response))
            if effect.after:
                list(network(environ, start_response))
            return self.kill()

        return pass_on

    def _ask(self, at: Place, transaction: int, statement: int, sql: str) -> StatementEffect | None:
        """What strikes here. Nothing does while two run at once: whoever goes on is all that happens then."""
        if self.meeting is not None:
            return None
        return self._watch.on_statement(
            Passing(
                at=at,
                operation=self.operation,
                transaction=transaction,
                statement=statement,
                sql=sql,
                writes=at == "statement" and WRITES.search(sql) is not None,
            )
        )

    def _carry_out(self, effect: StatementEffect | None, connection: WatchedConnection, send: Callable[[], _T]) -> _T:
        if effect is None:
            return send()
        if effect.deed == "race":
            self._clock.advance(effect.fault.seconds)
            self._meet(effect.fault)
            return send()
        if effect.deed == "slow":
            self._clock.advance(effect.fault.seconds)
            return send()
        if effect.after:
            send()
        return self._strike(effect, connection)

    def _strike(self, effect: StatementEffect, connection: WatchedConnection) -> NoReturn:
        if effect.deed == "kill":
            self.kill()
        if effect.deed == "terminate":
            self._end_other_sessions(connection)
            connection.end_by_server()
        if effect.deed == "error":
            connection.fail(effect.sqlstate, MESSAGES[effect.sqlstate])
        connection.lose()

    def step(self, what: str, pid: int, send: Callable[[], _T]) -> _T:
        """Send it, when it is this side's turn where two run at once."""
        if self.meeting is None:
            return send()
        return self.meeting.step(" ".join(what.split())[:LONGEST_STEP], pid, send)

    def _meet(self, fault: PlannedFault) -> None:
        """The other one begins, on an instance of its own."""
        assert self.second_side is not None, "whoever gives a point to an instance can make a second one"
        assert self.meeting is None, "two meetings at once would be four sides"
        second = self.second_side(fault)
        job = fault.other if fault.other != AGAIN else None
        cause = current_cause() if job is None else f"job:{job}:{self._clock.now.isoformat()}"
        self.meeting = TwoAtOnce(fault, second=second, cause=cause, conninfo=self._control)
        self._first = self.operation
        self.meeting.begin()

    def _end_meeting(self) -> None:
        """Where the first side's operation ends, the second one is waited for."""
        meeting = self.meeting
        if meeting is None or meeting.side != "first":
            return
        steps = meeting.end()
        self.meeting = None
        second = self._first if meeting.fault.other == AGAIN else meeting.fault.other
        told = tuple(InterleavedStep(side=step.side, what=step.what, note=step.note) for step in steps)
        self._watch.on_interleaved(
            Interleaved(fault_id=meeting.fault.fault_id, first=self._first, second=second, steps=told)
        )

    def kill(self) -> NoReturn:
        """The process is gone: the server rolls back what its connections had open."""
        self.killed = True
        for connection in sorted(self._connections, key=lambda one: one.serial):
            connection.forget()
        raise PlatformKilled

    def _end_other_sessions(self, current: WatchedConnection) -> None:
        for connection in sorted(self._connections, key=lambda one: one.serial):
            if connection is not current:
                connection.forget()


class WatchedConnection(psycopg.Connection[Any]):
    """A connection whose statements pass a point. ``point`` is set as soon as it is open."""

    opened = 0
    point: StatementPoint | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        WatchedConnection.opened += 1
        self.serial = WatchedConnection.opened
        self.transaction_number = 0
        self.statements = 0

    def commit(self) -> None:
        """COMMIT, if a transaction is open."""
        if self.point is None or self.pgconn.transaction_status == TransactionStatus.IDLE:
            return super().commit()
        self.point.stay_dead()
        point, commit = self.point, super().commit
        return point.commit(self, lambda: point.step("COMMIT", self.pgconn.backend_pid, commit))

    def rollback(self) -> None:
        """ROLLBACK, if a transaction is open; nothing for a process that is gone."""
        point, rollback = self.point, super().rollback
        if point is None or self.closed or self.pgconn.transaction_status == TransactionStatus.IDLE:
            rollback()
        elif not point.killed:
            point.step("ROLLBACK", self.pgconn.backend_pid, rollback)

    def passes(self, sql: str, send: Callable[[], _T]) -> _T:
        """A cursor is about to send ``sql``."""
        point = self.point
        if point is None:
            return send()
        point.stay_dead()

        def step() -> _T:
            return point.step(sql, self.pgconn.backend_pid, send)

        if self.autocommit:
            if sql in _PING:
                point.ping(self)
                return send()
            if not WRITES.search(sql):
                return step()
            self.transaction_number, self.statements = point.next_transaction(), 0
        elif self.pgconn.transaction_status == TransactionStatus.IDLE:
            self.transaction_number, self.statements = point.next_transaction(), 0
        self.statements += 1
        return point.statement(self, sql, step)

    def forget(self) -> None:
        """End it so that the server has rolled back before anybody else goes on."""
        if self.closed:
            return
        with until_ended(self):
            self.pgconn.finish()

    def lose(self) -> NoReturn:
        """It breaks.

        :raises OperationalError: always, as psycopg does then.
        """
        self.forget()
        raise psycopg.OperationalError(
            "consuming input failed: server closed the connection unexpectedly\n"
            "\tThis probably means the server terminated abnormally\n"
            "\tbefore or while processing the request."
        )

    def fail(self, sqlstate: str, message: str) -> NoReturn:
        """Have the server refuse with an SQLSTATE; its transaction is aborted then, as with any error.

        :raises OperationalError: always, psycopg's class for the state.
        """
        with psycopg.Cursor(self) as cursor:
            cursor.execute(f"DO $$BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}', MESSAGE = '{message}'; END$$")
        raise AssertionError("the server refused nothing")

    def end_by_server(self) -> NoReturn:
        """Have the server end this session, as it does when it restarts.

        :raises AdminShutdown: always.
        """
        with until_ended(self), psycopg.Cursor(self) as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        raise AssertionError("the server ended nothing")


class WatchedCursor(psycopg.Cursor[Any]):
    """A cursor of such a connection."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> WatchedCursor:
        """See psycopg; passes the point."""
        connection = self.connection
        assert isinstance(connection, WatchedConnection)
        execute = super().execute
        connection.passes(str(query), lambda: execute(query, params, **options))
        return self

    def executemany(self, query: Any, params_seq: Any, *, returning: bool = False) -> None:
        """See psycopg; passes the point as one statement."""
        connection = self.connection
        assert isinstance(connection, WatchedConnection)
        execute = super().executemany
        connection.passes(str(query), lambda: execute(query, params_seq, returning=returning))
