"""``simulate endurance``: for how many days nobody is needed."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from simulation.cli.campaign import begun, live_all, plan_of
from simulation.cli.options import TargetFolder, environment_option, jobs_option, out_option
from simulation.errors import EnvironmentFault
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import DRAWS, Draw
from simulation.proof.campaign.store import results_in
from simulation.proof.campaign.summary import Summary
from simulation.run_directory import RunDirectory

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_SCENARIO = "quarter_90d"
PAGE = "endurance.html"


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--seeds", "seeds_text", default="1-20", show_default=True, help="Which seeds, as in 1-100 or 1-5,9.")
@click.option(
    "--draw",
    type=click.Choice(DRAWS),
    default="swarm",
    show_default=True,
    help="Where the faults come from: drawn by the seed, or the scenario's own.",
)
@click.option("--resume", type=_FOLDER, default=None, help="Go on with what left this folder.")
@click.option(
    "--of",
    "lived",
    type=_FOLDER,
    default=None,
    help="Live nothing: tell it of the campaign that left this folder.",
)
@click.option(
    "--target", type=TargetFolder(), default=None, help="A backend of its own instead of the platform that comes along."
)
@environment_option("embedded", "containers", "compose")
@jobs_option
@out_option("Where the results and the page go.")
def endurance(
    scenarios: tuple[str, ...],
    seeds_text: str,
    draw: Draw,
    resume: Path | None,
    lived: Path | None,
    target: Path | None,
    environment: str,
    jobs: int | None,
    out: Path,
) -> int:
    """Say for how many days nobody is needed, by many lives of SCENARIOs, and which faults call people.

    A campaign (default: twenty seeds of a quarter of a year with drawn faults) whose lives are followed until the first
    person is called: an operator by an alert, or an engineer where no runbook helps. The share of lives in which
    nobody had been called, by day, with its interval. Exit code: as of the campaign.
    """
    _require_scipy()
    folder = resume or lived
    if folder is None:
        plan = plan_of(scenarios or (_SCENARIO,), seeds_text, None, (draw,), None, target, environment, ())
        folder = begun(plan, out=out, name="endurance")
    else:
        folder, plan = folder.resolve(), Plan.read(folder)
    try:
        if lived is None:
            live_all(folder, plan, jobs=jobs)
    finally:
        exit_code = _tell(folder, plan)
    return exit_code


def _require_scipy() -> None:
    try:
        import scipy.stats  # noqa: F401
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            problem="the package scipy is not installed, which estimates the curves and their intervals",
            remedy="pip install 'founder-absence-sim[endurance]'",
        ) from error


def _tell(folder: Path, plan: Plan) -> int:
    # Imported here: whoever has no scipy is told so in words.
    from simulation.proof.endurance.endurance import groups_of
    from simulation.proof.endurance.page import render_markdown, terminal_lines, write_html

    groups = groups_of(results_in(folder))
    directory, output = RunDirectory(path=folder), Console()
    directory.write("endurance.md", render_markdown(groups))
    write_html(folder / PAGE, groups, plan)
    directory.become_latest()
    for line in terminal_lines(groups):
        output.print(line, highlight=False, markup=False, soft_wrap=True)
    summary = Summary.of(plan, results_in(folder))
    counts = ", ".join(f"{number} {outcome}" for outcome, number in summary.counts.items())
    output.print(f"lives     {counts or 'none'}", highlight=False, soft_wrap=True)
    output.print(f"page      {folder / PAGE}", highlight=False, soft_wrap=True)
    return summary.exit_code
