"""``simulate doctor``: what this machine has, what it lacks, what to do."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from simulation.clock import write_clock_file
from simulation.commands import doctor_containers
from simulation.environment.embedded import embedded_postgres, install_folder
from simulation.environment.faketime import clock_environment, clock_library
from simulation.environment.promtool import REMEDY as PROMTOOL_REMEDY
from simulation.environment.promtool import find_promtool, promtool_version
from simulation.environment.workspace import reap_leftovers, workspace, workspace_root
from simulation.errors import EnvironmentFault
from simulation.world.operator.tools import find_tools

_INSTANT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


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
    Piece(name="clock library", look=lambda: _clock()),
    Piece(name="PostgreSQL", look=lambda: _postgres()),
    Piece(name="shell tools", look=lambda: _tools()),
    Piece(name="Docker engine", look=doctor_containers.engine, needed=False),
    Piece(name="images", look=doctor_containers.image_tags, needed=False),
    Piece(name="containers", look=lambda: doctor_containers.containers(_INSTANT), needed=False),
    Piece(name="compose", look=doctor_containers.compose, needed=False),
    Piece(name="stripe-mock", look=doctor_containers.stripe_mock_here, needed=False),
    Piece(name="promtool", look=lambda: _promtool(), needed=False),
    Piece(name="environment", look=doctor_containers.auto),
)


def doctor_command() -> int:
    """Try each piece by itself; 0 when a run can start, 255 when something it needs is missing."""
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
    return EnvironmentFault(problem=f"the package {error.name} is not installed", remedy="run 'make setup'")


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, Python {sys.version.split()[0]}, {os.cpu_count()} cores"


def _leftovers() -> str:
    reaped = reap_leftovers()
    return f"{len(reaped)} of killed runs removed" if reaped else "none"


def _room() -> str:
    root = workspace_root()
    return f"{root}, {shutil.disk_usage(root).free / 1024**3:.1f} GB free"


def _clock() -> str:
    library = clock_library()
    with workspace() as folder:
        clock_file = folder / "now"
        write_clock_file(clock_file, _INSTANT)
        environment = {**os.environ, **clock_environment(library=library, clock_file=clock_file)}
        said = subprocess.run(["date", "+%s"], env=environment, capture_output=True, text=True, check=False).stdout
    if said.strip() != str(int(_INSTANT.timestamp())):
        raise EnvironmentFault(
            problem=f"{library} does not move the clock of a program here",
            remedy="a statically linked or musl userland cannot be moved; use a glibc distribution",
        )
    return str(library)


def _postgres() -> str:
    version = subprocess.run(
        [install_folder() / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    with workspace() as folder, embedded_postgres(folder=folder, now=_INSTANT):
        return f"{version}, starts under the simulated clock"


def _tools() -> str:
    tools = find_tools()
    return f"{tools.bash}, {tools.curl}, {tools.jq}"


def _promtool() -> str:
    binary = find_promtool()
    if binary is None:
        raise EnvironmentFault(problem="none: the check alert_evaluation stays not verified", remedy=PROMTOOL_REMEDY)
    return f"{binary}, {promtool_version(binary)}"
