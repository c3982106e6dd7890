"""``simulate staging …``: the platform alone, for people."""

from __future__ import annotations

import sys

import click

from simulation.cli.options import environment_option


@click.group()
def staging() -> None:
    """The staging platform on this machine, for people: to look at, and to follow runbooks by hand."""


@staging.command("up")
@click.option("--scenario", default="smoke_2d", show_default=True, help="What happens around the platform.")
@click.option("--until", default=None, help="Live through the scenario up to this moment first: 'day 1 12:00'.")
@click.option("--seed", type=int, default=1, show_default=True, help="Draws people, scores, and moments.")
@click.option(
    "--clock",
    type=click.Choice(["real", "simulated"]),
    default="real",
    show_default=True,
    help="real: the scenario's moment is now. simulated: time stands still until 'sleep' in its shell lets it pass.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the platform; any free one by default.")
@environment_option("embedded", "containers", "compose", of="PostgreSQL comes")
def staging_up(scenario: str, until: str | None, seed: int, clock: str, port: int, environment: str) -> None:
    """Bring the platform up with its database, Stripe twin and score provider on loopback, until Ctrl-C."""
    from simulation.commands.staging import staging_up_command

    sys.exit(
        staging_up_command(scenario=scenario, until=until, seed=seed, clock=clock, port=port, environment=environment)
    )


@staging.command("shell")
@click.option("--port", type=int, default=None, help="Of the platform, where several are up; else the latest.")
def staging_shell(port: int | None) -> None:
    """A shell in front of the platform that is up: addresses and admin token set, on the platform's clock."""
    from simulation.commands.staging import staging_shell_command

    staging_shell_command(port=port)
