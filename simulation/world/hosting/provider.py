"""The hosting provider: restarts the platform and resizes its database when somebody with its token asks.

Each action is real (a new instance of the platform, a restart of PostgreSQL with other settings) and takes simulated
seconds, in which the world goes on. Each change is an event of the history that says who asked for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simulation.clock import Kernel, SimProcess
from simulation.events import HostingAction
from simulation.history import Recorder, current_cause
from simulation.witness.exchange import ExchangeContext
from simulation.world.ports import Service

STOP_SECONDS = 10
START_SECONDS = 10
RESIZE_SECONDS = 120

State = Literal["running", "stopping", "stopped", "starting", "resizing"]


@dataclass(frozen=True, kw_only=True)
class Size:
    """A plan for the database."""

    name: str
    max_connections: int
    shared_buffers_mb: int


SIZES = (
    Size(name="small", max_connections=60, shared_buffers_mb=64),
    Size(name="medium", max_connections=120, shared_buffers_mb=96),
    Size(name="large", max_connections=240, shared_buffers_mb=128),
)
"""``small`` is what `fixtures/postgres/postgresql.conf` says."""


class Conflict(Exception):
    """The action is not possible in the present state; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for, by whom, and when."""

    service: Literal["platform", "database"]
    action: Literal["drain", "admit", "stop", "start", "resize"]
    reason: str
    at: datetime
    detail: str = ""


class HostingProvider:
    """:param service: the platform. :param resize: gives the database another size, for real, before it returns.
    :param look: called right before and right after each change, so that a witness can take its fingerprints.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        context: ExchangeContext,
        service: Service,
        resize: Callable[[Size], None],
        look: Callable[[], None],
    ) -> None:
        self._kernel = kernel
        self._recorder = recorder
        self._context = context
        self.service = service
        self._resize = resize
        self._look = look
        self.platform_state: State = "running"
        self.database_state: State = "running"
        self.size = SIZES[0]
        self.requests: list[Request] = []

    def drain(self, reason: str) -> None:
        """Turn players and webhooks away. Raises :class:`Conflict` when the platform does not run."""
        self._only(self.platform_state, "running")
        self._at_once("drain", reason, self.service.drain)

    def admit(self, reason: str) -> None:
        """Let players and webhooks in again. Safe to call when they were not turned away."""
        self._at_once("admit", reason, self.service.admit)

    def stop(self, reason: str) -> None:
        """Begin to stop the platform. Raises :class:`Conflict` unless it runs and is drained, so that nobody is cut
        off."""
        self._only(self.platform_state, "running")
        if not self.service.draining:
            raise Conflict("the platform is not drained")
        self.platform_state = "stopping"
        self._later(self._asked("platform", "stop", reason), STOP_SECONDS, self._stopped)

    def start(self, reason: str) -> None:
        """Begin to start the platform, unless it runs. Raises :class:`Conflict` while it is stopping or starting."""
        if self.platform_state == "running":
            return
        self._only(self.platform_state, "stopped")
        self.platform_state = "starting"
        self._later(self._asked("platform", "start", reason), START_SECONDS, self._started)

    def resize(self, name: str, reason: str) -> None:
        """Begin to give the database the named size. Raises :class:`Conflict` for an unknown size, the present one, or
        while another resize is under way."""
        self._only(self.database_state, "running")
        sizes = {size.name: size for size in SIZES}
        if name not in sizes:
            raise Conflict(f"no size is called {name!r}; there are {', '.join(sizes)}")
        if name == self.size.name:
            raise Conflict(f"the database has the size {name} already")
        self.database_state = "resizing"
        request = self._asked("database", "resize", reason, detail=f"{self.size.name} to {name}")
        self._later(request, RESIZE_SECONDS, lambda: self._resized(sizes[name]))

    def _stopped(self) -> None:
        self.service.stop()
        self.platform_state = "stopped"

    def _started(self) -> None:
        self.service.start()
        self.platform_state = "running"

    def _resized(self, size: Size) -> None:
        self._resize(size)
        self.size = size
        self.database_state = "running"

    @staticmethod
    def _only(state: State, wanted: State) -> None:
        if state != wanted:
            raise Conflict(f"it is {state}")

    def _asked(
        self,
        service: Literal["platform", "database"],
        action: Literal["drain", "admit", "stop", "start", "resize"],
        reason: str,
        *,
        detail: str = "",
    ) -> Request:
        request = Request(service=service, action=action, reason=reason, at=self._kernel.now, detail=detail)
        self.requests.append(request)
        return request

    def _at_once(self, action: Literal["drain", "admit"], reason: str, act: Callable[[], None]) -> None:
        event, cause = self._event(self._asked("platform", action, reason)), current_cause()
        self._happen(event, cause, act)

    def _later(self, request: Request, sim_seconds: int, act: Callable[[], None]) -> None:
        event, cause = self._event(request), current_cause()

        def happen() -> SimProcess:
            yield self._kernel.sleep(sim_seconds)
            self._happen(event, cause, act)

        self._kernel.spawn(happen())

    def _happen(self, event: HostingAction, cause: str, act: Callable[[], None]) -> None:
        """Make a change between two looks of the witness, which so sees that nothing else changed with it."""
        self._look()
        act()
        self._recorder.record(event, cause=cause)
        self._look()

    def _event(self, request: Request) -> HostingAction:
        """The event, with who asks for it now: when it takes effect, that request is over."""
        return HostingAction(
            service=request.service,
            action=request.action,
            detail=request.detail,
            reason=request.reason,
            actor=self._context.actor,
            execution_id=self._context.execution_id,
        )
