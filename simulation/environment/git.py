"""What git knows of a file; a machine without git, or a copy of the project without its history, knows nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


def git(*arguments: str, folder: Path, variables: Mapping[str, str] | None = None) -> str | None:
    """Standard output, or None when git is missing or says no. ``variables``: besides those of this process."""
    environment = {**os.environ, **(variables or {})}
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def is_committed(file: Path) -> bool:
    """Known to git and unchanged since; where there is no history, the file is taken at its word."""
    if git("rev-parse", folder=file.parent) is None:
        return True
    known = git("ls-files", "--error-unmatch", file.name, folder=file.parent)
    return known is not None and git("diff", "--quiet", "HEAD", "--", file.name, folder=file.parent) is not None


def commit_of(folder: Path) -> str:
    """Short hash of the checkout's commit, or ``unknown``."""
    return (git("rev-parse", "--short", "HEAD", folder=folder) or "unknown").strip()
