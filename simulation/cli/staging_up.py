"""``simulate staging up``: the staging platform for people."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from simulation.assembly import RunRequest, Simulation
from simulation.assembly.request import prepare
from simulation.cli.options import environment_option
from simulation.faults.plan import FaultPlan
from simulation.interactive.clock_drivers import this_second
from simulation.interactive.session import SessionRequest, alert_to_follow, run_session
from simulation.interactive.session_file import Session
from simulation.scenario.shift import moment_of, shifted


@click.command()
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
def staging_up(scenario: str, until: str | None, seed: int, clock: str, port: int, environment: str) -> int:
    """Bring the platform up on loopback, until Ctrl-C. With its database, Stripe twin and score provider."""
    simulated = clock == "simulated"
    run = prepare(scenario=scenario, seed=seed, environment=environment, out=Path(tempfile.gettempdir()))
    moment = moment_of(run.scenario, until) if until is not None else run.scenario.start
    if not simulated:
        run, moment = _moved_to_now(run, elapsed_seconds=int((moment - run.scenario.start).total_seconds()))
    run_session(
        SessionRequest(run=run, until=moment, simulated_clock=simulated, port=port),
        ready=lambda session, sim: _introduce(session, sim, simulated=simulated),
    )
    return 0


def _moved_to_now(run: RunRequest, *, elapsed_seconds: int) -> tuple[RunRequest, datetime]:
    """The scenario moved so that the moment asked for is now: the platform's clock and the wall's agree."""
    now = this_second()
    moved = shifted(run.scenario, now - timedelta(seconds=elapsed_seconds) - run.scenario.start)
    return replace(run, scenario=moved, plan=FaultPlan.from_scenario(moved, run.seed)), now


def _introduce(session: Session, sim: Simulation, *, simulated: bool) -> None:
    exports = "\n".join(f"  export {name}={value}" for name, value in sorted(session.variables.items()))
    clock = (
        f"its clock stands at {sim.kernel.now:%Y-%m-%d %H:%M:%S} UTC; in its shell 'sleep 300' lets 5 minutes pass"
        if simulated
        else "its clock is the real one; its jobs run every 5 minutes"
    )
    platform = session.variables["API_BASE_URL"]
    firing = "\n".join(
        ["Fires now:\n", *(f"  {alert_to_follow(alert, platform=platform)}" for alert in sim.monitor.firing)]
        if sim.monitor.firing
        else ["No alert fires now."]
    )
    click.echo(
        f"""
The staging platform is up: scenario {sim.scenario.name}, seed {sim.request.seed}; {clock}.

In another terminal:

  {_this_program()} staging shell

opens a shell in front of it with everything set; or, in a shell of your own:

{exports}

Try:

  curl -sS "$API_BASE_URL/metrics"
  curl -sS -H @"$ADMIN_AUTH_FILE" "$API_BASE_URL/api/admin/diagnostics/health" | jq
  curl -sS -H @"$ADMIN_AUTH_FILE" "$API_BASE_URL/api/admin/contests" | jq '.contests[].status'

In a browser:

  {platform}/admin/dashboards
  {platform}/admin/runbooks

sign in with the token that this prints:

  cut -d ' ' -f 3 {session.variables["ADMIN_AUTH_FILE"]}

{firing}

Alerts appear below, each with the page of the runbook to follow; the command above a runbook's first section opens its
execution. Ctrl-C ends it and leaves nothing.
"""
    )


def _this_program() -> str:
    """As it was called: by its name, or as a module."""
    name = Path(sys.argv[0])
    return "python -m simulation" if name.suffix == ".py" else str(name)
