"""``simulate target init``: a folder to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import click

from simulation.cli.target_check import DEFAULT_SCENARIO
from simulation.errors import command
from simulation.scenario.orders import Profile
from simulation.targets.new_folder import TEMPLATE, write_target_folder
from simulation.targets.proposal.ask import tables_of_database, tables_of_file
from simulation.targets.proposal.files import guesses, proposal
from simulation.words import plural

_PEOPLE: Mapping[Profile, str] = {
    "contests": "how a player joins and pays; delete it if your routes are those of fixtures/spec/platform.md",
    "payments": "how people order, pay and ask for their money",
}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--schema", type=_FILE, default=None, help="SQL file with your tables: propose queries and a contract.")
@click.option("--database", "url", default=None, metavar="URL", help="The same from a database that has them.")
@click.option(
    "--profile",
    type=click.Choice(get_args(Profile)),
    default="contests",
    show_default=True,
    help="What your business does: people play for prizes, or they buy, pay and get their money back.",
)
def target_init(folder: Path, schema: Path | None, url: str | None, profile: Profile) -> int:
    """Write commented files that describe your backend into DIR. It must be empty or not there yet."""
    if schema is not None and url is not None:
        raise click.UsageError("--schema and --database: name one of the two")
    if profile == "payments" and (schema is not None or url is not None):
        raise click.UsageError("--profile payments: its files are a template, proposed from no schema; leave that out")
    texts = None
    if schema is not None or url is not None:
        tables = tables_of_file(schema) if schema is not None else tables_of_database(str(url))
        texts = proposal(tables, template=TEMPLATE, folder=folder, schema=schema)
    for file in write_target_folder(folder, texts, profile=profile):
        click.echo(f"wrote {file}")
    if texts is not None:
        guessed = plural(guesses(texts.values()), "line is a guess", "lines are guesses")
        click.echo(f"proposed from {plural(len(tables), 'table')}; {guessed}, marked with a ?")
    click.echo(
        f"""
1. target.toml    how your backend is started and what it believes in; the lines marked CHANGE first
2. observe.sql    the queries that tell the jury where your tables hold what
3. people.py      {_PEOPLE[profile]}
4. contract.yaml  how your business works and what it must write; what is not declared is not judged

Then:  {command("target", "check", folder)}
       {command("run", DEFAULT_SCENARIO[profile], "--target", folder)}"""
    )
    return 0
