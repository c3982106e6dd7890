"""Makes ``.venv`` with the locked packages, or goes on with one that is half made.

``make`` calls ``python3 -m simulation.installation`` before anything is installed: this module imports nothing but
Python's smallest set of modules. What is here already is left alone. Each step is said on standard error, since
standard output belongs to the command that follows.
"""

from __future__ import annotations

import compileall
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"run": "requirements.lock", "tools": "requirements-dev.lock"}
"""What a run needs; and besides that what tests and development need."""
_BREAKS_SCRIPTS = re.compile(r"[:\"$`\\\x00-\x1f]")
"""Letters in a path that ``PATH``, or the first line of the scripts that pip writes, takes for something else."""
_LONGEST_ROOT = 500
"""Letters: PostgreSQL refuses to start from a path of 1,024, and its place in the environment takes some ninety."""
_COLLECTED = re.compile(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)==")
_FETCHED = re.compile(r"\s+(?:Downloading|Using cached) (\S+?)-\d\S* \(([^)]+)\)")
_BLINK_WALL_SECONDS = 0.5
_LINE_EVERY_WALL_SECONDS = 5.0
"""Where the output is no terminal, in which a line could be written anew."""
_ENOUGH_TO_GUESS = 5


class CannotInstall(Exception):
    """What is wrong, and on a second line what to do."""


def main(arguments: list[str]) -> int:
    """Install what a run needs; with ``tools`` what tests need, too. 0, or 1 with the reason on standard error."""
    wanted = "tools" if arguments == ["tools"] else "run"
    try:
        with _alone():
            Installation(wanted, root=ROOT).make()
    except CannotInstall as reason:
        _say(f"✗ {reason}")
        return 1
    except KeyboardInterrupt:
        _say("\ninterrupted; the same command goes on where this one stopped")
        return 130
    return 0


class Installation:
    """One of the two sets of packages in the project's environment.

    :param root: the project's folder.
    """

    def __init__(self, wanted: str, *, root: Path) -> None:
        self._root = root
        self._lock = root / LOCKS[wanted]
        self._venv = root / ".venv"
        self._wanted = wanted

    def make(self) -> None:
        """Do what is missing. Raises :class:`CannotInstall`."""
        if self._is_stamped():
            return
        names = re.findall(r"^([\w.-]+)==", self._lock.read_text(encoding="utf-8"), re.MULTILINE)
        _say(f"… set-up: {len(names)} packages of {self._lock.name} into {self._venv.name}, once")
        _look_ahead()
        self.make_venv()
        python = self._python()
        self._unstamp()
        drop_half_installed(self._site_packages())
        install(python, self._lock, names=names, into=self._site_packages())
        _run_quietly(
            [python, "-m", "pip", *_PIP, "--no-deps", "--no-build-isolation", "--editable", str(self._root)],
            what="the project itself could not be installed",
        )
        compileall.compile_dir(
            self._root / "simulation", quiet=2
        )  # PYTHONDONTWRITEBYTECODE may keep later runs from it
        for name in LOCKS if self._wanted == "tools" else ("run",):  # the tools' packages are a run's and more
            self._stamp(name).write_text(self._made_of(name), encoding="utf-8")
        _say("… set-up is done")

    def _made_of(self, name: str) -> str:
        """What an environment is good for: this place, this Python, these packages."""
        files = (self._root / LOCKS[name], self._root / "pyproject.toml")
        told = "\0".join((str(self._root), sys.version, *(file.read_text(encoding="utf-8") for file in files)))
        return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()

    def _stamp(self, name: str) -> Path:
        return self._venv / f".installed-{name}"

    def _is_stamped(self) -> bool:
        try:
            return self._stamp(self._wanted).read_text(encoding="utf-8") == self._made_of(self._wanted)
        except OSError:
            return False

    def _unstamp(self) -> None:
        for name in LOCKS:
            self._stamp(name).unlink(missing_ok=True)

    # --- the environment -----------------------------------------------------------------------------------------

    def make_venv(self) -> None:
        """An empty one, where none is or one that cannot be gone on with. Raises :class:`CannotInstall`."""
        if self.is_usable():
            return
        if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
            raise CannotInstall(
                f"{sys.executable} has no module venv to make {self._venv} with\n  remedy: {_venv_remedy()}"
            )
        self._unstamp()
        place = self._place()
        place.parent.mkdir(parents=True, exist_ok=True)
        _run_quietly(
            [_base_python(), "-m", "venv", "--clear", str(place)],
            what=f"{place} could not be made",
        )
        if place != self._venv:
            self._venv.symlink_to(place)

    def is_usable(self) -> bool:
        """Whether it is this Python's and this folder's, and has pip. After a move its scripts name the old one."""
        python = self._venv / "bin" / "python"
        try:
            version = subprocess.run([python, "-c", _ASK], capture_output=True, encoding="utf-8").stdout.strip()
            script = (self._venv / "bin" / "pip").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        return version == sys.version.partition(" ")[0] and f"{self._venv.resolve()}/bin/python" in script

    def _place(self) -> Path:
        """``.venv`` itself, or where the project's path breaks programs a folder of the user's, to which it leads."""
        if self._venv.is_symlink():
            self._venv.unlink()
        if _bears_scripts(self._root):
            return self._venv
        if self._venv.exists():
            shutil.rmtree(self._venv)
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        if not cache.is_absolute() or not _bears_scripts(cache):
            raise CannotInstall(
                f"a virtual environment can be neither in {self._root} nor in {cache}: a letter in the path, or its"
                " length, breaks what is in it\n  remedy: move the project, or set XDG_CACHE_HOME to a plainer folder"
            )
        name = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:16]
        return cache / "founder-absence-simulation" / f"venv-{name}"

    def _python(self) -> str:
        """By its true path, which pip writes into scripts."""
        return str(self._venv.resolve() / "bin" / "python")

    def _site_packages(self) -> Path:
        major, minor = sys.version_info[:2]
        return self._venv.resolve() / "lib" / f"python{major}.{minor}" / "site-packages"


_ASK = "import sys, pip; print(sys.version.partition(' ')[0])"
_PIP = ("install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off")


def _base_python() -> str:
    """The interpreter itself, where this one is a virtual environment's."""
    major, minor = sys.version_info[:2]
    found = Path(sys.base_prefix, "bin", f"python{major}.{minor}")
    return str(found) if sys.prefix != sys.base_prefix and found.exists() else sys.executable


def _bears_scripts(folder: Path) -> bool:
    return not _BREAKS_SCRIPTS.search(str(folder)) and len(str(folder)) <= _LONGEST_ROOT


def _venv_remedy() -> str:
    if not Path("/etc/debian_version").exists():
        return (
            "install Python with its modules venv and ensurepip, or name another one: make PYTHON=/usr/bin/python3.12 …"
        )
    major, minor = sys.version_info[:2]
    is_default = os.path.realpath("/usr/bin/python3") == os.path.realpath(sys.executable)
    return f"as root: apt-get install python{'3' if is_default else f'{major}.{minor}'}-venv"


def _look_ahead() -> None:
    """Say now what the run would lack after the set-up."""
    missing = [name for name in ("bash", "curl") if shutil.which(name) is None]
    if missing:
        _say(f"– a run will need {' and '.join(missing)}, not here yet: as root: apt-get install {' '.join(missing)}")


def drop_half_installed(site_packages: Path) -> None:
    """Forget packages whose installation was broken off: their list of files is written last."""
    for folder in site_packages.glob("*.dist-info"):
        if not (folder / "RECORD").exists():
            shutil.rmtree(folder)


# --- pip ----------------------------------------------------------------------------------------------------------


class Progress:
    """What pip has told so far."""

    def __init__(self, names: list[str], *, into: Path) -> None:
        self._all, self._into = len(names), into
        self._collected: set[str] = set()
        self._now, self._before, self._installing = "", 0, 0
        self._began = time.monotonic()
        self.said: list[str] = []

    def read_all(self, lines: Iterable[str]) -> None:
        """Until pip has ended."""
        for line in lines:
            self.read(line)

    def read(self, line: str) -> None:
        self.said.append(line.rstrip())
        if match := _COLLECTED.match(line):
            self._collected.add(match[1].lower())
            self._now = match[1]
        elif match := _FETCHED.match(line):
            self._now = f"{self._now} ({match[2]})"
        elif line.startswith("Installing collected packages:"):
            self._before, self._installing = self._count(), line.count(",") + 1
            self._began = time.monotonic()

    def line(self) -> str:
        done, of = len(self._collected), self._all
        doing, now = "fetched", self._now
        if self._installing:
            done, of, doing, now = min(self._count() - self._before, self._installing), self._installing, "unpacked", ""
        spent = time.monotonic() - self._began
        left = f", about {spent / done * (of - done):.0f} s left" if _ENOUGH_TO_GUESS <= done < of else ""
        return f"  {doing} {done} of {of} packages{left}" + (f"  {now}" if now else "")

    def _count(self) -> int:
        return sum(1 for _ in self._into.glob("*.dist-info"))


def install(python: str, lock: Path, *, names: list[str], into: Path) -> None:
    """Run pip and show how far it is. Raises :class:`CannotInstall` with its last words."""
    progress = Progress(names, into=into)
    command = [python, "-u", "-m", "pip", *_PIP, "--require-hashes", "-r", str(lock)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        errors="replace",
    ) as pip:  # fmt: skip
        assert pip.stdout is not None
        reader = threading.Thread(target=progress.read_all, args=(pip.stdout,), daemon=True)
        reader.start()
        try:
            _show_until_done(pip, progress)
        finally:
            pip.terminate()
        reader.join()
    if pip.returncode:
        raise CannotInstall(
            "\n".join(("the packages could not be installed; pip says:", *_last_words(progress.said)))
            + "\n  remedy: is the network there (behind a mirror set PIP_INDEX_URL)? Then call it again: it goes on"
        )


def _show_until_done(pip: subprocess.Popen[str], progress: Progress) -> None:
    terminal = sys.stderr.isatty()
    shown = time.monotonic() - _LINE_EVERY_WALL_SECONDS + 1
    while True:
        try:
            pip.wait(_BLINK_WALL_SECONDS)
            break
        except subprocess.TimeoutExpired:
            if terminal:
                _say(f"\r\x1b[K{progress.line()}", end="")
            elif time.monotonic() - shown >= _LINE_EVERY_WALL_SECONDS:
                shown = time.monotonic()
                _say(progress.line())
    if terminal:
        _say("\r\x1b[K", end="")


def _last_words(lines: list[str]) -> list[str]:
    """From its first error on; where it names none, the end of what it said."""
    first = next((number for number, line in enumerate(lines) if line.lstrip().lower().startswith("error")), -8)
    return [f"  {line}" for line in lines[first:][:12]]


def _run_quietly(command: list[str], *, what: str) -> None:
    """Show what a program said only if it failed: a warning meant for packagers is not a newcomer's."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        errors="replace",
    )  # fmt: skip
    if done.returncode:
        raise CannotInstall("\n".join((f"{what}:", *_last_words(done.stdout.splitlines()))))


@contextmanager
def _alone() -> Iterator[None]:
    """Two calls in one folder do not install into each other; the kernel ends the lock with the process."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("… waiting for another set-up in this folder")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _say(text: str, *, end: str = "\n") -> None:
    sys.stderr.write(f"{text}{end}")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
