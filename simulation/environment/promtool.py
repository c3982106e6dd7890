"""Runs Prometheus' own ``promtool``, if this machine has it: it evaluates rule files over given series."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from simulation.environment.caller import beside_python
from simulation.environment.process import die_with_parent
from simulation.errors import EnvironmentFault

BINARY_VARIABLE = "PROMTOOL_BIN"
REMEDY = "make promtool (unpacks Debian's package), or install prometheus, or name a binary in PROMTOOL_BIN"
_ANSWER_WALL_SECONDS = 600.0
"""Real seconds after which promtool is taken to hang. A month of scrapes takes 7 s of CPU, on a crowded machine
minutes."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What promtool printed; ``good`` if it exited with 0."""

    good: bool
    text: str


class Evaluation:
    """A ``promtool test rules`` that is under way."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def answer(self) -> Answer:
        """Wait for its end.

        :raises EnvironmentFault: it does not end.
        """
        try:
            text, _ = self._process.communicate(timeout=_ANSWER_WALL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise EnvironmentFault(
                problem=f"promtool has not answered for {_ANSWER_WALL_SECONDS:.0f} s",
                remedy="'simulate doctor' tries it",
            ) from error
        return Answer(good=self._process.returncode == 0, text=text)


def find_promtool() -> Path | None:
    """``PROMTOOL_BIN``, else on PATH, else beside this Python.

    :raises EnvironmentFault: the variable names no file.
    """
    named = os.environ.get(BINARY_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise EnvironmentFault(
                problem=f"{BINARY_VARIABLE} names {named}, which is not there", remedy="unset it or point it at one"
            )
        return Path(named)
    found = shutil.which("promtool") or beside_python("promtool")
    return Path(found) if found else None


def promtool_version(binary: Path) -> str:
    """The version that the binary prints, e.g. ``2.42.0+ds``.

    :raises EnvironmentFault: it cannot be run.
    """
    try:
        said = subprocess.run([binary, "--version"], capture_output=True, encoding="utf-8", check=False)
    except OSError as error:
        raise EnvironmentFault(problem=f"{binary} cannot be run: {error.strerror}", remedy=REMEDY) from error
    words = (said.stdout or said.stderr).split()
    return words[2] if len(words) > 2 else "of unknown version"


@contextmanager
def testing_rules(binary: Path, *test_files: Path) -> Iterator[Evaluation]:
    """Start ``promtool test rules`` on every core there is; what is still running when the block ends is stopped."""
    process = subprocess.Popen(
        [binary, "test", "rules", *test_files], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", preexec_fn=_settle,
    )  # fmt: skip
    try:
        yield Evaluation(process)
    finally:
        process.kill()
        process.communicate()


def _settle() -> None:
    """Let this child use every core: the harness, which shares one core with its database, passes that limit on."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    die_with_parent(signal.SIGKILL)()
