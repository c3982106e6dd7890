"""A staging platform that stands until it is stopped: everything of a run but its operator, who is a person.

The world goes on as in a run (players join, scores come, faults strike, jobs run, alerts fire); who answers the alerts
sits at a terminal. One thread owns the world; requests come in through a turnstile.
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

from simulation.assembly import RunRequest, Stage, stage
from simulation.assembly.probes import prove_the_clock
from simulation.clock import SimProcess
from simulation.environment.faketime import clock_environment, clock_library
from simulation.environment.workspace import require_room, workspace
from simulation.errors import EnvironmentFault, UsageError
from simulation.events import AlertFired, AlertResolved, Event, FaultInjected
from simulation.interactive.clock_drivers import Hand, RealHand, SimulatedHand
from simulation.interactive.session_file import Standing
from simulation.run import begin
from simulation.run_directory import RunDirectory
from simulation.world.hosting.api import HostingApi
from simulation.world.network.threaded import Turnstile, listening, provider_app, stripe_app
from simulation.world.operator.simulated_sleep import SleepRequest, SleepSocket
from simulation.world.operator.tools import find_tools, write_shims

_TOKEN_TTL_SECONDS = 30 * 86_400
_TICK_WALL_SECONDS = 0.5
_COLLECT_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class StandRequest:
    """What to bring up, and to which moment of its scenario."""

    run: RunRequest
    until: datetime
    simulated_clock: bool
    port: int = 0


def stand(request: StandRequest, *, ready: Callable[[Standing, Stage], None]) -> None:
    """Bring it up, tell ``ready`` where it is, and keep it until this thread is interrupted.

    :raises EnvironmentFault: the machine cannot carry it. :raises UsageError: the port is taken.
    """
    with ExitStack() as stack:
        outer = stack.enter_context(workspace())
        directory = RunDirectory.create(out=outer, scenario=request.run.scenario.name, seed=request.run.seed)
        on = stack.enter_context(stage(request.run, directory, Announcer()))
        prove_the_clock(on)
        begin(on)
        _let_go(on)
        on.kernel.run_until(request.until)
        turnstile = Turnstile()
        hand: Hand = SimulatedHand(on.kernel) if request.simulated_clock else RealHand(on.kernel)
        addresses = stack.enter_context(_open_doors(on, turnstile, hand, port=request.port))
        sleeps = SleepSocket(on.folder / "sleep")
        stack.callback(sleeps.close)
        standing = _standing(on, addresses, simulated=request.simulated_clock)
        standing.write(on.folder)
        ready(standing, on)
        _keep(on, turnstile, hand, sleeps)


def _let_go(on: Stage) -> None:
    """What :func:`simulation.run.live` starts, without the operator and without what only a verdict needs."""
    on.kernel.clock.move_to(on.scenario.start)
    on.provider.start()
    on.entrants.start()
    on.jobs.start()
    on.monitor.start()
    on.troubles.start()
    on.kernel.spawn(_housekeeping(on))


def _housekeeping(on: Stage) -> SimProcess:
    """Keep the database's log from growing for ever, and stop before the disk is full."""
    while True:
        on.wal.collect()
        require_room(on.folder)
        yield on.kernel.sleep(_COLLECT_SECONDS)


@contextmanager
def _open_doors(on: Stage, turnstile: Turnstile, hand: Hand, *, port: int) -> Iterator[dict[str, str]]:
    with ExitStack() as stack:

        def opened(app: WSGIApplication, *, port: int = 0) -> str:
            guarded = turnstile.before(app, entering=hand.enter)
            return stack.enter_context(listening(guarded, port=port))

        def platform(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            with on.context.acting("operator"):
                return on.exchange(environ, start_response)

        try:
            front_door = opened(platform, port=port)
        except OSError as error:
            raise UsageError(
                place=f"--port {port}",
                problem=f"cannot be opened: {error.strerror}",
                remedy="name a free port, or none",
            ) from error
        yield {
            "API_BASE_URL": front_door,
            "STRIPE_API_URL": opened(stripe_app(on.twin)),
            "PROVIDER_URL": opened(provider_app(on.provider)),
            **_hosting(on, opened),
        }


def _hosting(on: Stage, opened: Callable[[WSGIApplication], str]) -> dict[str, str]:
    """The control API of the hosting provider, with a token of its own."""
    if on.hosting is None:
        return {}
    token = secrets.token_hex(16)
    return {"HOSTING_API_URL": opened(HostingApi(on.hosting, token=token)), "HOSTING_API_TOKEN": token}


def _standing(on: Stage, addresses: dict[str, str], *, simulated: bool) -> Standing:
    programs = on.folder / "bin"
    write_shims(programs, find_tools())
    glass = on.target.break_glass_token(subject=on.ops_admin.user_id, ttl_seconds=_TOKEN_TTL_SECONDS)
    variables = {
        **on.operator.workplace,
        **addresses,
        "ADMIN_TOKEN": on.target.admin_token(subject=on.ops_admin.user_id, ttl_seconds=_TOKEN_TTL_SECONDS),
        **({} if glass is None else {"BREAK_GLASS_TOKEN": glass}),
        "STRIPE_PUBLISHABLE_KEY": on.keys.stripe_publishable_key,
    }
    if not simulated:
        (programs / "sleep").unlink()
        return Standing(variables=variables, programs=programs)
    return Standing(
        variables={**variables, "SIMULATED_CLOCK": str(on.folder / "sleep")},
        clock_variables=clock_environment(library=clock_library(), clock_file=on.server.clock_file),
        programs=programs,
    )


def _keep(on: Stage, turnstile: Turnstile, hand: Hand, sleeps: SleepSocket) -> None:
    """Live on: what is due happens, and who asks for time to pass is woken when it has."""
    with selectors.DefaultSelector() as selector:
        selector.register(sleeps, selectors.EVENT_READ)
        while True:
            ready = selector.select(_TICK_WALL_SECONDS)
            with turnstile.lock:
                asked = sleeps.accept() if ready else None
                if asked is not None:
                    _pass(hand, asked)
                hand.catch_up()
                if not on.server.alive:
                    raise EnvironmentFault(
                        problem="PostgreSQL died", remedy="is there room on the disk and in memory? Bring it up again"
                    )


def _pass(hand: Hand, asked: SleepRequest) -> None:
    if isinstance(hand, SimulatedHand):
        hand.pass_time(asked.sim_seconds)
    asked.wake()


class Announcer:
    """A :class:`simulation.progress.Progress` for people who operate the platform themselves."""

    def phase(self, text: str) -> None:
        click.echo(f"… {text}")

    def at(self, now: datetime) -> None:
        """Time passes without a word."""

    def seen(self, event: Event) -> None:
        text = _said(event)
        if text is not None:
            click.echo(f"{event.at:%Y-%m-%d %H:%M:%S}  {text}")


def _said(event: Event) -> str | None:
    if isinstance(event, AlertFired):
        todo = f"follow fixtures/runbooks/{event.runbook}.md" if event.runbook else "no runbook: escalate"
        return f"ALERT {event.alert} ({event.severity}): {todo}"
    if isinstance(event, AlertResolved):
        return f"resolved: {event.alert}"
    if isinstance(event, FaultInjected):
        return f"a fault of the scenario: {event.fault_id}"
    return None
