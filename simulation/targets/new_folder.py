"""A target folder to begin with: commented files that fit the tables and routes of fixtures/spec/platform.md, to be
changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from simulation.errors import UsageError

TEMPLATE = Path(__file__).with_name("template")
FILES = ("target.toml", "observe.sql", "people.py")
"""In the order in which a person changes them."""


def write_target_folder(folder: Path) -> tuple[Path, ...]:
    """Writes the files into a folder that is empty or not there yet; their paths.

    :raises UsageError: there is something in it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = sorted(entry.name for entry in folder.iterdir())
        if found:
            raise UsageError(
                place=str(folder),
                problem=f"the folder is not empty: {', '.join(found[:5])}{', …' if len(found) > 5 else ''}",
                remedy="name one that is empty or not there yet; nothing was written",
            )
        return tuple(Path(shutil.copyfile(TEMPLATE / name, folder / name)) for name in FILES)
    except OSError as error:
        raise UsageError(
            place=str(folder),
            problem=f"cannot be written: {error.strerror}",
            remedy="name a folder in a place where you may write",
        ) from error
