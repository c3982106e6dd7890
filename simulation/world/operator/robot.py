"""The operator on shift: answers alerts one at a time, each with the runbook it links, and escalates what has none.

Operational tasks of the scenario wait in the same queue, since there is one operator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from wsgiref.types import WSGIApplication

import httpx
import simpy
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from simulation.clock import Kernel, SimProcess
from simulation.environment.clock_library import clock_environment, library_in
from simulation.events import AlertFired, Escalated, TaskDue
from simulation.history import Recorder, caused_by
from simulation.scenario.settings import OperatorSettings, OperatorTask
from simulation.witness.exchange import ExchangeContext
from simulation.world.network.loopback import LoopbackServer
from simulation.world.operator.audit_trail import AuditTrail, NobodyLetIn, NotRecorded
from simulation.world.operator.execution import Desk, Execution, OperatorGone
from simulation.world.operator.occasion import Occasion
from simulation.world.operator.runbook import Runbook
from simulation.world.operator.shell import ShellSettings
from simulation.world.operator.takeover import find_left_open
from simulation.world.operator.terminal import Terminal
from simulation.world.operator.tools import find_tools
from simulation.world.operator.workplace import HOSTING_PATH, equip, hosting_variables
from simulation.world.ports import Admin

_PLATFORM_URL = "http://platform.test"
_UNTIL_LET_IN_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Successor:
    """The next operator on shift, with a token of their own."""

    operator: Admin
    token: Callable[[], str]
    break_glass: Callable[[], str | None] = lambda: None


class OperatorRobot:
    """One run's operator.

    :param app: the platform, behind the exchange witness.
    :param token: an admin bearer token of ``operator``, valid from now on.
    :param break_glass: the break-glass token, where the platform has one.
    :param clock_file: the clock file that the simulation clock writes.
    :param folder: where shells keep their files.
    :param repeatable: requests that may be made again without a key, as the target declares them.
    :param still_there: asked after every step, see :class:`Desk`. :param successor: who takes over when a fault takes
    the operator away.
    :param hosting: the control API of the hosting provider, where there is one, and the operator's token for it.
    :param look: called before and after each task, so that a witness can take its fingerprints.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        runbooks: Sequence[Runbook],
        app: WSGIApplication,
        context: ExchangeContext,
        operator: Admin,
        token: Callable[[], str],
        settings: OperatorSettings,
        repeatable: Sequence[str] = (),
        clock_file: Path,
        folder: Path,
        still_there: Callable[..., int | None] = lambda **_: None,
        successor: Successor | None = None,
        hosting: WSGIApplication | None = None,
        hosting_token: str = "",
        break_glass: Callable[[], str | None] = lambda: None,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._kernel = kernel
        self._look = look
        self._recorder = recorder
        self._runbooks = {runbook.name: runbook for runbook in runbooks}
        self._token = token
        self._break_glass = break_glass
        self.under_way = False
        """Whether a runbook is being carried out now."""
        self._client = httpx.Client(transport=httpx.WSGITransport(app=app), base_url=_PLATFORM_URL)
        self._door = LoopbackServer(app if hosting is None else DispatcherMiddleware(app, {HOSTING_PATH: hosting}))
        self._shell = ShellSettings(
            tools=find_tools(),
            clock=clock_environment(library=library_in(folder), clock_file=clock_file),
            folder=folder,
            workplace=equip(folder, tasks=bool(settings.tasks))
            | (
                {}
                if hosting is None
                else hosting_variables(f"{self._door.url}{HOSTING_PATH}", token=hosting_token, folder=folder)
            ),
        )
        self._desk = Desk(
            kernel=kernel,
            recorder=recorder,
            context=context,
            settings=settings,
            operator_name=operator.name,
            repeatable=repeatable,
            still_there=still_there,
        )
        self._successor = successor
        self._queue: simpy.Store = simpy.Store(kernel.env)
        self._unanswered: dict[tuple[str, ...], Occasion] = {}
        self._terminal: Terminal | None = None
        self._executions = 0
        self._escalations = 0

    def start(self) -> None:
        """Begin to answer alerts and tasks."""
        self._kernel.spawn(self._work())
        for number, task in enumerate(self._desk.settings.tasks, start=1):
            self._kernel.spawn(self._await(f"task-{number}", task))

    def on_alert(self, alert: AlertFired) -> None:
        """Queue the alert, or escalate it when no runbook is linked. The same alert is not taken up twice at once."""
        self._take(Occasion.of_alert(alert))

    @property
    def busy(self) -> bool:
        """Whether an alert or a task waits or is being answered."""
        return bool(self._unanswered)

    @property
    def door(self) -> LoopbackServer:
        """The server through which the operator's programs reach the platform."""
        return self._door

    def shell_environment(self) -> dict[str, str]:
        """Variables of the operator's shell; a probe uses them to ask for the time that its programs see."""
        return self._shell.environment()

    @property
    def workplace(self) -> Mapping[str, str]:
        """Variables that runbooks count on, for a person who takes the operator's place."""
        return self._shell.workplace

    def go_off_shift(self) -> None:
        """At the end of the run: escalate every alert and task whose answer is not finished."""
        for occasion in self._unanswered.values():
            self._escalate(occasion, f"{occasion.said} was not answered to its end before the run was over")
        self._unanswered.clear()

    def close(self) -> None:
        """End a shell that still sleeps, and stop listening. Safe to call twice."""
        if self._terminal is not None:
            self._terminal.close()
        self._client.close()
        self._door.close()

    def _work(self) -> SimProcess:
        while True:
            occasion: Occasion = yield self._queue.get()
            yield self._kernel.sleep(self._seconds_to_response(occasion))
            if occasion.task_id is not None:
                self._look()
            self.under_way = True
            try:
                yield from self._answer(occasion)
            except NobodyLetIn:
                self._kernel.spawn(self._later(occasion))
            else:
                del self._unanswered[occasion.key]
            finally:
                self.under_way = False
            if occasion.task_id is not None:
                self._look()

    def _later(self, occasion: Occasion) -> SimProcess:
        """Queue the occasion again later: now no token can be verified, and only the runbook for that can run."""
        yield self._kernel.sleep(_UNTIL_LET_IN_SECONDS)
        self._queue.put(occasion)

    def _await(self, task_id: str, task: OperatorTask) -> SimProcess:
        """Queue a task at its time."""
        yield self._kernel.until(task.at)
        due = self._recorder.record(TaskDue(task_id=task_id, runbook=task.runbook), cause=f"{task_id}:{task.runbook}")
        self._take(Occasion.of_task(due))

    def _take(self, occasion: Occasion) -> None:
        if occasion.runbook is None:
            self._escalate(occasion, f"{occasion.said} has no runbook")
        elif occasion.runbook not in self._runbooks:
            self._escalate(occasion, f"{occasion.said} links the runbook {occasion.runbook}, which does not exist")
        elif occasion.key not in self._unanswered:
            self._unanswered[occasion.key] = occasion
            self._queue.put(occasion)

    def _seconds_to_response(self, occasion: Occasion) -> float:
        """How much of the response time to an alert is left: 0 if the alert has been queued for longer than that."""
        if occasion.alert_id is None:
            return 0.0
        waited = (self._kernel.now - occasion.at).total_seconds()
        return max(0.0, self._desk.settings.response_seconds - waited)

    def _answer(self, occasion: Occasion) -> SimProcess:
        execution, _ = self._sit_down(occasion)
        try:
            yield from execution.carry_out()
        except OperatorGone as gone:
            yield from self._hand_over(occasion, gone)
        finally:
            self._stand_up()

    def _hand_over(self, occasion: Occasion, gone: OperatorGone) -> SimProcess:
        """The next operator closes the execution that was left open, then starts a new one, with a new shell."""
        self._stand_up()
        yield self._kernel.sleep(60 * gone.minutes)
        assert self._successor is not None, "whoever takes operators away says who comes next"
        self._token, self._break_glass = self._successor.token, self._successor.break_glass
        self._desk = replace(self._desk, operator_name=self._successor.operator.name)
        execution, trail = self._sit_down(occasion)
        try:
            with caused_by(occasion.cause), self._desk.context.acting("operator_robot"):
                left = find_left_open(trail, self._runbooks[str(occasion.runbook)])
            again = yield from execution.wind_up(left)
        except NotRecorded as error:
            self._escalate(occasion, f"{occasion.said}: its operator is gone, and {error}")
            again = False
        finally:
            self._stand_up()
        if again:
            yield from self._answer(occasion)

    def _sit_down(self, occasion: Occasion) -> tuple[Execution, AuditTrail]:
        """A new execution with a new shell, not begun yet."""
        self._executions += 1
        label = f"exec-{self._executions}"
        runbook = self._runbooks[str(occasion.runbook)]
        glass = self._glass() if runbook.break_glass else None
        tokens = {"ADMIN_TOKEN": self._token} | ({} if glass is None else {"BREAK_GLASS_TOKEN": glass})
        self._terminal = Terminal(
            kernel=self._kernel, door=self._door, settings=self._shell, tokens=tokens, label=label
        )
        trail = AuditTrail(client=self._client, token=self._token, label=label, break_glass=glass)
        return (
            Execution(desk=self._desk, occasion=occasion, runbook=runbook, trail=trail, terminal=self._terminal),
            trail,
        )

    def _glass(self) -> Callable[[], str] | None:
        """The function that mints the present operator's break-glass token; None if the platform has none."""
        mint = self._break_glass
        return None if mint() is None else lambda: str(mint())

    def _stand_up(self) -> None:
        if self._terminal is not None:
            self._terminal.close()

    def _escalate(self, occasion: Occasion, reason: str) -> None:
        """Escalate, with the bundle that engineering needs, collected from the platform with the operator's token."""
        self._escalations += 1
        trail = AuditTrail(client=self._client, token=self._token, label=f"escalation-{self._escalations}")
        with self._desk.context.acting("operator_robot"):
            bundle = trail.bundle(alert=occasion.described, execution_id=None)
        self._recorder.record(
            Escalated(alert_id=occasion.alert_id, execution_id=None, reason=reason, bundle=bundle), cause=occasion.cause
        )
