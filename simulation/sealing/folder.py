"""The files of a run's folder, with their hashes; a link is named, and never followed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from simulation.run_directory import RunDirectory

SEAL = "seal.intoto.json"
_CHUNK = 1 << 20
_DEEPEST = 20


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What is in a folder. Names are paths within it, with ``/``; the seal itself is left out."""

    files: Mapping[str, str]
    """Name of each regular file → sha256 of its bytes."""
    others: Mapping[str, str]
    """Name → what it is: a link, a pipe, a folder without a file, a name that is no UTF-8."""


def is_sealed(directory: RunDirectory) -> bool:
    """Whether there is a seal, valid or not."""
    return os.path.lexists(directory.path / SEAL)


def contents_of(directory: RunDirectory) -> Contents:
    """Look at everything in the folder. Raises :class:`OSError` where something cannot be read."""
    files: dict[str, str] = {}
    others: dict[str, str] = {}
    for name, what in _walk(str(directory.path), "", 0):
        if what is not None:
            others[_shown(name)] = what
        elif _is_text(name):
            files[name] = _sha256(directory, name)
        else:
            others[_shown(name)] = "a file whose name is no UTF-8"
    files.pop(SEAL, None)
    return Contents(files=files, others=others)


def _walk(folder: str, prefix: str, depth: int) -> Iterator[tuple[str, str | None]]:
    """(name, what it is) of everything below a folder, by name; a regular file is None."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    if not entries and prefix:
        yield prefix.removesuffix("/"), "a folder without a file"
    for entry in entries:
        name = prefix + entry.name
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode) and depth < _DEEPEST:
            yield from _walk(entry.path, f"{name}/", depth + 1)
        else:
            yield name, None if stat.S_ISREG(mode) else _kind(mode)


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    return "a folder too far down" if stat.S_ISDIR(mode) else "neither a file nor a folder"


def _sha256(directory: RunDirectory, name: str) -> str:
    found = hashlib.sha256()
    with directory.reading(name) as opened:
        while chunk := opened.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _is_text(name: str) -> bool:
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in name)


def _shown(name: str) -> str:
    """Of a name whose bytes are no UTF-8, those bytes as escapes."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")
