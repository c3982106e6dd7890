"""``simulate scenarios`` and ``doctor``: what can be run, and with what."""

from __future__ import annotations

import sys

import click


@click.command()
def scenarios() -> None:
    """List the scenarios that come with the project."""
    from simulation.commands.scenarios import scenarios_command

    sys.exit(scenarios_command())


@click.command()
def doctor() -> None:
    """Say what is here, what is missing, and what to do about it."""
    from simulation.commands.doctor import doctor_command

    sys.exit(doctor_command())
