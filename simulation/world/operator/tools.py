"""The programs that runbooks may use, and the folder that puts ours before the system's in PATH."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from simulation.environment.faketime import clock_environment
from simulation.errors import EnvironmentFault
from simulation.paths import ROOT
from simulation.world.operator import simulated_sleep


@dataclass(frozen=True, kw_only=True)
class Tools:
    bash: Path
    curl: Path
    jq: Path
    """jaq as this project pins it, which answers as jq does and starts ten times as fast; else the system's jq."""


def find_tools() -> Tools:
    """Raises :class:`EnvironmentFault` naming what the machine lacks."""
    beside_python = str(Path(sys.executable).parent)
    jq = shutil.which("jaq", path=beside_python) or shutil.which("jq")
    return Tools(
        bash=_found(shutil.which("bash"), "bash", "install bash"),
        curl=_found(shutil.which("curl"), "curl", "install curl"),
        jq=_found(jq, "jq", "install jq, or run the project's set-up, which brings jaq"),
    )


def _found(path: str | None, name: str, remedy: str) -> Path:
    if path is None:
        raise EnvironmentFault(problem=f"the operator's shell needs {name}, which is not here", remedy=remedy)
    return Path(path)


def write_shims(folder: Path, tools: Tools) -> None:
    """Fill ``folder``, which comes first in the shell's PATH."""
    folder.mkdir()
    (folder / "jq").symlink_to(tools.jq)
    for name, script in (("sleep", simulated_sleep.SCRIPT), ("simulate", _simulate())):
        program = folder / name
        program.write_text(script)
        program.chmod(0o755)


def _simulate() -> str:
    """The script ``simulate``: this project's commands run in real time, since they start servers and tests of their
    own."""
    variables = " ".join(f"-u {name}" for name in clock_environment(library=Path(), clock_file=Path()))
    return f'#!/bin/sh\nexec env {variables} PYTHONPATH="{ROOT}" "{sys.executable}" -m simulation "$@"\n'
