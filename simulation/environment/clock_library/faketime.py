"""libfaketime, for machines on which our own clock library cannot be built.

Each program under it makes a semaphore and a segment of shared memory of its process id's name, and leaves them when it
is killed or becomes another program. Programs that are told the names of existing ones make none: a run tells its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import platform
import struct
from pathlib import Path

from simulation.errors import EnvironmentFault

LIBRARY_NAME = "libfaketime.so.1"
LIBRARY_VARIABLE = "SIMULATE_FAKETIME_LIB"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where the C library keeps what POSIX calls by a name
_NOT_STARTED = struct.pack("=QQ8q", 0, 0, *(0, -1) * 4)
"""The segment of programs of which none has noted yet when it began; its layout is libfaketime's."""
_ENTRANTS = 1 << 20
"""How many may hold the semaphore at once. It guards nothing that a frozen clock needs, and one that is killed while it
holds it must not keep out all others."""


def find_faketime() -> Path:
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
        remedy="install a C compiler (packages gcc and libc6-dev), with which simulate builds its own clock library; "
        f"or your distribution's package 'faketime'; or point {LIBRARY_VARIABLE} at a libfaketime.so.1",
    )


def _candidates() -> list[Path]:
    if named := os.environ.get(LIBRARY_VARIABLE):
        return [Path(named)]
    found: list[Path] = []
    spec = importlib.util.find_spec("libfaketime")
    if spec is not None and spec.origin is not None and platform.machine() == "x86_64":
        found.append(Path(spec.origin).parent / "vendor/libfaketime/src/libfaketime.so.1")
    found += sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return found


def shared_state(folder: Path) -> str:
    """The run's own semaphore and segment, made where they are not there yet, as libfaketime wants to be told of them;
    empty on a machine without shared memory of names, where it makes none either.

    :param folder: of the run; they bear its name, and :func:`release_shared_state` removes them.
    """
    semaphore, segment = _names(folder)
    with contextlib.suppress(OSError):
        places = (_SHARED_MEMORY / segment[1:], _SHARED_MEMORY / f"sem.{semaphore[1:]}")
        if not places[1].exists():
            places[0].write_bytes(_NOT_STARTED)
            _make_semaphore(semaphore)
            for place in places:  # the database server may be another account; the name is known to the run alone
                place.chmod(0o666)
        return f"{semaphore} {segment}"
    return ""


def release_shared_state(folder: Path) -> None:
    """Remove what :func:`shared_state` made; programs that still run go on."""
    semaphore, segment = _names(folder)
    for name in (f"sem.{semaphore[1:]}", segment[1:]):
        with contextlib.suppress(OSError):
            (_SHARED_MEMORY / name).unlink()


def _names(folder: Path) -> tuple[str, str]:
    return f"/faketime_sem_{folder.name}", f"/faketime_shm_{folder.name}"


def _make_semaphore(name: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.sem_open.restype = ctypes.c_void_p
    made = libc.sem_open(name.encode(), os.O_CREAT, ctypes.c_uint(0o666), ctypes.c_uint(_ENTRANTS))
    if not made:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    libc.sem_close(ctypes.c_void_p(made))
