"""``simulate doctor``: what this machine has, what it lacks, what to do."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from simulation.assembly.request import prepare
from simulation.cli import INSTALL
from simulation.clock_file import write_clock_file
from simulation.environment.caller import plain_environment
from simulation.environment.choice import choose, provide
from simulation.environment.clock_library import clock_environment, clock_file_in, clock_library, library_in
from simulation.environment.compose_file import images, published_ports
from simulation.environment.embedded import embedded_postgres
from simulation.environment.installations import of_this_machine
from simulation.environment.promtool import REMEDY as PROMTOOL_REMEDY
from simulation.environment.promtool import find_promtool, promtool_version
from simulation.environment.server import running
from simulation.environment.stripe_mock import REMEDY as STRIPE_MOCK_REMEDY
from simulation.environment.stripe_mock import binary_version, find_binary, stripe_mock
from simulation.environment.workspace import reap_leftovers, workspace, workspace_root
from simulation.errors import EnvironmentFault
from simulation.progress import Silent
from simulation.run import run
from simulation.run_directory import DEFAULT_OUT
from simulation.targets.process.sandbox import what_bars_a_sandbox
from simulation.words import plural
from simulation.world.operator.tools import find_tools, try_tools
from simulation.world.operator.trial import try_shell

_INSTANT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)

_SHORTEST = "smoke_2d"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One thing to look at. ``needed``: without it no run can start; else it is an extra."""

    name: str
    look: Callable[[], str]
    needed: bool = True


PIECES = (
    Piece(name="machine", look=lambda: _machine()),
    Piece(name="leftovers", look=lambda: _leftovers()),
    Piece(name="workspace", look=lambda: _room()),
    Piece(name="reports", look=lambda: _reports()),
    Piece(name="clock library", look=lambda: _clock()),
    Piece(name="PostgreSQL", look=lambda: _postgres()),
    Piece(name="shell tools", look=lambda: _tools()),
    Piece(name="a run", look=lambda: _run()),
    Piece(name="namespaces", look=lambda: _namespaces(), needed=False),
    Piece(name="Docker engine", look=lambda: _engine(), needed=False),
    Piece(name="images", look=lambda: _image_tags(), needed=False),
    Piece(name="containers", look=lambda: _containers(), needed=False),
    Piece(name="compose", look=lambda: _compose(), needed=False),
    Piece(name="stripe-mock", look=lambda: _stripe_mock(), needed=False),
    Piece(name="promtool", look=lambda: _promtool(), needed=False),
    Piece(name="environment", look=lambda: _auto()),
)


@click.command()
def doctor() -> int:
    """Say what is here, what is missing, and what to do about it.

    Exit code 255: something is missing that a run needs.
    """
    console = Console()
    healthy = True
    told: set[str] = set()
    for piece in PIECES:
        try:
            console.print(f"[green]✓[/] {piece.name:<14} {escape(piece.look())}", highlight=False, soft_wrap=True)
        except (EnvironmentFault, ImportError) as error:
            fault = _as_fault(error)
            healthy = healthy and not piece.needed
            sign = "[red]✗[/]" if piece.needed else "[yellow]–[/]"
            console.print(f"{sign} {piece.name:<14} {escape(fault.problem)}", highlight=False, soft_wrap=True)
            if fault.remedy not in told:
                console.print(f"  {'':<14} → {escape(fault.remedy)}", highlight=False, soft_wrap=True)
            told.add(fault.remedy)
    return 0 if healthy else 255


def _as_fault(error: EnvironmentFault | ImportError) -> EnvironmentFault:
    """The packages for containers may not be installed."""
    if isinstance(error, EnvironmentFault):
        return error
    return EnvironmentFault(problem=f"the package {error.name} is not installed", remedy=INSTALL)


def _machine() -> str:
    cores = plural(os.cpu_count() or 1, "core")
    return f"{platform.system()} {platform.machine()}, Python {sys.version.split()[0]}, {cores}"


def _leftovers() -> str:
    reaped = reap_leftovers()
    return f"{len(reaped)} of killed runs removed" if reaped else "none"


def _room() -> str:
    root = workspace_root()
    return f"{root}, {shutil.disk_usage(root).free / 1024**3:.1f} GB free"


def _reports() -> str:
    """Where a run leaves its folder, unless it is told otherwise."""
    folder = DEFAULT_OUT.absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise EnvironmentFault(
            problem=f"{folder} cannot be written",
            remedy="name a folder that can be: simulate run --out DIR; or call it in another folder",
        )
    return f"{folder}, {shutil.disk_usage(there).free / 1024**3:.1f} GB free"


def _clock() -> str:
    """Move the clock of a program, with the library where a run has it."""
    with workspace() as folder:
        clock_file = clock_file_in(folder)
        write_clock_file(clock_file, _INSTANT)
        environment = plain_environment() | clock_environment(library=library_in(folder), clock_file=clock_file)
        said = subprocess.run(["date", "+%s"], env=environment, capture_output=True, encoding="utf-8").stdout
    if said.strip() != str(int(_INSTANT.timestamp())):
        raise EnvironmentFault(
            problem=f"{clock_library().path} does not move the clock of a program here",
            remedy="a statically linked or musl userland cannot be moved; use a glibc distribution",
        )
    library = clock_library()
    return f"{library.path}" + (f", since our own cannot be had: {library.reason}" if library.reason else "")


def _postgres() -> str:
    """Start the server, move its clock and ask it for the time, as a run does."""
    with workspace() as folder, embedded_postgres(folder=folder, now=_INSTANT) as server:
        moved = _INSTANT + timedelta(days=1)
        write_clock_file(server.clock_file, moved)
        with server.superuser("postgres") as connection:
            row = connection.execute("SELECT now(), current_setting('server_version')").fetchone()
    assert row is not None
    if row[0] != moved:
        raise EnvironmentFault(
            problem=f"PostgreSQL says {row[0]}, the simulated clock says {moved}",
            remedy="the clock library does not reach it: is the workspace above mounted with odd options?",
        )
    others = "".join(f"; {found}" for found in of_this_machine())
    besides = others or "; no other is here, which a schema with pgcrypto or uuid-ossp would take"
    return f"{row[1]}, starts under the simulated clock in {folder.parent}{besides}"


def _tools() -> str:
    """Run each program, and a command in the operator's shell that reads the simulated clock and sleeps in it."""
    tools = find_tools()
    try_tools(tools, plain_environment())
    with workspace() as folder:
        try_shell(folder, tools)
    return f"{tools.bash}, {tools.curl}, {tools.jq}"


def _run() -> str:
    """The shortest scenario, from its file to its report: whatever else a run needs of this machine is tried by one."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="simulate-doctor-") as out:
        request = prepare(scenario=_SHORTEST, seed=1, environment="embedded", out=Path(out))
        outcome = run(request, Silent()).verdict.outcome
    if outcome != "pass":
        raise EnvironmentFault(
            problem=f"{_SHORTEST} ended with {outcome}",
            remedy=f"that is no lack of this machine: 'simulate run {_SHORTEST}' shows why",
        )
    return f"{_SHORTEST} passed in {time.monotonic() - began:.1f} s"


def _namespaces() -> str:
    """What a backend in processes of its own needs."""
    if bars := what_bars_a_sandbox():
        raise EnvironmentFault(problem=f"{bars.problem}: no backend of your own (--target)", remedy=bars.remedy)
    return "a backend of your own (--target) gets a network of its own"


def _promtool() -> str:
    binary = find_promtool()
    if binary is None:
        raise EnvironmentFault(problem="none: the check alert_evaluation stays not verified", remedy=PROMTOOL_REMEDY)
    return f"{binary}, {promtool_version(binary)}"


def _engine() -> str:
    """Which Docker engine answers."""
    from simulation.environment.engine import connect, reap_containers

    with closing(connect()) as client:
        version = client.version()
        reaped = reap_containers(client)
        left = f", {plural(len(reaped), 'container')} of killed runs removed" if reaped else ""
        return f"Docker {version['Version']}, {version['Os']}/{version['Arch']}{left}"


def _image_tags() -> str:
    """Whether the images of the compose file are here."""
    from simulation.environment.engine import connect, has_image

    named = (images().postgres, images().stripe_mock)
    with closing(connect()) as client:
        missing = [image for image in named if not has_image(client, image)]
    if missing:
        raise EnvironmentFault(
            problem=f"not here: {', '.join(missing)}",
            remedy="docker compose -f docker-compose.sim.yml pull; without a registry: make images",
        )
    return ", ".join(named)


def _containers() -> str:
    """Start and stop a server in a container; the start proves that the clock library reaches it."""
    began = time.monotonic()
    with workspace() as folder, running(provide("containers", folder=folder, now=_INSTANT)) as server:
        return f"PostgreSQL under the simulated clock in {time.monotonic() - began:.1f} s ({server.detail})"


def _compose() -> str:
    """Whether the compose file's services are up, and if not, whether its ports are free."""
    from simulation.environment.compose import UP, find_service
    from simulation.environment.engine import connect

    with closing(connect()) as client:
        try:
            return ", ".join(f"{name} {find_service(client, name).short_id}" for name in ("postgres", "stripe-mock"))
        except EnvironmentFault:
            taken = [port for port in published_ports(os.environ) if not _is_free(port)]
    if taken:
        raise EnvironmentFault(
            problem=f"not up, and port {taken[0]} of 127.0.0.1 is taken",
            remedy="set SIMULATE_POSTGRES_PORT or SIMULATE_STRIPE_MOCK_PORT to free ones before bringing it up",
        )
    raise EnvironmentFault(problem="not up (its ports are free)", remedy=UP)


def _stripe_mock() -> str:
    """A stripe-mock for the environment that ``auto`` would choose."""
    name = choose().name
    binary = find_binary()
    if name == "embedded" and binary is not None:
        with workspace() as folder, stripe_mock("embedded", folder=folder) as mock:
            assert mock is not None
            mock.wait_until_up()
        return f"{binary}, {binary_version(binary)}"
    if name == "embedded":
        raise EnvironmentFault(problem="none: the check stripe_contract stays not verified", remedy=STRIPE_MOCK_REMEDY)
    return f"image {images().stripe_mock}" + (f", and {binary}" if binary else "")


def _auto() -> str:
    """What ``--environment auto`` would take, and why."""
    choice = choose()
    return f"auto chooses {choice.name!r} ({choice.reason})"


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
