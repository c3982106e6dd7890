"""Which code is at work here: the package's version, and the checkout's commit."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from simulation.checks.run_record import UNKNOWN, Release
from simulation.environment.git import git
from simulation.paths import ROOT

_PACKAGE = "founder-absence-sim"


@cache
def release() -> Release:
    """Asked once in a process. Outside of git commit and tree are unknown."""
    commit = git("rev-parse", "HEAD", folder=ROOT)
    changes = git("status", "--porcelain", folder=ROOT)
    if commit is None or changes is None:
        return Release(version=_version())
    return Release(version=_version(), commit=commit.strip(), tree="changed" if changes else "clean")


def _version() -> str:
    try:
        return version(_PACKAGE)
    except PackageNotFoundError:
        return UNKNOWN
