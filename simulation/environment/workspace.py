"""The temporary folder of one run, and the reaping of folders whose run was killed.

A living run holds a lock on a file in its folder. The kernel lets go of it when the process ends, however it ends, and
knows it in every PID namespace that sees the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulation.clock import wall_now
from simulation.environment import shared_memory
from simulation.errors import EnvironmentFault

PREFIX = "founder-absence-"
_IN_THE_MAKING = ".new-"
_LOCK = "lock"
_NEEDED_BYTES = 400 * 1024 * 1024
_LONGEST_ROOT = 50
"""Characters: a Unix socket's path holds about a hundred, and a run's lie three folders below."""
_MAKING_WALL_SECONDS = 3600
_ROOTS = ("/dev/shm", "/tmp", "/var/tmp")  # noqa: S108 - a folder of ours below it, mode 0700


def candidate_roots() -> list[Path]:
    """Where a workspace may be, best first: in memory (its data is thrown away anyway), else in a temporary folder."""
    memory, *others = map(Path, _ROOTS)
    named = os.environ.get("TMPDIR")
    return list(dict.fromkeys([memory, *([Path(named)] if named else []), Path(_temporary()), *others]))


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:  # none is writable, which is said of each
        return "/tmp"  # noqa: S108


def workspace_root() -> Path:
    """First root in which a run can live.

    :raises EnvironmentFault: there is none; it says why of each.
    """
    unfit: dict[Path, str] = {}
    for root in candidate_roots():
        reason = _unfit(root)
        if reason is None:
            return root
        unfit[root] = reason
    told = "; ".join(f"{root} {reason}" for root, reason in unfit.items())
    raise EnvironmentFault(
        problem=f"no place for a throw-away database: {told}",
        remedy=f"set TMPDIR to a folder with {_NEEDED_BYTES // 1024**2} MB of room, mounted without noexec, whose path"
        " is short and without spaces; or free some disk space",
    )


def _unfit(root: Path) -> str | None:
    """Why no run can live there; None when one can."""
    if not root.is_dir() or not os.access(root, os.W_OK | os.X_OK):
        return "cannot be written"
    if os.statvfs(root).f_flag & os.ST_NOEXEC:
        return "is mounted noexec: no library can be loaded from it"
    if not str(root).isascii() or any(letter in str(root) for letter in " :'\"\\%"):
        return "has a letter in its path that preloading a library does not allow"
    if len(str(root)) > _LONGEST_ROOT:
        return f"has a path longer than {_LONGEST_ROOT} letters, too long for a socket below it"
    if shutil.disk_usage(root).free < _NEEDED_BYTES:
        return (
            f"has only {shutil.disk_usage(root).free // 1024**2} MB of room, and {_NEEDED_BYTES // 1024**2} are needed"
        )
    return None


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
    with _locked_folder(root) as folder:
        try:
            yield folder
        finally:
            shared_memory.release(folder)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked_folder(root: Path) -> Iterator[Path]:
    """It gets its name only when its lock is held: nobody ever sees one of a living run without."""
    name = f"{os.getpid()}-{secrets.token_hex(6)}"
    making = root / f"{PREFIX}{_IN_THE_MAKING}{name}"
    making.mkdir(mode=0o700)
    making.chmod(0o700)
    with open(making / _LOCK, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = making.rename(root / f"{PREFIX}{name}")
        yield folder


def reap_leftovers() -> list[Path]:
    """Stop servers and remove folders whose run no longer lives; returns the folders removed."""
    reaped = []
    for root in candidate_roots():
        for folder in sorted(root.glob(f"{PREFIX}*")) if root.is_dir() else []:
            if folder.name.startswith(f"{PREFIX}{_IN_THE_MAKING}"):
                _remove_half_made(folder)
            elif _reap(folder):
                reaped.append(folder)
    return reaped


def is_held(folder: Path) -> bool:
    """Whether the run of this workspace lives; True, too, where that cannot be found out."""
    try:
        with open(folder / _LOCK, encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _reap(folder: Path) -> bool:
    """Remove a workspace under its own lock, so that no two do it at once; False when it is another's or alive."""
    try:
        with open(folder / _LOCK, encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.access(folder, os.W_OK):
                return False
            _stop_server_in(folder)
            shared_memory.release(folder)
            shutil.rmtree(folder, ignore_errors=True)
            return True
    except OSError:
        return False


def _remove_half_made(folder: Path) -> None:
    """Whoever made it was killed between two steps of a millisecond."""
    with contextlib.suppress(OSError):
        if wall_now().timestamp() - folder.stat().st_mtime > _MAKING_WALL_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _stop_server_in(folder: Path) -> None:
    """Stop a Postgres whose data folder is in ``folder`` (SIGQUIT: at once; its data is thrown away)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((folder / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        if str(folder) not in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8"):
            return
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + 5
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
