"""What a machine lacks, by the words in which programs say so, each with the remedy that helps.

PostgreSQL's log, initdb's last words, a shell's complaint and Python's own errors are read by the same list.
"""

from __future__ import annotations

import errno
import os
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

from simulation.errors import EnvironmentFault


@dataclass(frozen=True, kw_only=True)
class Cause:
    """``says`` is a sentence without its full stop."""

    said: re.Pattern[str]
    says: str
    remedy: str


def _cause(said: str, says: str, remedy: str) -> Cause:
    return Cause(said=re.compile(said, re.IGNORECASE), says=says, remedy=remedy)


NO_ROOM = _cause(
    r"no space left on device|disk quota exceeded|disk full|\bsignal 7\b|bus error",
    "no room is left where the throw-away database lives",
    "free disk space or memory (a container's /dev/shm: docker run --shm-size=1g), or set TMPDIR to a folder with room",
)
NO_PROCESS = _cause(
    r"\bfork\b[^\n]*(?:resource temporarily unavailable|cannot allocate|retry)|cannot fork|can't start new thread"
    r"|unable to fork",
    "this user may start no more processes",
    "allow more processes (ulimit -u; a container's --pids-limit), or end some, and run again",
)
NO_DESCRIPTOR = _cause(
    r"too many open files|(?:insufficient|out of) file descriptors",
    "no file descriptor is left",
    "allow more open files: ulimit -n 1024, or LimitNOFILE= of the service, and run again",
)
NO_MEMORY = _cause(
    r"cannot allocate memory|out of memory|could not (?:map|create) (?:anonymous )?shared memory|memoryerror",
    "there is not enough memory",
    "free memory or allow more (ulimit -v, the container's --memory), and run again",
)
NO_NAME = _cause(
    r"could not look up effective user id",
    "the account has no name, and may not have a user namespace in which it could have one",
    'give it a name: echo "simulate:x:$(id -u):$(id -g)::/tmp:/bin/sh" >> /etc/passwd, or preload libnss_wrapper;'
    " or run as an account that has one",
)
READ_ONLY = _cause(r"read-only file system", "the file system is read-only", "name a folder that can be written")
KILLED = _cause(
    r"was terminated by signal (?:9|15)\b|signal 9: killed",
    "somebody kills PostgreSQL's processes",
    "was it the out-of-memory killer (dmesg tells)? Give more memory, or keep the killer away, and run again",
)
STOPPED = _cause(
    r"received (?:smart|fast|immediate) shutdown request",
    "somebody told PostgreSQL to stop",
    "see who signals processes named postgres (a service script, pkill, a supervisor), and run again",
)
BROKEN_FILES = _cause(
    r"input/output error|\bPANIC\b|could not (?:read|fsync|write) (?:block|file)",
    "PostgreSQL's files cannot be read or written",
    "look at the disk (dmesg tells), or set TMPDIR to a folder on another one, and run again",
)
NO_PROGRAM = _cause(
    r"command not found|cannot execute|error while loading shared libraries|exec format error",
    "a program cannot run",
    "mend or install it; 'simulate doctor' tries each",
)

CAUSES = (
    NO_ROOM, NO_PROCESS, NO_DESCRIPTOR, NO_MEMORY, NO_NAME, READ_ONLY, KILLED, STOPPED, BROKEN_FILES, NO_PROGRAM
)  # fmt: skip
OF_SQLSTATE = {
    "53100": NO_ROOM, "53200": NO_MEMORY, "58030": BROKEN_FILES, "XX001": BROKEN_FILES, "XX002": BROKEN_FILES,
}  # fmt: skip
"""PostgreSQL's codes for what is no statement's fault."""
_OF_ERRNO = {
    errno.ENOSPC: NO_ROOM, errno.EDQUOT: NO_ROOM, errno.EROFS: READ_ONLY, errno.EMFILE: NO_DESCRIPTOR,
    errno.ENFILE: NO_DESCRIPTOR, errno.ENOMEM: NO_MEMORY, errno.EIO: BROKEN_FILES,
}  # fmt: skip
_STARTING = ("subprocess.py", "popen_fork.py", "popen_spawn_posix.py")
_OUTPUT_REMEDY = "free some disk space, or name a folder that has room: --out DIR"


def cause_in(text: str) -> Cause | None:
    """The first cause that ``text`` speaks of."""
    return next((cause for cause in CAUSES if cause.said.search(text)), None)


def fault_of(text: str, *, what: str, otherwise: str) -> EnvironmentFault:
    """``what`` went wrong and what was said, with the remedy of its cause; ``otherwise`` where none is known."""
    cause = cause_in(text)
    said = " ".join(text.split()) or "no output"
    if cause is None:
        return EnvironmentFault(problem=f"{what}: {said}", remedy=otherwise)
    return EnvironmentFault(problem=f"{what}: {cause.says}: {said}", remedy=cause.remedy)


def fault_behind(error: BaseException) -> EnvironmentFault | None:
    """The machine's part in an error that nobody foresaw, or in what it came from; None: it has none that is known."""
    for seen in _chain(error):
        cause = _cause_of(seen)
        if cause is not None:
            remedy = _OUTPUT_REMEDY if isinstance(seen, OSError) and cause in (NO_ROOM, READ_ONLY) else cause.remedy
            return EnvironmentFault(problem=": ".join(filter(None, (cause.says, str(seen)))), remedy=remedy)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, each once: an error that is raised from one that came of it makes a ring."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and all(link is not one for one in seen):
        yield link
        seen.append(link)
        link = link.__cause__ or link.__context__


def _cause_of(error: BaseException) -> Cause | None:
    if isinstance(error, MemoryError):
        return NO_MEMORY
    if isinstance(error, OSError):
        if error.errno == errno.EAGAIN and _was_starting(error):
            return NO_PROCESS
        return _OF_ERRNO.get(error.errno or 0)
    if isinstance(error, RuntimeError) and NO_PROCESS.said.search(str(error)):
        return NO_PROCESS
    if type(error).__module__.startswith("psycopg") and getattr(error, "sqlstate", None) is None:
        return cause_in(str(error))  # a connection that did not come about: the server says why, without a code
    return OF_SQLSTATE.get(getattr(error, "sqlstate", None) or "")


def _was_starting(error: BaseException) -> bool:
    """Whether the error came while a process was being started."""
    return any(os.path.basename(frame.filename) in _STARTING for frame in traceback.extract_tb(error.__traceback__))
