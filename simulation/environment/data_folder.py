"""Data folders of PostgreSQL, kept between runs: copying one takes a tenth of the time that making it takes.

A folder is kept below ``build/`` (``make clean`` removes it) under a digest of all that it was made of, so that another
server, other options or another schema never get it. It comes into place by a rename: two runs that make the same one
at once do not disturb each other, and nobody sees half of one. Where nothing can be kept, each run has its own made.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from simulation.environment.caller import plain_environment
from simulation.paths import ROOT

KEPT = ROOT / "build" / "postgres"
_PROGRAMS, _READ_BY_INITDB = ("initdb", "postgres"), ("*.bki", "*.sql", "*.sample", "*.txt")
_DATA, _PASSWORD, _LOG = "data", "password", "log"
_MOST_KEPT = 8


def digest_of(programs: Path, share: Path, options: Sequence[str]) -> str:
    """Of an installation's files that initdb reads, and of its options.

    :param programs: its folder of programs. :param share: its folder of what they read.
    :param options: without those that name a place: they do not change what is made.
    """
    digest = hashlib.sha256("\0".join(options).encode())
    read = [file for pattern in _READ_BY_INITDB for file in share.glob(pattern)]
    for file in sorted([*(programs / name for name in _PROGRAMS), *read]):
        with open(file, "rb") as content:
            digest.update(file.name.encode() + b"\0" + hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:32]


def digest_with(digest: str, contents: Sequence[str]) -> str:
    """The same, with what else went into the folder since."""
    return hashlib.sha256("\0".join((digest, *contents)).encode()).hexdigest()[:32]


def take(digest: str, into: Path) -> str | None:
    """Copy the folder that is kept under ``digest`` to ``into``, which is empty.

    :returns: the superuser's password in it; None where none is kept, and then ``into`` is empty still.
    """
    kept = KEPT / digest
    try:
        password = (kept / _PASSWORD).read_text(encoding="ascii")
        _copy(kept / _DATA, into)
    except (OSError, subprocess.CalledProcessError):  # there is none, or somebody removes it just now
        _empty(into)
        return None
    return password


def keep(digest: str, data: Path, *, password: str) -> None:
    """Keep a copy of a folder on which no server runs. Where that cannot be done, nothing is kept."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=KEPT) as making:  # only its owner may enter
            draft = Path(making) / digest
            draft.mkdir(mode=0o700)
            (draft / _DATA).mkdir(mode=0o700)
            _copy(data, draft / _DATA)
            shutil.rmtree(draft / _DATA / _LOG, ignore_errors=True)
            (draft / _PASSWORD).touch(mode=0o600)
            (draft / _PASSWORD).write_text(password, encoding="ascii")
            os.rename(draft, KEPT / digest)
        _forget_old()


def _copy(source: Path, into: Path) -> None:
    """Copy what is in a folder; on a file system that can, by sharing its blocks."""
    command = ["cp", "-R", "--reflink=auto", "--preserve=mode", f"{source}/.", str(into)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, env=plain_environment())


def _forget_old() -> None:
    """Keep the newest few: each has its tens of megabytes."""
    by_age = sorted(
        (entry for entry in KEPT.iterdir() if not entry.name.startswith(".")), key=lambda e: e.stat().st_mtime
    )
    for entry in by_age[:-_MOST_KEPT]:
        shutil.rmtree(entry, ignore_errors=True)


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
