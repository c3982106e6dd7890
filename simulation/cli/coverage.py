"""``simulate coverage``: how much of what the platform wrote and said the jury would notice, were it false."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.console import Console

from simulation.errors import EnvironmentFault
from simulation.proof.coverage.accepted import FILE, Accepted
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.measure import measure
from simulation.proof.coverage.page import page
from simulation.proof.coverage.terminal import screen
from simulation.run_directory import RunDirectory
from simulation.stored_run import stored_history

_WIDTH = 140
"""Columns where there is no terminal to fit."""


@click.command()
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seed", type=int, default=1, show_default=True, help="Draws the rows. Same seed, same table.")
@click.option(
    "--rows", type=click.IntRange(1, 1000), default=1, show_default=True, help="Rows that each falsehood is told of."
)
@click.option("--sample", type=click.IntRange(1), default=None, help="Try only so many falsehoods, drawn by the seed.")
@click.option("--jobs", type=click.IntRange(1, 64), default=None, help="Processes instead of one a core.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write every falsehood with who noticed it to this file.",
)
@click.option(
    "--accepted",
    "accepted_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=FILE,
    show_default="fixtures/coverage/accepted.toml",
    help="Falsehoods that need not be noticed, with the reasons.",
)
@click.option(
    "--at-least",
    type=click.FloatRange(0, 100),
    default=100.0,
    show_default=True,
    metavar="PERCENT",
    help="How many of the falsehoods about columns must be noticed.",
)
def coverage(
    run_dir: Path,
    seed: int,
    rows: int,
    sample: int | None,
    jobs: int | None,
    json_file: Path | None,
    accepted_file: Path,
    at_least: float,
) -> int:
    """Tell the facts of RUN_DIR falsely, one by one, and see what the jury notices.

    Every column of every table by operation and kind of falsehood, whole rows, and what answers, metrics, samples and
    runbook executions say. Writes coverage.md into RUN_DIR. Exit code 1: a falsehood about a column that the target's
    contract does not leave free, and that is not among those accepted, went unnoticed (or more of them than --at-least
    allows), or a column has no rule.
    """
    directory = RunDirectory.stored(run_dir)
    history = stored_history(directory)
    draw = Draw(seed=seed, rows=rows, sample=sample)
    accepted = Accepted.load(accepted_file)
    found = measure(run_dir, history, draw, jobs=jobs or len(os.sched_getaffinity(0)), accepted=accepted)
    file = run_dir / "coverage.md"
    directory.write(file.name, page(found))
    if json_file is not None:
        _write(json_file, found.model_dump_json(indent=2) + "\n")
    console = Console()
    output = Console(width=None if console.is_terminal else _WIDTH)
    for part in screen(found):
        output.print(part, highlight=False)
    output.print(f"page  {file}", highlight=False, soft_wrap=True)
    return 0 if found.meets(at_least) else 1


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(
            problem=f"{file} cannot be written: {error.strerror or error}", remedy="make room or name another file"
        ) from error
