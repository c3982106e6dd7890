"""Our own clock library: built once by the machine's C compiler, and kept by the hash of what it was built from."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from simulation.clock_file import PAGE_NAME, write_clock_file
from simulation.environment.caller import plain_environment

SOURCE = Path(__file__).with_name("simulated_clock.c")
PAGE_VARIABLE, MONOTONIC_VARIABLE = "SIMULATED_CLOCK_PAGE", "SIMULATED_CLOCK_MONOTONIC"
COMPILERS = ("cc", "gcc", "clang")
OPTIONS = (
    "-std=gnu11", "-O2", "-shared", "-fPIC", "-fvisibility=hidden",
    # It takes nothing of the C library it is built with, and so fits any that a program has.
    "-nostdlib", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-Wl,-z,lazy",
)  # fmt: skip
_DEADLINE_WALL_SECONDS = 60
_TRIED = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


class CannotBuild(Exception):
    """There is no library, and none can be made; its text says why, as the end of a sentence."""


def compiled_library() -> Path:
    """The library, built now if it was not before.

    :raises CannotBuild: with the reason.
    """
    places = list(_places())
    for place in places:
        if place.is_file():
            return place
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise CannotBuild("no C compiler is here (install gcc and libc6-dev)")
    for place in places:
        if _writable(place.parent):
            return _built(compiler, place)
    raise CannotBuild("there is no folder of this user's own to keep it in (neither a virtual environment nor a home)")


def _places() -> Iterator[Path]:
    """Where it may be kept, best first. Only this user, or whoever installed the project, may write there: it is loaded
    into every program of a run."""
    told = repr((OPTIONS, platform.machine())).encode() + SOURCE.read_bytes()
    name = f"simulated_clock-{hashlib.sha256(told).hexdigest()[:16]}.so"
    if sys.prefix != sys.base_prefix:
        yield Path(sys.prefix, "lib", "simulated_clock", name)
    home = os.path.expanduser("~")
    if os.path.isabs(home):
        yield Path(home, ".cache", "founder-absence-simulation", name)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return folder.stat().st_uid == os.geteuid() and os.access(folder, os.W_OK)


def _built(compiler: str, place: Path) -> Path:
    """Build it beside its place, try it, and put it there: whoever looks meanwhile sees nothing or all of it."""
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        made = Path(folder, "library.so")
        command = [compiler, *OPTIONS, "-o", str(made), str(SOURCE)]
        try:
            done = subprocess.run(
                command, env=plain_environment(), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                errors="replace", timeout=_DEADLINE_WALL_SECONDS,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotBuild(f"{compiler} cannot run ({error})") from error
        if done.returncode:
            first = next((line for line in done.stderr.splitlines() if "error" in line), "it says nothing")
            raise CannotBuild(f"{compiler} cannot build it (install libc6-dev?): {first.strip()}")
        _try(made)
        made.chmod(0o755)
        made.replace(place)
    return place


def _try(library: Path) -> None:
    """Where it was made, and from within: preloading splits a path at spaces and colons, and this one may have some."""
    page = library.with_name(PAGE_NAME)
    write_clock_file(page, _TRIED)
    told = subprocess.run(
        ["date", "+%s"], cwd=library.parent,
        env={**plain_environment(), "LD_PRELOAD": f"./{library.name}", PAGE_VARIABLE: page.name},
        capture_output=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if told.stdout.strip() != f"{_TRIED.timestamp():.0f}":
        raise CannotBuild(
            f"what was built does not move a program's clock ({told.stderr.strip() or told.stdout.strip()})"
        )
