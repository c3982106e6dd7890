"""Whose statement passes the gateway, which one of its transaction it is, and what a fault does to it.

The vocabulary is that of the platform in this process: a job or a request, its transactions by number, their statements
by number, COMMIT. A request is known because the harness sends one at a time; a job by its signs, ``seen_in_sql`` and
``seen_in_call`` in target.toml. Source of what a fault does: :mod:`simulation.scenario.faults.statements`.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary
from wsgiref.types import WSGIApplication

from werkzeug.test import run_wsgi_app

from simulation.clock import SimulationClock
from simulation.events import Interleaved
from simulation.faults.statements import Passing, Place, StatementEffect, StatementWatch
from simulation.history import caused_by
from simulation.scenario.faults.concurrency import AGAIN
from simulation.targets.process.database_connection import Link
from simulation.targets.process.meeting import Meeting
from simulation.targets.process.wire import Statement, refusal
from simulation.targets.statements import BEFORE_ANY, MESSAGES, WRITES, operation_of
from simulation.world.network.external import Lost

_PINGS = ("", ";", "SELECT 1")
"""What pools send on a connection before they hand it out."""
_SHUTDOWN = refusal("FATAL", "57P01", "terminating connection due to administrator command")


@dataclass(kw_only=True)
class _Transaction:
    """What is known of a connection's transaction; none is open where ``opened`` is false."""

    opened: bool = False
    operation: str = BEFORE_ANY
    number: int = 0
    statements: int = 0
    job: str = ""
    """The job whose sign it gave."""

    def over(self) -> None:
        self.opened, self.number, self.statements, self.job = False, 0, 0, ""


class StatementGate:
    """Asked by the gateway about every statement; see :class:`simulation.targets.process.database_connection.Gate`.

    :param signs: job → what a statement begins with by which its run, or its transaction, is known.
    :param calls: job → what method and path of its calls begin with; a program that does several jobs at once makes
        them in no order that repeats, and the job of the last statement is a guess.
    :param program_of: name of the program that a process belongs to; empty for none.
    :param serves: name of the program that serves requests.
    """

    def __init__(
        self,
        watch: StatementWatch,
        *,
        clock: SimulationClock,
        signs: Mapping[str, str],
        calls: Mapping[str, str],
        program_of: Callable[[int], str],
        serves: str,
    ) -> None:
        self._watch = watch
        self._clock = clock
        self._signs = [(job, re.compile(sign, re.IGNORECASE)) for job, sign in signs.items()]
        self._calls = [(job, re.compile(call)) for job, call in calls.items()]
        self._program_of = program_of
        self._serves = serves
        self._request = ""
        self._environ: dict[str, Any] = {}
        self._jobs: dict[str, str] = {}
        """Program → the job whose sign it gave last."""
        self._last_job = BEFORE_ANY
        self._programs: WeakKeyDictionary[Link, str] = WeakKeyDictionary()
        self._open: WeakKeyDictionary[Link, _Transaction] = WeakKeyDictionary()
        self._transactions: Counter[str] = Counter()
        self._refuses_next = False
        self._meeting: Meeting | None = None
        self.links: Callable[[], list[Link]] = list
        """The open connections, the oldest first."""
        self.kill: Callable[[], None] = lambda: None
        """Kills the backend's programs; they are started again later."""
        self.fire_due_timers: Callable[[], None] = lambda: None
        """Lets the backend do what is due now; nothing where the program that serves requests has no timers."""
        self.await_timer: Callable[[int, Callable[[], bool]], None] = lambda _seconds, _coming: None
        """Lets so many simulated seconds pass, and then as many as a timer needs to fire, while the second is true."""
        self.second_replica: Callable[[str], AbstractContextManager[None]] = lambda _program: nullcontext()
        """Within it a program runs twice."""
        self._replica = ExitStack()

    @contextmanager
    def during(self, environ: dict[str, Any]) -> Iterator[None]:
        """A request is with the backend. Within another one: it is the same, once more at once."""
        if self._request:
            yield
            return
        with caused_by(f"job:timers:{self._clock.now.isoformat()}"):
            self.fire_due_timers()  # before the request, or their statements would be taken for the request's
        self._request = operation_of(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
        self._environ = environ
        try:
            yield
        finally:
            self._end_meeting()
            self._request = ""

    def admits(self, _link: Link) -> bool:
        refused, self._refuses_next = self._refuses_next, False
        return not refused

    def ready(self, link: Link) -> None:
        if link.state == b"I":
            self._transaction(link).over()

    def passes(self, link: Link, statement: Statement) -> bool:
        open_now = self._transaction(link)
        if not open_now.opened and link.state == b"I":
            return self._outside(link, open_now, statement)
        if statement.rolls_back:
            open_now.over()
            return self._goes_on(None, link, "ROLLBACK")
        if statement.commits:
            effect = self._ask("commit", open_now, "") if open_now.number else None
            open_now.over()
            return self._goes_on(effect, link, "COMMIT")
        if not open_now.number:
            self._begin(link, open_now, statement)
        return self._within(link, open_now, statement)

    def called(self, network: WSGIApplication) -> WSGIApplication:
        """The network of the backend, whose calls pass here before they reach anybody."""

        def pass_on(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            what = operation_of(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
            operation = self._request or self._caller(what)
            asked = _Transaction(operation=operation, number=self._transactions[operation])
            effect = self._ask("call", asked, what)
            if effect is None:
                return network(environ, start_response)
            if effect.after:
                list(network(environ, start_response))
            raise Lost("the backend is killed at its call", how="killed")

        return pass_on

    def release_at_rest(self) -> bool:
        """The backend rests: where two run at once, the next statement goes on. Whether one did."""
        meeting = self._meeting
        if meeting is None or meeting.gathering:
            return False
        if meeting.go_on(self.links()):
            return True
        if not self._request:
            self._end_meeting()  # of a job nobody but its rest tells that it is over
        return self._meeting is None

    def _caller(self, what: str) -> str:
        return next((job for job, call in self._calls if call.match(what)), self._last_job)

    # --- which statement it is -----------------------------------------------------------------------------------

    def _transaction(self, link: Link) -> _Transaction:
        if link not in self._open:
            self._open[link] = _Transaction()
            self._programs[link] = self._program_of(link.pid)
        return self._open[link]

    def _outside(self, link: Link, open_now: _Transaction, statement: Statement) -> bool:
        """A statement while no transaction is open: it opens one, is one, or only reads."""
        plain = " ".join(statement.plain.split())
        ping = plain in _PINGS
        if statement.opens or ping:
            open_now.opened = statement.opens
            number = self._transactions[self._operation(link)] + 1
            asked = _Transaction(operation=self._operation(link), number=number)
            return self._goes_on(self._ask("connection", asked, ""), link, "")
        if WRITES.search(plain):
            self._begin(link, open_now, statement)
            passes = self._within(link, open_now, statement)
            open_now.over()
            return passes
        self._look_for_a_sign(link, plain)
        passes = self._goes_on(None, link, plain)
        open_now.over()
        return passes

    def _begin(self, link: Link, open_now: _Transaction, statement: Statement) -> None:
        self._look_for_a_sign(link, " ".join(statement.plain.split()))
        operation = self._operation(link)
        self._transactions[operation] += 1
        open_now.operation, open_now.number, open_now.statements = operation, self._transactions[operation], 0

    def _within(self, link: Link, open_now: _Transaction, statement: Statement) -> bool:
        open_now.statements += 1
        return self._goes_on(self._ask("statement", open_now, statement.plain), link, statement.plain)

    def _operation(self, link: Link) -> str:
        program = self._programs[link]
        if self._request and program == self._serves:
            return self._request
        return self._jobs.get(program, BEFORE_ANY)

    def _look_for_a_sign(self, link: Link, plain: str) -> None:
        for job, sign in self._signs:
            if sign.match(plain):
                self._jobs[self._programs[link]] = self._last_job = self._open[link].job = job

    def _job(self, link: Link) -> str:
        """Whose statement it is, where that is a job's. A program that serves requests, too, may have both at once: of
        its transactions only those are a job's that began with its sign."""
        program = self._programs[link]
        return self._open[link].job if program == self._serves else self._jobs.get(program, "")

    # --- what happens to it --------------------------------------------------------------------------------------

    def _ask(self, at: Place, asked: _Transaction, sql: str) -> StatementEffect | None:
        """What strikes here. Nothing does while two run at once: whoever goes on is all that happens then."""
        if self._meeting is not None:
            return None
        return self._watch.on_statement(
            Passing(
                at=at,
                operation=asked.operation,
                transaction=asked.number,
                statement=asked.statements,
                sql=sql,
                writes=at == "statement" and WRITES.search(sql) is not None,
            )
        )

    def _goes_on(self, effect: StatementEffect | None, link: Link, what: str) -> bool:
        """Whether the statement goes on now; ``what`` is empty for what counts as no step where two run at once."""
        if effect is None:
            return not what or self._meeting is None or self._meeting.admits(link, what, job=self._job(link))
        if effect.deed == "race":
            self._meet(effect, link, what)
            return False
        if effect.deed == "slow":
            self._clock.advance(effect.fault.seconds)
            return True
        if effect.after:
            link.instead_of_the_answer(partial(self._strike, effect, link))
            return True
        self._strike(effect, link)
        return False

    def _strike(self, effect: StatementEffect, link: Link) -> None:
        if effect.deed == "kill":
            self.kill()
        elif effect.deed == "terminate":
            for other in self.links():
                other.end(farewell=_SHUTDOWN)
        elif effect.deed == "error" and effect.sqlstate in MESSAGES:
            link.fail(effect.sqlstate, MESSAGES[effect.sqlstate])
        else:
            self._refuses_next = effect.deed == "error"
            link.end()

    def _meet(self, effect: StatementEffect, link: Link, what: str) -> None:
        """The other one begins, and is with the backend at once with the first one: a job whose timer fires, here or in
        a second replica, or the same request once more."""
        fault = effect.fault
        again, of_a_job = fault.other == AGAIN, not self._request
        awaited = fault.other if not again else str(fault.transaction) if of_a_job else ""
        self._meeting = meeting = Meeting(fault, first=link, awaited=awaited)
        meeting.admits(link, what, job="")
        if not awaited:
            self._clock.advance(fault.seconds)
            self._ask_once_more()
            return
        if of_a_job:
            self._replica.enter_context(self.second_replica(self._programs[link]))
        self.await_timer(fault.seconds, lambda: meeting.gathering)
        meeting.gathering = False

    def _ask_once_more(self) -> None:
        front = self._watch.front
        assert front is not None, "requests come by some way"
        body = self._environ["wsgi.input"].getvalue()
        again = {
            key: value
            for key, value in self._environ.items()
            if key.startswith("wsgi.") or (isinstance(value, str) and key != "HTTP_X_REQUEST_ID")
        }
        run_wsgi_app(front, {**again, "wsgi.input": io.BytesIO(body)})

    def _end_meeting(self) -> None:
        meeting, self._meeting = self._meeting, None
        if meeting is None:
            return
        for link in self.links():
            if link.holds:
                link.release()
        self._replica.close()
        fault = meeting.fault
        first = str(fault.transaction)
        second = first if fault.other == AGAIN else fault.other
        told = Interleaved(fault_id=fault.fault_id, first=first, second=second, steps=tuple(meeting.steps))
        self._watch.on_interleaved(told)
