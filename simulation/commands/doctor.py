"""``simulate doctor``: what this machine has, what it lacks, what to do."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console

from simulation.clock import write_clock_file
from simulation.environment.embedded import embedded_postgres, install_folder
from simulation.environment.faketime import clock_environment, clock_library
from simulation.environment.workspace import reap_leftovers, workspace, workspace_root
from simulation.errors import EnvironmentFault
from simulation.world.operator.tools import find_tools

_INSTANT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def doctor_command() -> int:
    """Try each piece by itself; 0 when a run can start, 255 when something it needs is missing."""
    console = Console()
    pieces: list[tuple[str, Callable[[], str]]] = [
        ("machine", _machine),
        ("leftovers", _leftovers),
        ("workspace", _room),
        ("clock library", _clock),
        ("PostgreSQL", _postgres),
        ("shell tools", _tools),
        ("environment", lambda: "auto chooses 'embedded': the server of the package embedded-postgres"),
    ]
    healthy = True
    for name, look in pieces:
        try:
            console.print(f"[green]✓[/] {name:<14} {look()}", highlight=False, soft_wrap=True)
        except EnvironmentFault as fault:
            healthy = False
            console.print(f"[red]✗[/] {name:<14} {fault.problem}", highlight=False, soft_wrap=True)
            console.print(f"  {'':<14} → {fault.remedy}", highlight=False, soft_wrap=True)
    return 0 if healthy else 255


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
