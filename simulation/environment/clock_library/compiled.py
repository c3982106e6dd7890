"""Our own clock library, and the image for what loads none: built once by the machine's C compiler, and kept by the
hash of what they were built from."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from simulation.clock_file import PAGE_NAME, write_clock_file
from simulation.environment.caller import plain_environment
from simulation.environment.elf import LOADED, NOTHING, WRITABLE, segments

SOURCE = Path(__file__).with_name("simulated_clock.c")
PAGE_VARIABLE, MONOTONIC_VARIABLE = "SIMULATED_CLOCK_PAGE", "SIMULATED_CLOCK_MONOTONIC"
COMPILERS = ("cc", "gcc", "clang")
OPTIONS = (
    "-std=gnu11", "-O2", "-shared", "-fPIC", "-fvisibility=hidden",
    # It takes nothing of the C library it is built with, and so fits any that a program has.
    "-nostdlib", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-Wl,-z,lazy",
)  # fmt: skip
_HEADER_FILE = SOURCE.with_name("clocks.h")
IMAGE_SOURCE = Path(__file__).with_name("kernel_page.c")
IMAGE_OPTIONS = (
    "-std=gnu11", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-nostdlib", "-fno-stack-protector",
    "-fcf-protection=none", "-U_FORTIFY_SOURCE",
    # Its symbols have the version that is asked for.
    "-Wl,-z,noseparate-code", "-Wl,-z,norelro", "-Wl,--hash-style=sysv", "-Wl,-soname,LINUX_2.6",
    "-Wl,--default-symver",
)  # fmt: skip
_DEADLINE_WALL_SECONDS = 60
_TRIED = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


class CannotBuild(Exception):
    """There is no library, and none can be made; its text says why, as the end of a sentence."""


def compiled_library() -> Path:
    """The library, built now if it was not before.

    :raises CannotBuild: with the reason.
    """
    return _kept_or_built(SOURCE, OPTIONS, _try)


def compiled_image() -> Path:
    """The image of kernel_page.c, built now if it was not before.

    :raises CannotBuild: with the reason.
    """
    if platform.machine() != "x86_64":
        raise CannotBuild(f"this is a {platform.machine()} machine, and the way to it was built for x86_64")
    return _kept_or_built(IMAGE_SOURCE, IMAGE_OPTIONS, _lay_flat)


def _kept_or_built(source: Path, options: tuple[str, ...], finish: Callable[[Path], None]) -> Path:
    """:param finish: what is still to be done with it; raises :class:`CannotBuild` where it does not work."""
    places = list(_places(source, options))
    for place in places:
        if place.is_file():
            return place
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise CannotBuild("no C compiler is here (install gcc and libc6-dev)")
    for place in places:
        if _writable(place.parent):
            return _built([compiler, *options], source, place, finish)
    raise CannotBuild("there is no folder of this user's own to keep it in (neither a virtual environment nor a home)")


def _places(source: Path, options: tuple[str, ...]) -> Iterator[Path]:
    """Where it may be kept, best first. Only this user, or whoever installed the project, may write there: it is loaded
    into every program of a run."""
    told = repr((options, platform.machine())).encode() + source.read_bytes() + _HEADER_FILE.read_bytes()
    name = f"{source.stem}-{hashlib.sha256(told).hexdigest()[:16]}.so"
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


def _built(compile_: list[str], source: Path, place: Path, finish: Callable[[Path], None]) -> Path:
    """Build it beside its place, try it, and put it there: whoever looks meanwhile sees nothing or all of it."""
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        made = Path(folder, "library.so")
        command = [*compile_, "-o", str(made), str(source)]
        try:
            done = subprocess.run(
                command, env=plain_environment(), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                errors="replace", timeout=_DEADLINE_WALL_SECONDS,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotBuild(f"{compile_[0]} cannot run ({error})") from error
        if done.returncode:
            first = next((line for line in done.stderr.splitlines() if "error" in line), "it says nothing")
            raise CannotBuild(f"{compile_[0]} cannot build it (install libc6-dev?): {first.strip()}")
        finish(made)
        made.chmod(0o755)
        made.replace(place)
    return place


def _lay_flat(image: Path) -> None:
    """Have it say that it lies in memory as in its file, in one segment that nobody writes: so it is mapped, and so is
    what the kernel maps."""
    content = bytearray(image.read_bytes())
    for place, segment in segments(content):
        offset, flags = segment.offset, segment.flags & ~WRITABLE
        flat = segment._replace(address=offset, physical_address=offset, flags=flags)
        if segment.kind == LOADED and offset == 0:
            flat = flat._replace(bytes_in_file=len(content), bytes_in_memory=len(content))
        elif segment.kind == LOADED:
            flat = flat._replace(kind=NOTHING)
        flat.write(content, place)
    image.write_bytes(content)


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
