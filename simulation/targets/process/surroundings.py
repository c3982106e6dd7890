"""What surrounds a backend in its sandbox: the external network on its loopback, and the way to its database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from simulation.targets.process.certificates import Authority
from simulation.targets.process.database_gateway import DatabaseGateway, socket_of
from simulation.targets.process.dns import NameServer
from simulation.targets.process.event_loop import EventLoop
from simulation.targets.process.http_gateway import HttpGateway
from simulation.targets.process.programs import Programs
from simulation.targets.process.socket_queues import owner_of_port
from simulation.targets.process.statement_gate import StatementGate
from simulation.targets.process.stepper import Stepper
from simulation.targets.process.supervisor import Supervisor
from simulation.targets.process.target_file import TargetFile
from simulation.targets.process.values import DATABASE_TCP_PORT
from simulation.targets.protocol import Site
from simulation.world.network.external import Lost

_WEB_PORTS = (443, 80)


def statement_gate(site: Site, file: TargetFile, programs: Programs) -> StatementGate | None:
    """Who decides about each statement; None where nobody asks, and connections go straight to the server."""
    if site.statements is None:
        return None

    def program_of(pid: int) -> str:
        table = programs.table_of(pid)
        return "" if table is None else table.name

    return StatementGate(
        site.statements,
        clock=site.kernel.clock,
        signs={job.name: job.seen_in_sql for job in file.job if job.seen_in_sql is not None},
        calls={job.name: job.seen_in_call for job in file.job if job.seen_in_call is not None},
        program_of=program_of,
        serves=file.process[0].name,
    )


def open_gateway(
    site: Site,
    rest: ExitStack,
    loop: EventLoop,
    *,
    file: TargetFile,
    folder: Path,
    gate: StatementGate | None,
    programs: Programs,
    stepper: Stepper,
    supervisor: Supervisor,
) -> DatabaseGateway:
    """The way to the database for clients of TCP; with a gate, also in ``folder`` in place of its server, until
    ``rest`` is closed."""
    init_pid = programs.sandbox.init_pid
    gateway = DatabaseGateway(
        loop=loop,
        server=socket_of(site.database),
        gate=gate,
        owner_of=lambda port: owner_of_port(port, among=stepper.own(), network_of=init_pid),
    )
    rest.callback(gateway.close)
    supervisor.killed = gateway.end_all
    if gate is None:
        return gateway
    gateway.listen_in(folder)
    gate.links, gate.kill = lambda: list(gateway.links), supervisor.kill_and_restart
    if file.process[0].timers:
        # What else that program does could not be told from a request. A job in a program of its own is known by that.
        gate.fire_due_timers = stepper.fire_due_timers
    gate.await_timer, gate.second_replica = stepper.await_timer, supervisor.second_replica
    stepper.release = gate.release_at_rest
    return gateway


def connect(
    site: Site,
    programs: Programs,
    loop: EventLoop,
    *,
    gate: StatementGate | None,
    database: DatabaseGateway,
    authority: Authority,
    stepper: Stepper,
    supervisor: Supervisor,
) -> None:
    """Put the external network on the sandbox's loopback, HTTPS, HTTP and a name server, and the database beside it."""

    def when_lost(lost: Lost, still_there: Callable[[], bool]) -> None:
        if lost.how == "timeout":
            stepper.hold(lost.sim_seconds, still_there)
        elif lost.how == "killed":
            supervisor.kill_and_restart()
        else:
            site.kernel.clock.advance(lost.sim_seconds)

    app = site.network if gate is None else gate.called(site.network)
    gateway = HttpGateway(loop=loop, app=app, when_lost=when_lost)
    (https, http, sql), name_socket = programs.sandbox.listen((*_WEB_PORTS, DATABASE_TCP_PORT))
    database.listen(sql)
    gateway.listen(https, tls=authority.tls)
    gateway.listen(http, tls=None)
    loop.watch(name_socket, NameServer(socket=name_socket, network=site.network).answer_one)
    programs.pause = loop.turn
