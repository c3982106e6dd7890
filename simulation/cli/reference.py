"""``simulate reference`` and ``completion``: the reference pages, and the script that completes commands in a shell."""

from __future__ import annotations

import json
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from simulation.cli.commands import COMPLETION, cli
from simulation.paths import ROOT, SCENARIOS_FOLDER
from simulation.reference.command_page import command_page
from simulation.reference.json_documents import DOCUMENTS
from simulation.reference.scenario_page import scenario_page

COMMAND_PAGE, SCENARIO_PAGE = ROOT / "simulation" / "REFERENCE.md", SCENARIOS_FOLDER / "README.md"


@click.command()
@click.argument("page", type=click.Choice(["commands", "scenarios"]), default="commands")
@click.option("--schema", type=click.Choice(list(DOCUMENTS)), default=None, help="Print this document's JSON Schema.")
@click.option("--write", is_flag=True, help="Write both pages where they stand in the project instead.")
def reference(page: str, schema: str | None, write: bool) -> int:
    """Print a page of the reference: the commands with their JSON, or the fields and faults of scenarios."""
    if schema is not None:
        click.echo(json.dumps(DOCUMENTS[schema].schema, indent=2))
    elif write:
        for file, text in pages().items():
            file.write_text(text, encoding="utf-8")
            click.echo(f"wrote {file}")
    else:
        click.echo(pages()[COMMAND_PAGE if page == "commands" else SCENARIO_PAGE], nl=False)
    return 0


def pages() -> dict[Path, str]:
    """What each page must be, by its file."""
    return {COMMAND_PAGE: command_page(cli), SCENARIO_PAGE: scenario_page()}


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the script that completes `simulate` in SHELL. Load it there: eval "$(simulate completion bash)"."""
    found = get_completion_class(shell)
    assert found is not None, "click completes these three"
    click.echo(found(cli, {}, cli.name or "", COMPLETION).source())
    return 0
