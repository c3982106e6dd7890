"""``simulate seal`` and ``verify``: a run's folder, signed, and held against its signature."""

from __future__ import annotations

from pathlib import Path

import click

from simulation.run_directory import RunDirectory
from simulation.sealing.folder import SEAL
from simulation.sealing.keys import load_private_key, load_public_key
from simulation.sealing.seal import Finding
from simulation.sealing.seal import seal as seal_folder
from simulation.sealing.seal import verify as verify_folder
from simulation.untrusted import printable
from simulation.words import plural

_RUN_DIR = click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
_BROKEN = 1
_MOST_CHANGES = 50


@click.command()
@_RUN_DIR
@click.option(
    "--key", "key_file", required=True, type=click.Path(path_type=Path), help="Private key in PEM: Ed25519 or ECDSA."
)
def seal(run_dir: Path, key_file: Path) -> int:
    """Sign every file of RUN_DIR, so that what is changed afterwards is found. Writes seal.intoto.json there.

    The run is judged again first: a verdict that its history does not bear out is not sealed.
    """
    key = load_private_key(key_file)
    directory = RunDirectory.stored(run_dir)
    statement = seal_folder(directory, key)
    click.echo(
        f"sealed {plural(len(statement.subject), 'file')}, {statement.predicate.result}: {directory.path / SEAL}"
    )
    return 0


@click.command()
@_RUN_DIR
@click.option(
    "--key", "key_file", required=True, type=click.Path(path_type=Path), help="Public key in PEM of whoever sealed."
)
def verify(run_dir: Path, key_file: Path) -> int:
    """Say whether RUN_DIR is what was sealed with the key's private half.

    Names each file that is missing, added, changed, renamed or a link.

    Exit code 0: it is, whatever its verdict; 1: it is not, or it has no seal of this key.
    """
    key = load_public_key(key_file)
    finding = verify_folder(RunDirectory.stored(run_dir), key)
    for line in _told(finding):
        click.echo(printable(line))
    return _BROKEN if finding.changes else 0


def _told(finding: Finding) -> list[str]:
    if finding.statement is not None and not finding.changes:
        told = finding.statement.predicate
        return [
            f"✓ the seal holds: {plural(len(finding.statement.subject), 'file')}",
            f"  {told.result}: {told.scenario}, seed {told.seed}, history {told.history_digest}",
        ]
    more = len(finding.changes) - _MOST_CHANGES
    listed = [f"  {change}" for change in finding.changes[:_MOST_CHANGES]]
    return ["✗ the seal does not hold", *listed, *([f"  and {more} more"] if more > 0 else [])]
