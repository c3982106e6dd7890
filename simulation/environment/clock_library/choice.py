"""Which clock library a run uses, and how programs are started under it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from simulation.clock_file import PAGE_NAME, TEXT_NAME
from simulation.environment.clock_library.compiled import (
    MONOTONIC_VARIABLE,
    PAGE_VARIABLE,
    CannotBuild,
    compiled_image,
    compiled_library,
)
from simulation.environment.clock_library.faketime import (
    LIBRARY_NAME,
    LIBRARY_VARIABLE,
    find_faketime,
    shared_state,
)

OWN_NAME = "simulated_clock.so"
IMAGE_NAME = "kernel_page.so"
"""Of the copy that a program has in it which is linked statically."""
CLOCK_VARIABLES = (
    "LD_PRELOAD", PAGE_VARIABLE, MONOTONIC_VARIABLE, "FAKETIME_TIMESTAMP_FILE", "FAKETIME_NO_CACHE", "FAKETIME_SHARED",
    "FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC", "TZ",
)  # fmt: skip
"""All that :func:`clock_environment` may set."""
CLOCK_FOLDER_NAMES = (OWN_NAME, LIBRARY_NAME, PAGE_NAME, TEXT_NAME)
"""What a folder may have of a run that used either library."""


@dataclass(frozen=True, kw_only=True)
class ClockLibrary:
    """``reason`` says why it is not our own; empty if it is."""

    path: Path
    reason: str = ""

    @property
    def name(self) -> str:
        """Of its copies: by it a run knows which of the two a program has loaded."""
        return LIBRARY_NAME if self.reason else OWN_NAME

    @property
    def detail(self) -> str:
        """For the run's facts; empty where nothing is to be said."""
        return f"clock by libfaketime: {self.reason}" if self.reason else ""


def clock_library() -> ClockLibrary:
    """Our own library, built if need be; libfaketime where that cannot be, or where the user names one.

    :raises EnvironmentFault: neither is to be had.
    """
    return _chosen(os.environ.get(LIBRARY_VARIABLE))


@lru_cache(maxsize=4)
def _chosen(named: str | None) -> ClockLibrary:
    if named:
        return ClockLibrary(path=find_faketime(), reason=f"{LIBRARY_VARIABLE} names it")
    try:
        return ClockLibrary(path=compiled_library())
    except CannotBuild as reason:
        return ClockLibrary(path=find_faketime(), reason=str(reason))


def library_in(folder: Path) -> Path:
    """The library, copied into a folder of the run: preloading splits a path at spaces and colons, and another account
    must be able to read it.

    :raises EnvironmentFault: none is here.
    """
    library = clock_library()
    return _copied(library.path, folder / library.name)


def _copied(file: Path, copy: Path) -> Path:
    if not copy.exists():
        shutil.copy(file, copy)
        copy.chmod(0o755)
    return copy


def what_bars_the_image() -> str:
    """Why a program that is linked statically cannot be given the clock here, as the end of a sentence; else empty.

    :raises EnvironmentFault: there is no clock library at all.
    """
    if reason := clock_library().reason:
        return f"the clock is libfaketime's ({reason})"
    try:
        compiled_image()
    except CannotBuild as cause:
        return str(cause)
    return ""


def image_in(folder: Path) -> Path:
    """What a program that is linked statically is given as its clock, copied into a folder of the run.

    :raises CannotBuild: see :func:`what_bars_the_image`.
    """
    return _copied(compiled_image(), folder / IMAGE_NAME)


def clock_file_in(folder: Path) -> Path:
    """The clock file that the library of this run reads."""
    return folder / (TEXT_NAME if clock_library().reason else PAGE_NAME)


def clock_environment(
    *, library: Path, clock_file: Path, monotonic: bool = False, shared: bool = True
) -> dict[str, str]:
    """Variables for a program whose wall clock is simulated.

    :param library: a copy in the run's workspace, see :func:`library_in`.
    :param monotonic: whether its monotonic clock is simulated, too, for a program whose timers must come due by it.
    :param shared: whether it uses this machine's shared memory; one in a sandbox or a container has its own.
    """
    if library.name == OWN_NAME:
        return {
            "LD_PRELOAD": str(library),
            PAGE_VARIABLE: str(clock_file),
            "TZ": "UTC",
            **({MONOTONIC_VARIABLE: "1"} if monotonic else {}),
        }
    shown = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock_file),
        "FAKETIME_NO_CACHE": "1",
        "TZ": "UTC",
    }
    if not monotonic:
        shown |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    if shared and (state := shared_state(library.parent)):
        shown["FAKETIME_SHARED"] = state
    return shown
