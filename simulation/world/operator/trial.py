"""Whether an operator could work on this machine: one command typed into a shell as a run uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulation.clock_file import write_clock_file
from simulation.environment.causes import fault_of
from simulation.environment.clock_library import clock_environment, clock_file_in, library_in
from simulation.world.network.loopback import LoopbackServer
from simulation.world.operator.shell import Broken, Shell, ShellSettings
from simulation.world.operator.simulated_sleep import SleepRequest
from simulation.world.operator.tools import Tools

_INSTANT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
_COMMAND = 'sleep 60; date -u +%FT%TZ; curl -sS "$API_BASE_URL/health" | jq -r .status'
_EXPECTED = f"{_INSTANT:%Y-%m-%dT%H:%M:%SZ}\nfine\n"


def try_shell(folder: Path, tools: Tools) -> None:
    """Sleep, read the clock, ask a platform, read its answer.

    :param folder: a workspace.
    :raises EnvironmentFault: the shell does not answer as it does in a run; with what it printed.
    """
    clock_file = clock_file_in(folder)
    write_clock_file(clock_file, _INSTANT)
    clock = clock_environment(library=library_in(folder), clock_file=clock_file)
    door = LoopbackServer(_healthy)
    shell = Shell(
        settings=ShellSettings(tools=tools, clock=clock, folder=folder),
        door=door,
        variables={"API_BASE_URL": door.url},
    )
    try:
        shell.begin(_COMMAND)
        answer = shell.proceed()
        while isinstance(answer, SleepRequest):
            answer.wake()
            answer = shell.proceed()
    finally:
        shell.close()
        door.close()
    if isinstance(answer, Broken) or answer.output != _EXPECTED:
        said = answer.reason if isinstance(answer, Broken) else answer.output
        raise fault_of(
            said,
            what=f"the operator's shell does not answer as in a run (expected {_EXPECTED!r})",
            otherwise="try the command by hand: a proxy, a wrapper or a broken program may be in its way",
        )


def _healthy(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"status": "fine"}']
