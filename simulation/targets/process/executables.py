"""Why a program cannot live in simulated time, read from its file before anything is started."""

from __future__ import annotations

import mmap
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import error

from simulation.environment.clock_library import clock_library, what_bars_the_image
from simulation.environment.elf import IDENTIFIED, INTERPRETER, segments
from simulation.errors import EnvironmentFault
from simulation.targets.process.target_file import TargetFile, fill_in

_GO_MARKS = (b"\xff Go buildinf:", b".go.buildinfo\x00")
"""What every program that Go has built has in it, and the name of the section in which it has it."""
_MOST_SCRIPTS = 3
"""A script may be run by a script."""
_WAKEN_BY_OUR_LIBRARY = ("java", "ruby", "php")
_NEEDS_A_COMPILER = "install a C compiler (Debian: apt-get install gcc libc6-dev)"
_UNTRIED = {"dotnet": ".NET", "mono": "Mono", "beam.smp": "Erlang", "erl": "Erlang", "elixir": "Elixir", "deno": "Deno",
    "bun": "Bun"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Why a program cannot be simulated, and what to do."""

    problem: str
    remedy: str


def what_bars(command: str, *, directory: Path, path: str) -> Bar | None:
    """Why the program of a command cannot live in simulated time; None if nothing is known against it.

    :param directory: where it is started. :param path: its PATH.
    """
    program = _program(command, directory=directory, path=path)
    if program is None:
        return Bar(
            problem=f"there is no program {command}",
            remedy="install it, or write its path, from the [[process]]' directory",
        )
    return bar_of(program) or _sleeps_on(program)


def is_static_go(command: str, *, directory: Path, path: str) -> bool:
    """Whether the program of a command was built by Go and is linked statically: its clock is given to it when it
    starts (start_static.py)."""
    program = _program(command, directory=directory, path=path)
    return program is not None and _loader_of(program) == _NONE and _is_go(program)


def _program(command: str, *, directory: Path, path: str) -> Path | None:
    """What is executed in the end: a script is followed to its interpreter."""
    program = _found(command, directory=directory, path=path)
    for _ in range(_MOST_SCRIPTS):
        interpreter = None if program is None else _interpreter_of_script(program, path=path)
        if interpreter is None:
            break
        program = interpreter
    return program


def require_programs(file: TargetFile, folder: Path) -> Sequence[str]:
    """Look at the program of each ``[[process]]`` of a target folder, and of each job that cron starts.

    :returns: runtimes that nobody here has tried.
    :raises EnvironmentFault: one is not there, or cannot live in simulated time.
    """
    first = file.process[0]
    programs = [(file.place_of(table), table, table.command[0]) for table in file.process]
    programs += [
        (file.place("job", number, "run"), first, job.run[0]) for number, job in enumerate(file.job) if job.run
    ]
    for place, table, program in programs:
        try:
            command = fill_in(program, {"PYTHON": sys.executable, "TARGET": str(folder.resolve())})
        except KeyError:  # it lies where only the run knows
            continue
        path = table.environment.get("PATH", os.environ.get("PATH", os.defpath))
        bar = what_bars(command, directory=(folder / table.directory).resolve(), path=path)
        if bar is not None:
            raise EnvironmentFault(problem=f"{place}: {bar.problem}", remedy=bar.remedy)
    return list(dict.fromkeys(name for _, _, program in programs if (name := untried(program)) is not None))


def untried(command: str) -> str | None:
    """The runtime of a command, where nobody here has tried it."""
    return _UNTRIED.get(Path(command).name)


def bar_of(program: Path) -> Bar | None:
    """Why the machine code of a file cannot live in simulated time: the clock is a library that is loaded before the C
    library of this machine, or, for Go, stands where the kernel's own is."""
    loader = _loader_of(program)
    if loader is None:
        return None
    if loader == _NONE and not _is_go(program):
        return Bar(
            problem=f"{program} is linked statically: the clock is a library, and it loads none",
            remedy="link it dynamically against this machine's C library (glibc)",
        )
    if loader == _NONE and (reason := what_bars_the_image()):
        return Bar(
            problem=f"{program} is written in Go and linked statically, and {reason}",
            remedy=f"{_NEEDS_A_COMPILER}; or build it with cgo (CGO_ENABLED=1 go build): it is linked dynamically "
            "where it uses net or os/user, as a web server does",
        )
    if b"musl" in loader:
        return Bar(
            problem=f"{program} is built for another C library (musl, of Alpine)",
            remedy="run one that is built for glibc, as of Debian, Ubuntu, Red Hat",
        )
    if (reason := clock_library().reason) and _is_go(program):
        return Bar(
            problem=f"{program} is written in Go, which asks the kernel's own page for the time, and the clock is "
            f"libfaketime's ({reason})",
            remedy=_NEEDS_A_COMPILER,
        )
    return None


_NONE = b""


def _loader_of(program: Path) -> bytes | None:
    """Path of what loads a program's libraries: nothing where it has none (it is linked statically), and None
    for a file that is no program of this kind of machine."""
    try:
        with open(program, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
            if image[: len(IDENTIFIED)] != IDENTIFIED:
                return None
            found = next((one for _, one in segments(image) if one.kind == INTERPRETER), None)
            return _NONE if found is None else image[found.offset : found.offset + found.bytes_in_file]
    except (OSError, ValueError, error):  # no such file, an empty one, a header that is cut off
        return None


def _is_go(program: Path) -> bool:
    """Whether Go has built it. All of it is read: ask only where it matters."""
    with open(program, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        return all(image.find(mark) >= 0 for mark in _GO_MARKS)


def _found(command: str, *, directory: Path, path: str) -> Path | None:
    if "/" in command:
        file = directory / command
        return file.resolve() if file.is_file() else None
    found = shutil.which(command, path=path)
    return None if found is None else Path(found).resolve()


def _interpreter_of_script(program: Path, *, path: str) -> Path | None:
    """By which program a script says that it is run; None where it is none, or its interpreter is not here."""
    try:
        with open(program, "rb") as file:
            line = file.readline(256)
    except OSError:
        return None
    words = line.removeprefix(b"#!").decode(errors="replace").split()
    if not line.startswith(b"#!") or not words:
        return None
    if Path(words[0]).name == "env" and len(words) > 1:
        words = [word for word in words[1:] if not word.startswith("-")]
    return _found(words[0], directory=program.parent, path=path) if words else None


def _sleeps_on(program: Path) -> Bar | None:
    """Timers of some runtimes end by our own library only."""
    runtime = next((name for name in _WAKEN_BY_OUR_LIBRARY if program.name.startswith(name)), None)
    reason = clock_library().reason
    if runtime is None or not reason:
        return None
    return Bar(
        problem=f"timers and sleeps of {runtime} would never end: the clock is libfaketime's ({reason})",
        remedy=_NEEDS_A_COMPILER,
    )
