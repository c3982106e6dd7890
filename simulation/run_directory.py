"""What a run leaves on disk: ``reports/<scenario>/<started>-seed<N>/``, and ``latest`` beside it, once it is whole.

A folder that lies around may have been changed by anybody. Files in it are read and written without following a link:
what a link leads to is no part of the run.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from simulation.clock import wall_now
from simulation.errors import EnvironmentFault, UsageError

DEFAULT_OUT = Path("reports")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LINKS = (errno.ELOOP, errno.ENOTDIR)
"""What opening a link without following it is answered with: as a file, as a folder."""
_made: list[Path] = []
"""Folders of this program's runs, in the order in which they were made."""
_PLAN = frozenset({"scenario.yaml", "faults.json"})
_NO_LINK = "remove the link, or name a folder that a run left"


@dataclass(frozen=True, kw_only=True)
class RunDirectory:
    path: Path

    @classmethod
    def stored(cls, path: Path) -> RunDirectory:
        """A folder as somebody names it; ``latest`` is the folder that it leads to."""
        return cls(path=path.resolve())

    @property
    def shown(self) -> str:
        """The path as short as it can be typed in the working folder."""
        return shortest(self.path)

    def again(self, *, seed: int) -> tuple[str, ...]:
        """The arguments of ``simulate`` that live it once more, from the files in it."""
        return ("run", str(self.scenario), "--seed", str(seed), "--faults", str(self.faults))

    @property
    def history(self) -> Path:
        return self.path / "history.jsonl"

    @property
    def scenario(self) -> Path:
        return self.path / "scenario.yaml"

    @property
    def faults(self) -> Path:
        return self.path / "faults.json"

    @property
    def platform_log(self) -> Path:
        return self.path / "platform.log"

    @property
    def alerts_test(self) -> Path:
        """The run's scrapes and alerts as ``promtool test rules`` reads them."""
        return self.path / "alerts.test.yml"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @classmethod
    def create(cls, *, out: Path, scenario: str, seed: int) -> RunDirectory:
        """A new folder named by the wall clock; a counter follows the name should it be taken.

        :raises EnvironmentFault: it cannot be written.
        """
        parent = out / scenario
        stem = f"{wall_now():%Y%m%dT%H%M%SZ}-seed{seed}"
        try:
            parent.mkdir(parents=True, exist_ok=True)
            for attempt in range(1, 1000):
                path = parent / (stem if attempt == 1 else f"{stem}-{attempt}")
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                _made.append(path.absolute())
                return cls(path=path)
        except OSError as error:
            raise _unwritable(parent, error) from error
        raise EnvironmentFault(
            problem=f"no free name for a run under {parent}", remedy="name another folder: --out DIR"
        )

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """A regular file of the folder, opened.

        :raises FileNotFoundError: there is none of this name.
        :raises UsageError: it is a link or no file, or cannot be read.
        """
        with self._parent_of(name) as (folder, leaf):
            try:
                descriptor = os.open(leaf, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            except FileNotFoundError:
                raise
            except OSError as error:
                raise self._barred(name, error) from error
        with open(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(place=str(self.path / name), problem="is no file", remedy=_NO_LINK)
            yield opened

    def write(self, name: str, text: str, *, encoding: str = "utf-8", keep: bool = False) -> bool:
        """Write a file of the folder, whole or not at all; below a subfolder, which is made where it is missing.

        :param keep: leave one that is there as it is. Returns whether the file was written.
        :raises UsageError: a link, or something that is no file, is in its place.
        :raises EnvironmentFault: it cannot be written.
        """
        with self._parent_of(name, make=True) as (folder, leaf):
            try:
                if not self._free(name, leaf, folder) and keep:
                    return False
                new = f".new-{os.getpid()}"
                with suppress(FileNotFoundError):
                    os.unlink(new, dir_fd=folder)
                descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=folder)
                try:
                    with open(descriptor, "w", encoding=encoding) as opened:
                        opened.write(text)
                    os.replace(new, leaf, src_dir_fd=folder, dst_dir_fd=folder)
                except BaseException:
                    os.unlink(new, dir_fd=folder)
                    raise
            except OSError as error:
                raise self._unwritten(name, error) from error
        return True

    def _free(self, name: str, leaf: str, folder: int) -> bool:
        """Whether nothing has the name yet. Raises :class:`UsageError` where something that is no file has it."""
        try:
            found = os.stat(leaf, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return True
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(
                place=str(self.path / name), problem="a link, or what is no file, is in its place", remedy=_NO_LINK
            )
        return False

    @contextmanager
    def _parent_of(self, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """The folder that a file is in, opened step by step so that no link is followed, and the file's own name."""
        *folders, leaf = PurePosixPath(name).parts
        assert not {"..", "/"} & {*folders, leaf}, "names of files are the harness's own"
        here = None
        try:
            here = os.open(self.path, _FOLDER)
            for folder in folders:
                if make and not _exists(folder, here):
                    os.mkdir(folder, dir_fd=here)
                below = os.open(folder, _FOLDER, dir_fd=here)
                os.close(here)
                here = below
            yield here, leaf
        except OSError as error:
            if error.errno == errno.ENOENT and not make:
                raise
            raise self._barred(name, error) if error.errno in _LINKS else self._unwritten(name, error) from error
        finally:
            if here is not None:
                os.close(here)

    def _barred(self, name: str, error: OSError) -> UsageError:
        said = "is a link, or is behind one" if error.errno in _LINKS else f"cannot be read: {error.strerror}"
        return UsageError(place=str(self.path / name), problem=said, remedy=_NO_LINK)

    def _unwritten(self, name: str, error: OSError) -> EnvironmentFault:
        return EnvironmentFault(
            problem=f"{self.path / name} cannot be written: {error.strerror or error}",
            remedy="make room or make it writable, then judge the stored history again: simulate check RUN_DIR",
        )

    def become_latest(self) -> None:
        """Let ``latest`` name this folder, now that all is in it; what a run that broke off leaves hides no good one.

        The link is replaced atomically, so that two runs side by side never leave it missing.

        :raises EnvironmentFault: it cannot be written.
        """
        temporary = self.path.parent / f".latest-{os.getpid()}"
        try:
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(self.path.name, target_is_directory=True)
            os.replace(temporary, self.path.parent / "latest")
        except OSError as error:
            raise _unwritable(self.path.parent, error) from error


def shortest(path: Path) -> str:
    """A path as people can type it in the working folder."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def remove_unused() -> None:
    """Remove the folders that this program made and in which nothing came to be: a command that refuses its input, or
    that the machine stops before anything happened, leaves nothing behind."""
    while _made:
        folder = _made.pop()
        if folder.is_dir() and not any(_says_something(file) for file in folder.rglob("*")):
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                folder.parent.rmdir()  # refused where there is anything in it


def _says_something(file: Path) -> bool:
    """A plan, which can be had again, says nothing of what happened; nor does a file in which nothing stands yet."""
    return file.is_symlink() or (file.is_file() and file.name not in _PLAN and file.stat().st_size > 0)


def _exists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _unwritable(folder: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        problem=f"cannot write the run's folder under {folder}: {error.strerror or error}",
        remedy="name a folder that is writable and has room: --out DIR",
    )
