"""The staging platform as its hosting provider runs it: one instance behind a load balancer, stopped and started."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from wsgiref.types import WSGIApplication

from werkzeug.test import run_wsgi_app

from simulation.scenario.faults.concurrency import AGAIN
from simulation.scenario.faults.planned import PlannedFault
from simulation.staging.jobs import Job
from simulation.staging.platform import Platform
from simulation.targets.builtin.statement_point import PlatformKilled, StatementPoint
from simulation.targets.statements import operation_of

_T = TypeVar("_T")
_OPERATIONS = ("/api/admin/", "/health", "/metrics")
"""What the load balancer still lets through to an instance that is being drained."""


class PlatformService:
    """See :class:`simulation.targets.protocol.Service`.

    :param make: a new instance: own connections, own memory; called for each start.
    :param point: which the instance's statements pass; None: nothing can kill it.
    :param front: the way by which requests come, for one that comes twice at once.
    :param failed: told the name and the error of a job that failed on a second instance.
    :param start_later: what a supervisor does when it was killed: have :meth:`start` called after a while.
    """

    def __init__(
        self,
        make: Callable[[], Platform],
        *,
        point: StatementPoint | None = None,
        start_later: Callable[[], None] = lambda: None,
        front: Callable[[], WSGIApplication | None] = lambda: None,
        failed: Callable[[str, str], None] = lambda _job, _error: None,
    ) -> None:
        self._make = make
        self._point = point
        self._start_later = start_later
        self._front = front
        self._failed = failed
        self._platform: Platform | None = make()
        self._second: Platform | None = None
        self._environ: dict[str, Any] = {}
        if point is not None:
            point.second_side = self._second_side
        self.instance = 1
        self.draining = False

    @property
    def running(self) -> bool:
        return self._platform is not None

    @property
    def platform(self) -> Platform:
        """The instance that runs. Raises RuntimeError when none does."""
        if self._platform is None:
            raise RuntimeError("the platform is stopped")
        return self._platform

    def drain(self) -> None:
        """Players and webhooks are turned away until :meth:`admit`; operations are not."""
        self.draining = True

    def admit(self) -> None:
        """Let everybody in again."""
        self.draining = False

    def stop(self) -> None:
        """End the instance: its connections are closed, what it kept in memory is gone."""
        if self._platform is not None:
            self._platform.close()
            self._platform = None

    def start(self) -> None:
        """Make a new instance, unless one runs."""
        if self._platform is None:
            if self._point is not None:
                self._point.killed = False
            self._platform = self._make()
            self._platform.resume()
            self.instance += 1

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """What the load balancer does with a request."""
        if self._platform is None:
            return _unavailable(start_response, "service_stopped")
        if self.draining and not str(environ.get("PATH_INFO", "")).startswith(_OPERATIONS):
            return _unavailable(start_response, "service_draining")
        if self._point is None:
            answer: Iterable[bytes] = self._platform.wsgi(environ, start_response)
            return answer
        operation = operation_of(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
        platform = self._serving()
        if platform is self._platform:
            self._environ = environ
        found = self.carry_out(operation, lambda: platform.wsgi(environ, start_response))
        return _unanswered(start_response) if found is None else found

    def _serving(self) -> Platform:
        """The instance that this thread's request goes to."""
        meeting = self._point.meeting if self._point is not None else None
        if meeting is not None and meeting.side == "second" and self._second is not None:
            return self._second
        return self.platform

    def _second_side(self, fault: PlannedFault) -> Callable[[], None]:
        """What runs at once with the present job or request, on an instance of its own: its connections, its memory."""
        assert self._point is not None
        operation, environ = self._point.operation, self._environ
        self._second = self._make()
        self._second.resume()
        second = self._second
        if fault.other == AGAIN and " " in operation:
            return lambda: self._once_more(environ)
        name = operation if fault.other == AGAIN else fault.other
        (job,) = (job for job in second.jobs if job.name == name)
        return lambda: self._run_job(job)

    def _once_more(self, environ: dict[str, Any]) -> None:
        """The same request, through the front door: it is a request as any other, and is recorded."""
        front = self._front()
        assert front is not None, "requests come by some way"
        body = environ["wsgi.input"].getvalue()
        again = {key: value for key, value in environ.items() if isinstance(value, str) and key != "HTTP_X_REQUEST_ID"}
        wsgi = {key: value for key, value in environ.items() if key.startswith("wsgi.")}
        run_wsgi_app(front, {**again, **wsgi, "wsgi.input": io.BytesIO(body)})

    def _run_job(self, job: Job) -> None:
        assert self._point is not None
        with self._point.during(job.name):
            result = job.run()
        if result.error is not None:
            self._failed(job.name, result.error)

    def end_second(self) -> None:
        """The instance that ran at once is not needed any more."""
        if self._second is not None:
            self._second.close()
            self._second = None

    def carry_out(self, operation: str, act: Callable[[], _T]) -> _T | None:
        """What the instance does as ``operation``; None when it was killed meanwhile, and is started later."""
        if self._point is None:
            return act()
        with self._point.during(operation):
            try:
                found = act()
            except PlatformKilled:
                found = None
        if self._point.meeting is None:
            self.end_second()
        if not self._point.killed:
            return found
        self.stop()
        self._start_later()
        return None


def _unanswered(start_response: Callable[..., Any]) -> Iterable[bytes]:
    """What a load balancer says when the connection to its instance breaks."""
    body = b"upstream prematurely closed connection"
    start_response("502 Bad Gateway", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def _unavailable(start_response: Callable[..., Any], error: str) -> Iterable[bytes]:
    body = json.dumps({"error": error, "message": "try again in a minute"}).encode()
    headers = [("Content-Type", "application/json"), ("Retry-After", "60"), ("Content-Length", str(len(body)))]
    start_response("503 Service Unavailable", headers)
    return [body]
