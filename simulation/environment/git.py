"""Asks git about files and commits. Without git, or in a copy of the project without history, there is no answer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


def git(*arguments: str, folder: Path, variables: Mapping[str, str] | None = None) -> str | None:
    """Standard output of a git command; None when git is missing or the command fails.

    :param variables: environment variables besides those of this process.
    """
    environment = {**os.environ, **(variables or {})}
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, encoding="utf-8")
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def is_committed(file: Path) -> bool:
    """Whether a file is committed and unchanged since; True where there is no history to ask."""
    if git("rev-parse", folder=file.parent) is None:
        return True
    known = git("ls-files", "--error-unmatch", file.name, folder=file.parent)
    return known is not None and git("diff", "--quiet", "HEAD", "--", file.name, folder=file.parent) is not None


def commit_of(folder: Path) -> str:
    """Short hash of the checkout's commit, or ``unknown``."""
    return (git("rev-parse", "--short", "HEAD", folder=folder) or "unknown").strip()
