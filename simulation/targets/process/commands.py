"""One-off commands of a backend, run in its sandbox: migrations, the appointment of an admin."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulation.errors import EnvironmentFault
from simulation.targets.process.programs import Programs
from simulation.targets.process.target_file import FILE_NAME, fill_in
from simulation.untrusted import last_lines

DEADLINE_WALL_SECONDS = 120
_NO_EXTENSION = re.compile(r'extension "([\w-]+)" is not available')
MIGRATE = "[database] migrate"
_POLL_WALL_SECONDS = 0.01
_MOST_OUTPUT_BYTES = 64 << 20


def run_command(
    programs: Programs,
    command: Sequence[str],
    *,
    values: Mapping[str, str],
    key: str,
    seconds: int = DEADLINE_WALL_SECONDS,
) -> str:
    """Run it to its end, in the directory and the environment of the first process; returns its last line of output.
    Its date is the simulation's, its timers run in real time.

    :param seconds: how long it may take, by the real clock.
    :raises EnvironmentFault: it failed, or did not end.
    """
    first = programs.file.process[0]
    filled = {**programs.values, **values}
    output = programs.clock_file.with_name(f"command-{len(list(programs.clock_file.parent.iterdir()))}.out")
    environment = {**programs.environment_of(first, timers=False), **values}
    with programs.in_real_time():
        programs.sandbox.start(
            "command",
            command=programs.on_the_clock([fill_in(word, filled) for word in command], first, environment),
            directory=programs.directory_of(first),
            environment=environment,
            output=output,
        )
        status = _status(programs, key, output, seconds=seconds)
    if status:
        raise _failed(programs, key, f"ended with status {status}", output)
    return "".join(last_lines(output, 1)).strip()


def _status(programs: Programs, key: str, output: Path, *, seconds: int) -> int:
    """Exit status of the command, once it has ended."""
    deadline = time.monotonic() + seconds
    while (status := programs.sandbox.ended("command")) is None:
        endless = output.stat().st_size > _MOST_OUTPUT_BYTES
        if endless or time.monotonic() > deadline:
            programs.sandbox.kill("command")
            too_long = f"did not end within {seconds} real seconds"
            what = f"printed more than {_MOST_OUTPUT_BYTES >> 20} MiB" if endless else too_long
            raise _failed(programs, key, what, output)
        programs.pause(_POLL_WALL_SECONDS)
    return status


def _failed(programs: Programs, key: str, what: str, output: Path) -> EnvironmentFault:
    last = " | ".join(last_lines(output, 5)) or "nothing"
    remedy = f"correct it in {programs.folder / FILE_NAME}"
    if key == MIGRATE:
        lacking = _NO_EXTENSION.search(" ".join(output.read_text(encoding="utf-8", errors="replace").split()))
        remedy += (
            f'; a server that has the extension is taken by itself where [database] has extensions = ["{lacking[1]}"]'
            if lacking is not None
            else "; migrate_seconds gives it longer"
        )
    return EnvironmentFault(
        problem=f"{programs.file.name}: the command of {key} {what}; it said: {last}",
        remedy=remedy,
    )
