"""Another job or request that runs at once with one, on a second instance of the platform, one statement at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg.errors import DeadlockDetected, QueryCanceled

from simulation.environment.sessions import end_session
from simulation.history import caused_by
from simulation.scenario.faults.planned import PlannedFault
from simulation.targets.builtin.turns import Side, Step, Turns

_T = TypeVar("_T")
CONTROL = "two-at-once"
"""The application name of the session that asks who waits for whom."""


class TwoAtOnce:
    """One such meeting. The thread that makes it is the first side; :meth:`end` waits for the second one.

    :param second: carries the other job or request out.
    :param cause: of what the second side does.
    :param conninfo: of the platform's role, which may look at its own sessions and cancel them.
    """

    def __init__(self, fault: PlannedFault, *, second: Callable[[], None], cause: str, conninfo: str) -> None:
        self.fault = fault
        self._cause = cause
        self._second = second
        self._control = psycopg.connect(conninfo, autocommit=True)
        self._first_thread = threading.get_ident()
        self._turns = Turns(
            [int(step) for step in fault.order.split()], waits=self._waits, cancel=self._cancel_statement_of
        )
        self._error: BaseException | None = None
        self._second_thread = threading.Thread(target=self._run, name="second side", daemon=True)
        self._conductor = threading.Thread(target=self._turns.conduct, name="conductor", daemon=True)

    def begin(self) -> None:
        """From now on every step of either side waits for its turn."""
        self._second_thread.start()
        self._conductor.start()

    @property
    def side(self) -> Side | None:
        """Whose thread this is; None for any other."""
        current = threading.get_ident()
        if current == self._first_thread:
            return "first"
        return "second" if current == self._second_thread.ident else None

    def step(self, what: str, pid: int, send: Callable[[], _T]) -> _T:
        """Take a step when it is this side's turn.

        :raises DeadlockDetected: each side waited for the other, and this one is the victim.
        """
        side = self.side
        if side is None:
            return send()
        self._turns.before(side, what, pid=pid)
        try:
            return send()
        except QueryCanceled as cancelled:
            if side not in self._turns.victims:
                raise
            raise DeadlockDetected("deadlock detected") from cancelled
        finally:
            self._turns.after(side)
            self._turns.victims.discard(side)

    def end(self) -> list[Step]:
        """The first side is done: wait for the second one. The steps of both, in their order.

        Raises what the second side raised, and :class:`~simulation.targets.builtin.turns.Hung`.
        """
        self._turns.done("first")
        self._second_thread.join()
        self._conductor.join()
        end_session(self._control)
        error = self._turns.failure or self._error
        if error is not None:
            raise error
        return self._turns.trace

    def _run(self) -> None:
        try:
            with caused_by(self._cause):
                self._second()
        except BaseException as error:
            self._error = error
        finally:
            self._turns.done("second")

    def _waits(self, pid: int) -> bool:
        row = self._control.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", (pid,)).fetchone()
        return bool(row and row[0])

    def _cancel_statement_of(self, pid: int) -> None:
        self._control.execute("SELECT pg_cancel_backend(%s)", (pid,))
