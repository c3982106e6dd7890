"""What a run takes over from whoever calls it: where programs and temporary files are, and nothing that changes it.

A shell that is set up for another database, another checkout, another Python must not reach the run's own.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from simulation.environment.causes import NO_MEMORY
from simulation.errors import EnvironmentFault

_LEAST_BYTES = 256 << 20
"""Judging a short history takes some 80 MB, a run far more."""
_FOREIGN = ("PG", "GIT_", "FAKETIME", "SIMULATED_CLOCK")
"""Prefixes of variables that libpq, git and the clock libraries obey."""
_HARMLESS = frozenset(
    ("PYTHONHASHSEED", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONFAULTHANDLER")
)
"""Of Python's own variables those that change neither what is imported nor what is printed."""


def leave_the_caller_behind() -> None:
    """Call it first thing: this process, and all that it starts, no longer see the caller's settings.

    Python reads its own variables before any code runs, so that a process that was started with some is started anew.
    """
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    ours = without_python(os.environ)
    if len(ours) < len(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], ours)  # noqa: S606 - itself, without a shell
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _allow_as_many_files_as_may_be()


def require_address_space() -> None:
    """Say at once that too little memory is allowed: somewhere within a library it would end in its own words, or hang.

    :raises EnvironmentFault: less is allowed than the least that a command needs.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY and soft < _LEAST_BYTES:
        raise EnvironmentFault(
            problem=f"{NO_MEMORY.says}: {soft >> 20} MB of address space are allowed, a command needs"
            f" {_LEAST_BYTES >> 20} MB",
            remedy=NO_MEMORY.remedy,
        )


def without_python(variables: Mapping[str, str]) -> dict[str, str]:
    """``variables`` without those that change how Python behaves."""
    return {name: value for name, value in variables.items() if not name.startswith("PYTHON") or name in _HARMLESS}


def plain_environment() -> dict[str, str]:
    """For a program that needs nothing of the caller but the way to other programs, in the C locale."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
    return {**kept, "LC_ALL": "C"}


def beside_python(program: str) -> Path | None:
    """A program that the set-up put beside this Python. A search would split the folder's path at a colon."""
    file = Path(sys.executable).with_name(program)
    return file if os.access(file, os.X_OK) else None


def _allow_as_many_files_as_may_be() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
