"""``simulate run``: read everything, refuse what is wrong, run, print the verdict."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from simulation.commands.determinism import check_twice
from simulation.commands.output import print_verdict
from simulation.environment.choice import choose
from simulation.faults.plan_file import load_plan
from simulation.faults.schedule import FaultPlan
from simulation.faults.swarm import swarm as swarm_faults
from simulation.progress import Live, Plain, Progress, Silent
from simulation.run import run
from simulation.scenario.file import find_scenario, load_scenario
from simulation.scenario.model import Scenario
from simulation.stage import RunRequest
from simulation.stage.request import platform_that_comes_along
from simulation.target.needs import (
    environment_of_processes,
    refuse_faults_of_our_own_process,
    refuse_losses,
    refuse_process_faults,
)
from simulation.target.process.choice import read_target
from simulation.world.alert_rules import load_rules, refuse_dead_links
from simulation.world.operator.parser import load_runbooks

_NOT_DETERMINISTIC = 1


def run_command(
    *,
    scenario: str,
    seed: int,
    days: int | None,
    plan_file: Path | None,
    environment: str,
    out: Path,
    target: Path | None = None,
    swarm: bool,
    twice: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Returns the exit code of the verdict."""
    request = prepare(
        scenario=scenario,
        seed=seed,
        days=days,
        plan_file=plan_file,
        environment=environment,
        out=out,
        target=target,
        swarmed=swarm,
    )
    console = Console(stderr=True)
    progress = _progress(request.scenario, console, silent=quiet or as_json)
    try:
        result = run(request, progress)
    finally:
        if isinstance(progress, Live):
            progress.close()
    if as_json:
        click.echo(result.verdict.to_json(), nl=False)
    elif quiet:
        click.echo(f"{result.verdict.outcome} {result.directory.report}")
    else:
        print_verdict(result.verdict, result.history, result.directory.report)
    if twice and (difference := check_twice(result.directory, seed=seed)) is not None:
        console.print(f"[bold red]✗[/] not deterministic: {escape(str(difference))}", highlight=False, soft_wrap=True)
        return _NOT_DETERMINISTIC
    return result.verdict.exit_code


def prepare(
    *,
    scenario: str,
    seed: int,
    days: int | None = None,
    plan_file: Path | None = None,
    environment: str = "auto",
    out: Path,
    target: Path | None = None,
    swarmed: bool = False,
) -> RunRequest:
    """Read scenario, faults, rules and runbooks; raises :class:`UsageError` before anything is started."""
    outside = None if target is None else read_target(target)
    chosen = outside or platform_that_comes_along()
    loaded = load_scenario(find_scenario(scenario), days=days, runbooks=chosen.runbooks)
    if swarmed:
        loaded = swarm_faults(loaded, seed, processes=outside is not None)
    if outside is None:
        refuse_process_faults(loaded, place=scenario)
    else:
        refuse_faults_of_our_own_process(loaded, place=scenario)
        refuse_losses(loaded, tables=outside.file.governance.contest_score_tables, place=scenario)
    plan = FaultPlan.from_scenario(loaded, seed) if plan_file is None else load_plan(plan_file, loaded)
    rules, runbooks = load_rules(chosen.alerts), load_runbooks(chosen.runbooks)
    refuse_dead_links(rules, known={runbook.name for runbook in runbooks})
    if target is None:
        choice = choose(environment, operated=bool(loaded.operator.tasks))
    else:
        choice = environment_of_processes(environment)
    return RunRequest(
        scenario=loaded,
        seed=seed,
        plan=plan,
        rules=rules,
        runbooks=runbooks,
        out=out,
        target=chosen,
        environment=choice.name,
        environment_reason=choice.reason,
    )


def _progress(scenario: Scenario, console: Console, *, silent: bool) -> Progress:
    if silent:
        return Silent()
    kind = Live if console.is_terminal else Plain
    return kind(start=scenario.start, days=scenario.days, console=console)
