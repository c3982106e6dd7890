"""A target folder to begin with: commented files that fit the tables and routes of fixtures/spec/platform.md, to be
changed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from simulation.errors import UsageError
from simulation.scenario.orders import Profile

TEMPLATE = Path(__file__).with_name("template")
TEMPLATES: Mapping[Profile, Path] = {"contests": TEMPLATE, "payments": TEMPLATE / "payments"}
FILES = ("target.toml", "observe.sql", "people.py", "contract.yaml")
"""In the order in which a person changes them."""


def write_target_folder(
    folder: Path, texts: Mapping[str, str] | None = None, *, profile: Profile = "contests"
) -> tuple[Path, ...]:
    """Writes the files into a folder that is empty or not there yet; their paths.

    :param texts: file name → what to write; None: the template of the profile.
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
        if texts is None:
            return tuple(Path(shutil.copyfile(TEMPLATES[profile] / name, folder / name)) for name in FILES)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        return tuple(folder / name for name in texts)
    except OSError as error:
        raise UsageError(
            place=str(folder),
            problem=f"cannot be written: {error.strerror}",
            remedy="name a folder in a place where you may write",
        ) from error
