"""Completion in a real bash, and the version."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.environment.release import release

_ASK = """
eval "$(simulate completion bash)"
complete -p simulate >/dev/null || exit 9
COMP_WORDS=(simulate "$@"); COMP_CWORD=$#
_simulate_completion simulate
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """With a ``simulate`` on it that is this one."""
    program = tmp_path / "simulate"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m simulation "$@"\n')
    program.chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["sab"], {"sabotage"}),
        (["runbook", ""], {"lint", "test"}),
        (["run", "smoke"], {"smoke_2d"}),
        (["faults", "webhook_l"], {"webhook_lost"}),
        (["run", "--environment", "comp"], {"compose"}),
    ],
)
def test_bash_completes_commands_options_and_names(path: str, words: list[str], offered: set[str]) -> None:
    done = subprocess.run(
        ["bash", "--norc", "-c", _ASK, "bash", *words],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) == offered


@pytest.mark.parametrize(
    ("shell", "has"), [("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete --no-files")]
)
def test_each_shell_gets_its_own_script(path: str, shell: str, has: str) -> None:
    done = subprocess.run(
        ["simulate", "completion", shell], env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert has in done.stdout


def test_the_version_names_the_commit(path: str) -> None:
    done = subprocess.run(["simulate", "--version"], env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"simulate {release()}\n")
