"""The programs that runbooks may use, and the folder that puts ours before the system's in PATH."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from simulation.environment.caller import beside_python
from simulation.environment.causes import fault_of
from simulation.environment.clock_library import CLOCK_VARIABLES
from simulation.errors import EnvironmentFault
from simulation.world.operator import simulated_sleep

_COMPLAINT = re.compile(
    r"^(?:\S*/)?(?:bash|sh|curl|jq|jaq|sleep|date|awk|sort|xargs|grep|sed|tr|cut|wc|head|tail)\b[^\n]*?: "
    r"(?:[^\n]*\bfork\b[^\n]*|Cannot fork|Cannot allocate memory|Too many open files|No space left on device"
    r"|\s*\d+ Killed\b[^\n]*)",
    re.MULTILINE,
)
"""A program's own name, then the error for what the kernel refused it; no answer of a platform looks like this."""
_USUAL = frozenset((
    "awk", "basename", "cat", "cut", "date", "dirname", "find", "git", "grep", "head", "ls", "mkdir", "openssl", "rm",
    "sed", "seq", "sha256sum", "sort", "tail", "tar", "tr", "uniq", "wc", "xargs",
))  # fmt: skip
"""Programs that a machine has or lacks; bash and curl, which every run needs, are tried before it."""
_BEFORE_A_PROGRAM = re.compile(r"[|;&()`{}!\n]|\b(?:do|then|else|if|while|until|xargs|env)\s")
_MEND = "mend or install it: 'simulate doctor' tries each program"
_KILLED = "was it the out-of-memory killer (dmesg tells)? Give more memory, and run again"


@dataclass(frozen=True, kw_only=True)
class Tools:
    bash: Path
    curl: Path
    jq: Path
    """jaq as this project pins it, which answers as jq does and starts ten times as fast; else the system's jq."""


def find_tools() -> Tools:
    """Raises :class:`EnvironmentFault` naming what the machine lacks."""
    jq = beside_python("jaq") or shutil.which("jq")
    return Tools(
        bash=_found(shutil.which("bash"), "bash", "install bash"),
        curl=_found(shutil.which("curl"), "curl", "install curl"),
        jq=_found(jq, "jq", "install jq, or run the project's set-up, which brings jaq"),
    )


def try_tools(tools: Tools, environment: Mapping[str, str]) -> None:
    """Run each, as the operator's shell does.

    :param environment: the shell's.
    :raises EnvironmentFault: one cannot run; with what it said.
    """
    for program, arguments in (
        (tools.bash, ("-c", ":")),
        (tools.curl, ("-q", "--version")),
        (tools.jq, ("--version",)),
    ):
        what = f"the operator's {program.name} cannot run"
        try:
            done = subprocess.run(
                [program, *arguments], env=environment, capture_output=True, encoding="utf-8", errors="replace"
            )
        except OSError as error:
            raise fault_of(str(error), what=what, otherwise=_MEND) from error
        if done.returncode != 0:
            said = done.stderr.strip() or f"it ended with {done.returncode}"
            raise fault_of(said, what=what, otherwise=_MEND)


def complaint_of_the_machine(output: str) -> EnvironmentFault | None:
    """The fault, if a command's output has an error message about this machine, not the platform; else None."""
    for complaint in _COMPLAINT.finditer(output):
        return fault_of(complaint[0], what="the operator's shell was refused what it needs", otherwise=_KILLED)
    return None


def require_programs(commands: Iterable[str], *, of: str) -> None:
    """See that the programs that commands of a runbook call are here, as far as they are a usual system's own: another
    name may be the runbook's mistake.

    :param of: the runbook, for the message.
    :raises EnvironmentFault: one is not; without it the runbook would fail, and the platform be blamed.
    """
    pieces = (piece.split() for command in commands for piece in _BEFORE_A_PROGRAM.split(command))
    called = {words[0] for words in pieces if words}
    if missing := sorted(name for name in called & _USUAL if shutil.which(name) is None):
        names = " and ".join(missing)
        raise EnvironmentFault(
            problem=f"the runbook {of} calls {names}, not found on this machine",
            remedy=f"install {names}",
        )


def _found(path: str | Path | None, name: str, remedy: str) -> Path:
    if path is None:
        raise EnvironmentFault(problem=f"the operator's shell needs {name}, which is not here", remedy=remedy)
    return Path(path)


def write_shims(folder: Path, tools: Tools) -> None:
    """Fill ``folder``, which comes first in the shell's PATH."""
    folder.mkdir(mode=0o755)
    (folder / "jq").symlink_to(tools.jq)
    for name, script in (("sleep", simulated_sleep.SCRIPT), ("simulate", _simulate())):
        program = folder / name
        program.write_text(script, encoding="utf-8")
        program.chmod(0o755)


def _simulate() -> str:
    """The script ``simulate``: this project's commands run in real time, since they start servers and tests of their
    own."""
    variables = " ".join(f"-u {name}" for name in CLOCK_VARIABLES)
    return f'#!/bin/sh\nexec env {variables} {shlex.quote(sys.executable)} -m simulation "$@"\n'
