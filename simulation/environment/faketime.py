"""Where libfaketime is on this machine, and the environment that puts a program on the simulated clock."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from pathlib import Path

from simulation.errors import EnvironmentFault

LIBRARY_NAME = "libfaketime.so.1"
LIBRARY_VARIABLE = "SIMULATE_FAKETIME_LIB"


def clock_library() -> Path:
    """The shared library; the PyPI package's on x86_64 Linux, else Debian's.

    :raises EnvironmentFault: none is here.
    """
    candidates = _candidates()
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    if os.environ.get(LIBRARY_VARIABLE):
        raise EnvironmentFault(
            problem=f"{LIBRARY_VARIABLE} names {candidates[0]}, which does not exist",
            remedy="point it at a libfaketime.so.1, or unset it to use the one that is found",
        )
    raise EnvironmentFault(
        problem=f"no libfaketime for this machine ({platform.system()} {platform.machine()})",
        remedy=f"install your distribution's package 'faketime', or point {LIBRARY_VARIABLE} at a libfaketime.so.1",
    )


def library_in(folder: Path) -> Path:
    """The library, copied into the workspace: preloading splits a path at spaces and colons, and another account must
    be able to read it.

    :raises EnvironmentFault: none is here.
    """
    copy = folder / LIBRARY_NAME
    if not copy.exists():
        shutil.copy(clock_library(), copy)
        copy.chmod(0o755)
    return copy


def _candidates() -> list[Path]:
    if named := os.environ.get(LIBRARY_VARIABLE):
        return [Path(named)]
    found: list[Path] = []
    spec = importlib.util.find_spec("libfaketime")
    if spec is not None and spec.origin is not None and platform.machine() == "x86_64":
        found.append(Path(spec.origin).parent / "vendor/libfaketime/src/libfaketime.so.1")
    found += sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return found


def clock_environment(*, library: Path, clock_file: Path) -> dict[str, str]:
    """Variables for a program whose wall clock is simulated and whose monotonic clock is real."""
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock_file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }
