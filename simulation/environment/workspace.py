"""The temporary folder of one run, and the reaping of folders whose run was killed.

The folder's name carries its owner (process id and that process's start time), so that a later run can tell a living
owner from a dead one without any lock file.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulation.environment.faketime import remove_leftovers
from simulation.errors import EnvironmentFault

PREFIX = "founder-absence-"
_NEEDED_BYTES = 400 * 1024 * 1024
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of ours below it, mode 0711


def candidate_roots() -> list[Path]:
    """Where a workspace may be, best first: in memory (its data is thrown away anyway), else in the temporary
    folder."""
    return [_SHARED_MEMORY, Path(tempfile.gettempdir())]


def workspace_root() -> Path:
    """First root that is writable and has room.

    :raises EnvironmentFault: none has.
    """
    for root in candidate_roots():
        if root.is_dir() and os.access(root, os.W_OK) and shutil.disk_usage(root).free >= _NEEDED_BYTES:
            return root
    places = ", ".join(map(str, candidate_roots()))
    raise EnvironmentFault(
        problem=f"no room for a throw-away database: {_NEEDED_BYTES // 1024**2} MB are needed in one of {places}",
        remedy="free some disk space, or set TMPDIR to a folder that has room",
    )


def require_room(folder: Path) -> None:
    """Stop a run whose disk is nearly full, before the platform is blamed for what would follow.

    :raises EnvironmentFault: less than a tenth of what a run needs is left.
    """
    free = shutil.disk_usage(folder).free
    if free < _NEEDED_BYTES // 10:
        raise EnvironmentFault(
            problem=f"only {free // 1024**2} MB are left where the throw-away database lives ({folder.parent})",
            remedy="free some disk space or memory, or set TMPDIR to a folder that has room, and run again",
        )


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder that is gone afterwards, whatever happens; leftovers of killed runs are reaped first."""
    root = workspace_root()
    reap_leftovers()
    folder = root / f"{PREFIX}{owner_tag()}-{secrets.token_hex(3)}"
    folder.mkdir(mode=0o711)
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        remove_leftovers()


def reap_leftovers() -> list[Path]:
    """Stop servers and remove folders whose owner no longer lives; returns the folders removed."""
    remove_leftovers()
    reaped = []
    for root in candidate_roots():
        for folder in sorted(root.glob(f"{PREFIX}*-*-*")) if root.is_dir() else []:
            if not owner_lives(folder.name.removeprefix(PREFIX)) and os.access(folder, os.W_OK):
                _stop_server_in(folder)
                shutil.rmtree(folder, ignore_errors=True)
                reaped.append(folder)
    return reaped


def owner_tag() -> str:
    """This process as part of a name: ``<pid>-<start ticks>``."""
    return f"{os.getpid()}-{_start_ticks(os.getpid())}"


def owner_lives(tag: str) -> bool:
    """Whether the process whose :func:`owner_tag` a name begins with still runs; True for a name of another form."""
    try:
        pid, ticks = (int(part) for part in tag.split("-")[:2])
    except ValueError:
        return True
    return _start_ticks(pid) == ticks


def _start_ticks(pid: int) -> int:
    """Start time of a process in clock ticks since boot (field 22 of its stat file); 0 when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(stat.rsplit(")", 1)[1].split()[19])


def _stop_server_in(folder: Path) -> None:
    """Stop a Postgres whose data folder is in ``folder`` (SIGQUIT: at once; its data is thrown away)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        if str(folder) not in Path(f"/proc/{pid}/cmdline").read_text():
            return
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + 5
        while _start_ticks(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
