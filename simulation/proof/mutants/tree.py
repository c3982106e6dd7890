"""A copy of the product in a folder of its own, in which a mutant can run as ``python -m simulation``."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from simulation.environment.process import die_with_parent
from simulation.paths import ROOT

PACKAGE = "simulation/staging"
"""What is mutated: the platform, never the harness or its jury."""
_SAID = 300
_LOOK_SECONDS = 30
_COPIED = ("simulation", "fixtures")
"""A target's folder names the program by its place beside it."""
_TARGET = "fixtures/targets/staging"
_LINKED = ("scenarios", "pyproject.toml", "requirements.lock", ".simulate")


@dataclass(frozen=True, kw_only=True)
class Run:
    """``exit_code``: None if the run had to be ended. ``said``: the end of its stderr. With its children's time."""

    exit_code: int | None
    said: str
    cpu_seconds: float


@contextmanager
def tree() -> Iterator[Path]:
    """The folder of the copy. Data that no mutant changes is linked."""
    with tempfile.TemporaryDirectory(prefix="simulate-mutant-") as name:
        folder = Path(name)
        for copied in _COPIED:
            shutil.copytree(ROOT / copied, folder / copied)
        for linked in _LINKED:
            if (ROOT / linked).exists():
                (folder / linked).symlink_to(ROOT / linked)
        yield folder


def run(
    folder: Path,
    scenario: str,
    *,
    seed: int,
    before: Sequence[str] = ("-m",),
    cpu_seconds: int | None = None,
    as_processes: bool = False,
) -> Run:
    """Run a scenario with the copy; its run directory is below :func:`out_of` in the folder.

    :param as_processes: with the platform as processes of its own.
    :param before: options of Python that stand before ``simulation``.
    :param cpu_seconds: the processor time after which the run is ended: a mutant may loop for ever.
    """
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    arguments = [
        "run",
        scenario,
        "--seed",
        str(seed),
        "--environment",
        "embedded",
        "--quiet",
        "--out",
        out_of(scenario),
        *(("--target", _TARGET) if as_processes else ()),
    ]
    with subprocess.Popen(
        [sys.executable, *before, "simulation", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONPATH": str(folder)},
        preexec_fn=die_with_parent(signal.SIGTERM),
    ) as child:
        try:
            said, endless = _followed(child, cpu_seconds)
        except BaseException:
            child.terminate()
            raise
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Run(
        exit_code=None if endless else child.returncode,
        said=said.strip()[-_SAID:],
        cpu_seconds=ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime,
    )


def out_of(scenario: str) -> str:
    """Where the runs of a scenario (a name or a file) are kept, from the folder of the copy."""
    return f"out/{Path(scenario).stem}"


def _followed(child: subprocess.Popen[str], cpu_seconds: int | None) -> tuple[str, bool]:
    """What it wrote, and whether it had to be ended."""
    endless = False
    while True:
        try:
            return child.communicate(timeout=_LOOK_SECONDS)[1], endless
        except subprocess.TimeoutExpired:
            if endless:
                child.kill()
            elif cpu_seconds is not None and _cpu_of(child.pid) > cpu_seconds:
                endless = True
                child.terminate()


def _cpu_of(pid: int) -> float:
    """Seconds of processor time of one process so far; its children have their own."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
