"""The progress listener of a rehearsal's run: it can make one step fail, and stop the run after the execution.

The platform is not changed. The step fails because writing requests are answered with 503 before they reach the
platform, as by a proxy whose upstream is down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulation.assembly import Simulation
from simulation.events import Event, Exchange, ExecutionEnded, ExecutionStarted, RunbookStep
from simulation.progress import Silent

_READING = ("GET", "HEAD", "OPTIONS")
_STEP_NOTE = "/runbooks/step"


@dataclass(frozen=True, kw_only=True)
class StepPlace:
    """A step of the runbook, by section and number."""

    section: str
    number: int


class Watcher(Silent):
    """Watches the first execution of one runbook, for one run.

    :param runbook: its name. :param refuse_at: the step during which writing requests are refused.
    :param stops: stop the run as soon as that execution has ended.
    """

    def __init__(self, *, runbook: str, refuse_at: StepPlace | None = None, stops: bool = False) -> None:
        self._runbook = runbook
        self._refuse_at = refuse_at
        self._stops = stops
        self._on: Simulation | None = None
        self._execution_id: str | None = None
        self._refusing = False
        self.refused = 0
        self.configuration: list[Mapping[str, str]] = []
        """The platform's settings when the execution began and when it ended."""
        self.relations: Mapping[str, str] = {}

    def take_place(self, sim: Simulation) -> None:
        """Attach to the run before it starts: keep its target's relations, and intercept the operator's requests."""
        self._on = sim
        self.relations = sim.target.relations
        sim.operator.door.app = self._in_front_of(sim.operator.door.app)

    def seen(self, event: Event) -> None:
        if isinstance(event, ExecutionStarted) and event.runbook == self._runbook and self._execution_id is None:
            self._execution_id = event.execution_id
            self._note_configuration()
        elif isinstance(event, Exchange) and self._announces(event):
            self._refusing = True
        elif isinstance(event, RunbookStep):
            self._refusing = False
        elif isinstance(event, ExecutionEnded) and event.execution_id == self._execution_id:
            self._note_configuration()
            if self._stops and self._on is not None:
                self._on.kernel.halted = True

    def _announces(self, exchange: Exchange) -> bool:
        """Whether this request is the operator's note that the step to be refused begins."""
        body = exchange.request_body
        if self._refuse_at is None or self.refused or not exchange.path.endswith(_STEP_NOTE):
            return False
        return isinstance(body, dict) and (body.get("execution_id"), body.get("phase"), body.get("step")) == (
            self._execution_id,
            self._refuse_at.section,
            self._refuse_at.number,
        )

    def _note_configuration(self) -> None:
        if self._on is not None:
            self.configuration.append(dict(self._on.target.configuration()))

    def _in_front_of(self, app: Callable[..., Any]) -> Callable[..., Iterable[bytes]]:
        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            if self._refusing and environ["REQUEST_METHOD"] not in _READING:
                self.refused += 1
                start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
                return [b"no upstream is available\n"]
            passed_on: Iterable[bytes] = app(environ, start_response)
            return passed_on

        return answer
