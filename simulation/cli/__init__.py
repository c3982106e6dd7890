"""The command line. Exit codes: 0 pass, 1 fail, 2 unknown, 254 wrong usage, 255 the harness itself broke.

Each command says what it takes in a module of this package, and does its work in :mod:`simulation.commands`, which is
imported only when it is called: ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import signal
import sys
from types import FrameType
from typing import NoReturn

import click
from rich.console import Console

from simulation.cli.about import doctor, scenarios
from simulation.cli.contract import contract
from simulation.cli.promotion import promotion, snapshot
from simulation.cli.proofs import determinism, sabotage
from simulation.cli.runbook import runbook
from simulation.cli.runs import check, gate, postmortem, run
from simulation.cli.staging import staging
from simulation.cli.target import target
from simulation.errors import SimulationError

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_DISK_FULL = "53100"
"""PostgreSQL's code for it."""
_INTERRUPTED = 130
_TERMINATED = 143


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Prove that a money-moving contest platform survives days in which nobody touches it.

    A run simulates players, Stripe, the score provider and an operator around a real platform with a real
    PostgreSQL, injects faults, and has a jury judge what happened from independent records.

    \b
    simulate run                     14 founderless days; a verdict in one screen and a report
    simulate run smoke_2d            two days, one contest, seconds
    simulate run --seed 7            another history of the same scenario
    simulate check RUN_DIR           judge a stored history again
    simulate postmortem RUN_DIR      what happened, why, what we changed: filled in from a run
    simulate gate --seeds 1-5        the nightly gate: several seeds, in containers, with stripe-mock
    simulate runbook test            every runbook carried out in three ways; runbook lint: its text
    simulate sabotage --all          plant every defect and see the jury name it
    simulate staging up              the platform alone, to follow runbooks by hand
    simulate target init DIR         describe a backend of your own
    simulate scenarios               what can be run
    simulate doctor                  what this machine has and lacks

    Exit codes: 0 pass, 1 fail, 2 unknown, 254 wrong usage, 255 the harness itself broke.
    """


for _command in (
    run,
    gate,
    check,
    postmortem,
    sabotage,
    determinism,
    runbook,
    staging,
    target,
    promotion,
    snapshot,
    contract,
    scenarios,
    doctor,
):
    cli.add_command(_command)


def main() -> NoReturn:
    """Entry point. A wrong option is wrong usage (254); Ctrl-C and kill unwind, so that nothing is left running."""
    signal.signal(signal.SIGTERM, _terminate)
    errors = Console(stderr=True)
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(254)
    except (click.Abort, KeyboardInterrupt):
        errors.print("interrupted; everything that was started is stopped", highlight=False)
        sys.exit(_INTERRUPTED)
    except SimulationError as error:
        errors.print(f"[bold red]✗[/] {_escaped(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except SystemExit:
        raise
    except Exception as error:
        _broke(errors, error)
    sys.exit(0)


def _broke(errors: Console, error: Exception) -> NoReturn:
    """A full disk is said in a sentence; of an error that nobody foresaw, all is shown to whoever mends the harness."""
    said = _no_room(error)
    if said is not None:
        errors.print(f"[bold red]✗[/] {_escaped(said)}", highlight=False, soft_wrap=True)
    else:
        errors.print_exception(show_locals=False)
        errors.print("the harness itself broke; this says nothing about the platform", highlight=False)
    sys.exit(255)


def _no_room(error: BaseException | None) -> str | None:
    """What to do when the error, or what it came from, is a disk without room."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return (
                f"the run cannot be written: {error.strerror}\n"
                "  remedy: free some disk space, or name a folder that has room: --out DIR"
            )
        if getattr(error, "sqlstate", None) == _DISK_FULL:
            return (
                f"PostgreSQL has no room left: {error}\n"
                "  remedy: free some disk space or memory, or set TMPDIR to a folder that has room"
            )
        error = error.__cause__ or error.__context__
    return None


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.stderr.write("terminated; everything that was started is being stopped\n")
    sys.exit(_TERMINATED)
