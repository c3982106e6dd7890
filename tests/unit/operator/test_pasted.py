"""The commands of the runbooks, pasted into an interactive bash where no earlier step was carried out."""

from __future__ import annotations

import subprocess
from pathlib import Path

from simulation.paths import RUNBOOKS_FOLDER
from simulation.world.operator.parser import load_runbooks

GUARDED = [
    step.command
    for runbook in load_runbooks(RUNBOOKS_FOLDER)
    for steps in runbook.steps.values()
    for step in steps
    if step.command.startswith(': "${')
]


def typed(commands: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """What a bash prints into which they are pasted, line by line as a terminal does. ``curl`` must not be called."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "curl").write_text("#!/bin/sh\necho called\n")
    (programs / "curl").chmod(0o755)
    return subprocess.run(
        ["bash", "--norc", "--noprofile", "-i"],
        input="".join(f"{command}\n" for command in commands),
        env={"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(folder), "PS1": "", "PS2": ""},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        timeout=60,
    )


def test_a_command_refuses_to_run_without_what_an_earlier_step_kept(tmp_path: Path) -> None:
    assert len(GUARDED) > 100
    done = typed(GUARDED, tmp_path)
    assert done.stdout == ""
    assert done.stderr.count("parameter null or not set") == len(GUARDED)


def test_it_runs_with_it(tmp_path: Path) -> None:
    command = next(
        command for command in GUARDED if command.startswith(': "${TRANSFERS:?}"') and "other causes" in command
    )
    without_jq = command.partition(" | jq")[0]
    assert typed(["TRANSFERS='one two'", without_jq], tmp_path).stdout == "called\ncalled\n"
