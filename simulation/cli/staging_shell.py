"""``simulate staging shell``: a shell in front of the staging platform that is up."""

from __future__ import annotations

import os
from typing import NoReturn

import click

from simulation.interactive.session_file import find_session


@click.command()
@click.option("--port", type=int, default=None, help="Of the platform, where several are up; else the latest.")
def staging_shell(port: int | None) -> NoReturn:
    """Open a shell in front of the platform that is up. Addresses and admin token are set, its clock is the platform's.

    This process becomes the shell: the exit code is the shell's own.
    """
    session = find_session(port=port)
    environment = {**os.environ, **session.variables, **session.clock_variables}
    environment["PATH"] = f"{session.programs}{os.pathsep}{environment.get('PATH', os.defpath)}"
    environment |= {"LC_ALL": "C.UTF-8", "NO_COLOR": "1"}  # what jq colours is not what the runbook says
    start_file = session.programs / "bashrc"
    start_file.write_text("PS1='staging$ '\nunset HISTFILE\n", encoding="utf-8")
    options = ["--rcfile", str(start_file)]
    os.execvpe("bash", ["bash", "--noprofile", *options], environment)  # noqa: S606 - this process becomes the shell
