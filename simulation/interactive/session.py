"""A staging platform that runs until it is stopped: everything of a simulation but its operator, who is a person.

All goes on as in a run (players join, scores come, faults strike, jobs run, alerts fire), and a person at a terminal
answers the alerts. HTTP requests arrive in threads of their own and are processed one at a time.
"""

from __future__ import annotations

import secrets
import selectors
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from wsgiref.types import WSGIApplication

import click

from simulation.assembly import RunRequest, Simulation, assembled
from simulation.assembly.probes import prove_the_clock
from simulation.clock import SimProcess
from simulation.environment.clock_library import clock_environment, library_in
from simulation.environment.workspace import require_room, workspace
from simulation.errors import EnvironmentFault, UsageError
from simulation.events import AlertFired, AlertResolved, Event, FaultInjected
from simulation.interactive.clock_drivers import ClockDriver, ManualClock, WallClock
from simulation.interactive.session_file import Session
from simulation.run import begin
from simulation.run_directory import RunDirectory
from simulation.world.hosting.api import HostingApi
from simulation.world.network.threaded import OneAtATime, listening
from simulation.world.operator.credentials import file_variable, write_auth_file
from simulation.world.operator.simulated_sleep import SleepRequest, SleepSocket
from simulation.world.operator.tools import find_tools, write_shims
from simulation.world.operator.workplace import hosting_variables
from simulation.world.provider.provider import provider_app
from simulation.world.stripe.twin import stripe_app

_TOKEN_TTL_SECONDS = 30 * 86_400
_TICK_WALL_SECONDS = 0.5
_COLLECT_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class SessionRequest:
    """What to bring up, and the moment of its scenario at which the session begins."""

    run: RunRequest
    until: datetime
    simulated_clock: bool
    port: int = 0


def run_session(request: SessionRequest, *, ready: Callable[[Session, Simulation], None]) -> None:
    """Bring the platform up, tell ``ready`` where it is, and keep it running until this thread is interrupted.

    :raises EnvironmentFault: the machine lacks something that a session needs. :raises UsageError: the port is taken.
    """
    with ExitStack() as stack:
        outer = stack.enter_context(workspace())
        announcer = Announcer()
        directory = RunDirectory.create(out=outer, scenario=request.run.scenario.name, seed=request.run.seed)
        sim = stack.enter_context(assembled(request.run, directory, announcer))
        prove_the_clock(sim)
        begin(sim)
        _start_world(sim)
        sim.kernel.run_until(request.until)
        requests = OneAtATime(sim.kernel.clock)
        driver: ClockDriver = ManualClock(sim.kernel) if request.simulated_clock else WallClock(sim.kernel)
        addresses = stack.enter_context(_listen(sim, requests, driver, port=request.port))
        sleeps = SleepSocket(sim.folder / "sleep")
        stack.callback(sleeps.close)
        session = _session(sim, addresses, simulated=request.simulated_clock)
        session.write(sim.folder)
        announcer.platform = addresses["API_BASE_URL"]
        ready(session, sim)
        _keep_running(sim, requests, driver, sleeps)


def _start_world(sim: Simulation) -> None:
    """Start what :func:`simulation.run.live` starts, except the operator and what only a verdict needs."""
    sim.kernel.clock.move_to(sim.scenario.start)
    sim.provider.start()
    sim.entrants.start()
    sim.jobs.start()
    sim.monitor.start()
    sim.timed_faults.start()
    sim.kernel.spawn(_housekeeping(sim))


def _housekeeping(sim: Simulation) -> SimProcess:
    """Keep the database's log from growing for ever, and stop before the disk is full."""
    while True:
        sim.wal.collect()
        require_room(sim.folder)
        yield sim.kernel.sleep(_COLLECT_SECONDS)


@contextmanager
def _listen(sim: Simulation, requests: OneAtATime, driver: ClockDriver, *, port: int) -> Iterator[dict[str, str]]:
    """Serve the platform and the services around it; gives the variables that hold their addresses."""
    with ExitStack() as stack:

        def served(app: WSGIApplication, *, port: int = 0) -> str:
            guarded = requests.guarded(app, before_each=driver.enter)
            return stack.enter_context(listening(guarded, port=port))

        def platform(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            with sim.context.acting("operator"):
                return sim.exchange(environ, start_response)

        try:
            platform_url = served(platform, port=port)
        except OSError as error:
            raise UsageError(
                place=f"--port {port}",
                problem=f"cannot be opened: {error.strerror}",
                remedy="name a free port, or none",
            ) from error
        yield {
            "API_BASE_URL": platform_url,
            "STRIPE_API_URL": served(stripe_app(sim.twin)),
            "PROVIDER_URL": served(provider_app(sim.provider)),
            **_hosting(sim, served),
        }


def _hosting(sim: Simulation, served: Callable[[WSGIApplication], str]) -> dict[str, str]:
    """The control API of the hosting provider, with a token of its own."""
    if sim.hosting is None:
        return {}
    token = secrets.token_hex(16)
    return hosting_variables(served(HostingApi(sim.hosting, token=token)), token=token, folder=sim.folder)


def _session(sim: Simulation, addresses: dict[str, str], *, simulated: bool) -> Session:
    programs = sim.folder / "bin"
    write_shims(programs, find_tools())
    variables = {
        **sim.operator.workplace,
        **addresses,
        **_tokens(sim),
        "STRIPE_PUBLISHABLE_KEY": sim.keys.stripe_publishable_key,
    }
    if not simulated:
        (programs / "sleep").unlink()
        return Session(variables=variables, programs=programs)
    return Session(
        variables={**variables, "SIMULATED_CLOCK": str(sim.folder / "sleep")},
        clock_variables=clock_environment(library=library_in(sim.folder), clock_file=sim.server.clock_file),
        programs=programs,
    )


def _tokens(sim: Simulation) -> dict[str, str]:
    """The person's credentials, with the files by which programs show them."""
    subject = sim.ops_admin.user_id
    minted = {
        "ADMIN_TOKEN": sim.target.admin_token(subject=subject, ttl_seconds=_TOKEN_TTL_SECONDS),
        "BREAK_GLASS_TOKEN": sim.target.break_glass_token(subject=subject, ttl_seconds=_TOKEN_TTL_SECONDS),
    }
    variables: dict[str, str] = {}
    for name, token in minted.items():
        if token is not None:
            file = sim.folder / f"{name.lower()}.auth"
            write_auth_file(file, token)
            variables |= {name: token, file_variable(name): str(file)}
    return variables


def _keep_running(sim: Simulation, requests: OneAtATime, driver: ClockDriver, sleeps: SleepSocket) -> None:
    """Do what falls due, and for each ``sleep`` of a shell let time pass; the shell goes on when it has passed."""
    with selectors.DefaultSelector() as selector:
        selector.register(sleeps, selectors.EVENT_READ)
        while True:
            ready = selector.select(_TICK_WALL_SECONDS)
            with requests.lock:
                asked = sleeps.accept() if ready else None
                if asked is not None:
                    _pass_time(driver, asked)
                driver.catch_up()
                if not sim.server.alive:
                    raise EnvironmentFault(
                        problem="PostgreSQL died", remedy="is there room on the disk and in memory? Bring it up again"
                    )


def _pass_time(driver: ClockDriver, asked: SleepRequest) -> None:
    if isinstance(driver, ManualClock):
        driver.pass_time(asked.sim_seconds)
    asked.wake()


class Announcer:
    """A :class:`simulation.progress.Progress` that prints alerts and faults for the person at the terminal."""

    platform = ""
    """Its address, once a browser can open its pages."""

    def phase(self, text: str) -> None:
        click.echo(f"… {text}")

    def at(self, now: datetime) -> None:
        """Print nothing: this is called whenever time passes."""

    def seen(self, event: Event) -> None:
        text = _said(event, self.platform)
        if text is not None:
            click.echo(f"{event.at:%Y-%m-%d %H:%M:%S}  {text}")


def alert_to_follow(alert: AlertFired, *, platform: str) -> str:
    """An alert with what to do. :param platform: its address; empty: it shows no pages yet."""
    if alert.runbook is None:
        todo = "no runbook: escalate"
    elif platform:
        todo = f"follow {platform}/admin/runbooks/{alert.runbook}"
    else:
        todo = f"follow fixtures/runbooks/{alert.runbook}.md"
    return f"ALERT {alert.alert} ({alert.severity}): {todo}"


def _said(event: Event, platform: str) -> str | None:
    if isinstance(event, AlertFired):
        return alert_to_follow(event, platform=platform)
    if isinstance(event, AlertResolved):
        return f"resolved: {event.alert}"
    if isinstance(event, FaultInjected):
        return f"a fault of the scenario: {event.fault_id}"
    return None
