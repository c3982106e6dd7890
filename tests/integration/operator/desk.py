"""A small platform with a counter to mend, and an operator in front of it with a real shell, curl and jq."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulation.clock import Kernel, SimulationClock
from simulation.environment.clock_library import clock_environment, clock_file_in, library_in
from simulation.environment.clock_library.faketime import release_shared_state
from simulation.events import AlertFired
from simulation.history import History, Recorder
from simulation.scenario.settings import OperatorSettings, OperatorTask
from simulation.witness.exchange import ExchangeContext, ExchangeWitness
from simulation.world.network.loopback import LoopbackServer
from simulation.world.operator.parser import load_runbook
from simulation.world.operator.robot import OperatorRobot, Successor
from simulation.world.operator.shell import Broken, Finished, Shell, ShellSettings
from simulation.world.operator.tools import find_tools
from simulation.world.ports import Admin
from tests.unit.operator.books import MINI, write

START = datetime(2026, 3, 1, tzinfo=UTC)
TOKEN = "a-very-secret-token"
GLASS = "a-token-for-an-emergency"


def fresh_token(now: datetime) -> str:
    return f"minted-{now:%Y%m%dT%H%M%S}"


def is_fresh(authorization: str | None) -> bool:
    """Whether a bearer token was minted less than an hour ago, by the clock of who asks."""
    minted = (authorization or "").removeprefix("Bearer minted-")
    now = datetime.now(UTC)
    return minted.startswith("2026") and now - datetime.strptime(minted, "%Y%m%dT%H%M%S").replace(
        tzinfo=UTC
    ) < timedelta(hours=1)


@dataclass(kw_only=True)
class CounterPlatform:
    """Counts what is stuck; keeps the runbook trail; refuses a trail entry when told to."""

    stuck: int = 2
    cause: str = "timeout"
    mends: bool = True
    undo_answer: str = "undone"
    refuse: str = ""
    """Path ending, with the outcome of a step after a colon, that is answered with 500."""
    lose: str = ""
    """Path ending, as above, whose first answers get lost (502): it is carried out or not, nobody knows."""
    lost: list[str] = field(default_factory=list)
    """Request ids of what came to that path, in their order."""
    loses: int = 1
    tokens: bool = False
    """Tokens that are shown are looked at: one lives an hour from when it was minted, and names that moment."""
    shut: bool = False
    """No token can be verified; the break-glass token opens the runbook trail then, and nothing at any other time."""
    trail: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        body = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
        locked = self._locked(path, environ.get("HTTP_AUTHORIZATION"))
        if locked is not None:
            start_response(locked[0], [("Content-Type", "application/json")])
            return [json.dumps({"error": locked[1]}).encode()]
        if self.lose and f"{path}:{body.get('outcome', '')}".endswith(self.lose):
            self.lost.append(environ["HTTP_X_REQUEST_ID"])
            if len(self.lost) <= self.loses:
                start_response("502 Bad Gateway", [("Content-Type", "text/plain")])
                return [b"upstream prematurely closed connection"]
        refused = bool(self.refuse) and f"{path}:{body.get('outcome', '')}".endswith(self.refuse)
        answer = "{}" if refused else self._answer(path, body)
        start_response("500 Oops" if refused else "200 OK", [("Content-Type", "application/json")])
        return [answer.encode()]

    def _locked(self, path: str, authorization: str | None) -> tuple[str, str] | None:
        if self.tokens and authorization is not None and not is_fresh(authorization):
            return "401 No", "unauthorized"
        by_glass = authorization == f"Bearer {GLASS}"
        if not path.startswith("/api/admin/") or by_glass is self.shut:
            return None
        return ("503 Shut", "authentication_unavailable") if self.shut else ("403 No", "break_glass_not_needed")

    def _answer(self, path: str, body: dict[str, Any]) -> str:
        if path.startswith("/api/admin/runbooks/") and not path.endswith("/executions"):
            self.trail.append({"entry": path.rsplit("/", 1)[1], **body})
            return json.dumps({"execution_id": "e-1", "timestamp": "now"})
        if path == "/mend":
            self.stuck -= self.mends
        opened = {"id": "e-1", "runbook_name": "mini", "start_time": START.isoformat()}
        steps = [entry for entry in self.trail if entry["entry"] == "step"]
        pages = {
            "/api/admin/runbooks/executions": json.dumps({"executions": [opened] if self.trail else []}),
            "/api/admin/diagnostics/escalation-bundle": json.dumps({"execution": {**opened, "steps": steps}}),
            "/count": f"{self.stuck} stuck\n",
            "/mend": f"{self.stuck} stuck\n",
            "/cause": f"{self.cause}\n",
            "/undo": f"{self.undo_answer}\n",
        }
        return pages.get(path, "{}")

    def steps(self) -> list[str]:
        """The trail, one text an entry."""
        return [
            " ".join(str(entry[key]) for key in ("phase", "step", "outcome", "status") if key in entry)
            or entry["entry"]
            for entry in self.trail
        ]


@dataclass(kw_only=True)
class Desk:
    """An operator on shift."""

    kernel: Kernel
    recorder: Recorder
    robot: OperatorRobot

    def raise_alert(self, runbook: str | None = "mini", *, label: str = "x", cause: str = "fault:F1") -> AlertFired:
        number = sum(isinstance(event, AlertFired) for event in self.recorder.events) + 1
        alert = self.recorder.record(
            AlertFired(
                alert_id=f"Mini-{number}",
                alert="Mini",
                labels={"of": label},
                severity="critical",
                runbook=runbook,
                pending_since=self.kernel.now,
                value=1.0,
            ),
            cause=cause,
        )
        self.robot.on_alert(alert)
        return alert

    def live(self, minutes: int = 60) -> History:
        self.kernel.run_until(self.kernel.now + timedelta(minutes=minutes))
        return History(self.recorder.events)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A Unix socket's path holds about a hundred characters; pytest's own folders are longer."""
    with tempfile.TemporaryDirectory(prefix="op-") as name:
        folder = Path(name)
        try:
            yield folder
        finally:
            release_shared_state(folder)  # there where no clock library was compiled


@contextmanager
def desk(
    platform: CounterPlatform,
    book: str = MINI,
    *,
    tasks: tuple[OperatorTask, ...] = (),
    name: str = "mini",
    still_there: Callable[..., int | None] = lambda **_: None,
) -> Iterator[Desk]:
    """The platform's operator with one runbook, ``mini``."""
    with short_folder() as folder:
        clock = SimulationClock(start=START, files=(clock_file_in(folder),))
        context = ExchangeContext()
        recorder = Recorder(clock=clock)
        kernel = Kernel(clock)
        with clock.frozen():
            robot = OperatorRobot(
                kernel=kernel,
                recorder=recorder,
                runbooks=[load_runbook(write(folder, book, name))],
                app=ExchangeWitness(platform, recorder=recorder, context=context),
                context=context,
                operator=Admin(user_id="u-1", name="ops-user-123"),
                token=(lambda: fresh_token(kernel.now)) if platform.tokens else (lambda: TOKEN),
                settings=OperatorSettings(response_seconds=300, seconds_per_command=20, tasks=tasks),
                clock_file=clock_file_in(folder),
                folder=folder,
                still_there=still_there,
                break_glass=lambda: GLASS,
                successor=Successor(operator=Admin(user_id="u-2", name="ops-user-456"), token=lambda: TOKEN),
            )
            robot.start()
            try:
                yield Desk(kernel=kernel, recorder=recorder, robot=robot)
            finally:
                robot.close()


@contextmanager
def shell(platform: CounterPlatform, *, wall_deadline_seconds: float = 60) -> Iterator[Shell]:
    """A shell by itself, its clock standing at ``START``."""
    with short_folder() as folder:
        clock = SimulationClock(start=START, files=(clock_file_in(folder),))
        door = LoopbackServer(platform)
        with clock.frozen():
            session = Shell(
                settings=ShellSettings(
                    tools=find_tools(),
                    clock=clock_environment(library=library_in(folder), clock_file=clock_file_in(folder)),
                    folder=folder,
                    wall_deadline_seconds=wall_deadline_seconds,
                ),
                door=door,
                variables={"API_BASE_URL": door.url, "ADMIN_TOKEN": TOKEN},
            )
            try:
                yield session
            finally:
                session.close()
                door.close()


def typed(session: Shell, command: str) -> tuple[str, int]:
    """Output and exit status of a command that does not sleep; -1 when the shell is gone."""
    session.begin(command)
    answer = session.proceed()
    assert isinstance(answer, Finished | Broken)
    return answer.output, answer.exit_status if isinstance(answer, Finished) else -1
