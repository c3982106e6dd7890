"""Which commands there are. A command's module is imported when it is called, so that ``--help`` answers at once.

To add a command: a row in :data:`COMMANDS`, and a module of this package with a function named like the command
(``runbook lint`` is ``runbook_lint``) that returns the exit code.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from simulation.environment.process import imports_without_collector
from simulation.errors import UsageError

COMPLETION = "_SIMULATE_COMPLETE"
"""Set by a shell that completes a command line: see `simulate completion`."""


class Command(NamedTuple):
    """Where a command is, and the first sentence of its help."""

    module: str
    help: str


COMMANDS = {
    "run": Command("run", "Run SCENARIO (a name from `simulate scenarios`, or a YAML file) and judge it."),
    "check": Command("check", "Judge the history stored in RUN_DIR again and rewrite its report."),
    "postmortem": Command("check", "Print the postmortem of the run in RUN_DIR, filled in."),
    "seal": Command("seal", "Sign every file of RUN_DIR, so that what is changed afterwards is found."),
    "verify": Command("seal", "Say whether RUN_DIR is what was sealed with the key's private half."),
    "gate": Command("gate", "Run SCENARIO for several seeds; exit with the worst verdict."),
    "sabotage": Command("sabotage", "Plant the defects NAMES and see whether the checks named for them find them."),
    "determinism": Command("determinism", "Run SCENARIOs twice for each seed; show where two histories part first."),
    "mutants": Command(
        "mutants", "Change one thing at a time in the source of the platform, and see whether the jury names it."
    ),
    "sweep": Command(
        "sweep", "Try every kind of fault over the edges of its fields: each case passes, or is refused at its line."
    ),
    "crashpoints": Command(
        "crashpoints",
        "Kill the platform before and after every statement of SCENARIOs, each time in a run of its own.",
    ),
    "interleave": Command(
        "interleave",
        "Let the two of each SCENARIO meet in one order of statements after another, each in a run of its own.",
    ),
    "campaign": Command(
        "campaign", "Live SCENARIOs (default: the project's) with many seeds, and tell all verdicts as one."
    ),
    "merge": Command(
        "campaign", "Join the shards of a campaign, each the folder DIR of a `simulate campaign --shard I/N`."
    ),
    "endurance": Command(
        "endurance",
        "Say for how many days nobody is needed, by many lives of SCENARIOs, and which faults call people.",
    ),
    "shrink": Command("shrink", "Find the smallest scenario that still gives the finding of the run in RUN_DIR."),
    "runbook lint": Command("runbook_lint", "Find all that is wrong with FILES, or with all that comes along."),
    "runbook test": Command("runbook_test", "Carry the runbooks NAMES, or all, out in three ways."),
    "staging up": Command("staging_up", "Bring the platform up on loopback, until Ctrl-C."),
    "staging shell": Command("staging_shell", "Open a shell in front of the platform that is up."),
    "target init": Command("target_init", "Write commented files that describe your backend into DIR."),
    "target check": Command("target_check", "Start the backend of DIR and try each piece of it by itself."),
    "promotion check": Command("promotion_check", "Carry out one check, or all in order until the first that fails."),
    "snapshot start": Command("snapshot", "Say what the iteration begins from."),
    "snapshot end": Command("snapshot", "Replace the snapshot by what the migrations make now."),
    "snapshot verify": Command("snapshot", "Say whether the snapshot is whole, current, indexed and committed."),
    "closure": Command("closure", "Say whether the iteration may close."),
    "contract": Command(
        "contract",
        "Hold what the platform wrote in RUN_DIR against its contract, and say how much of it the contract covers.",
    ),
    "coverage": Command("coverage", "Tell the facts of RUN_DIR falsely, one by one, and see what the jury notices."),
    "faults": Command("faults", "List the kinds of faults, or say all about KIND."),
    "scenarios": Command("scenarios", "List the scenarios that come with the project."),
    "reference": Command(
        "reference",
        "Print a page of the reference: the commands with their JSON, or the fields and faults of scenarios.",
    ),
    "completion": Command("reference", "Print the script that completes `simulate` in SHELL."),
    "doctor": Command("doctor", "Say what is here, what is missing, and what to do about it."),
}

GROUPS = {
    "runbook": "Hold runbooks against their rules, and carry each of them out in three ways.",
    "staging": "The staging platform for people: to look at, and to follow runbooks by hand.",
    "target": "A backend of your own, described by a folder.",
    "promotion": "Promotion of a release to production: the specification's seven checks.",
    "snapshot": "The schema snapshot at the start and the end of an iteration.",
}


class LazyGroup(click.Group):
    """The commands of :data:`COMMANDS` that begin with a prefix.

    :param prefix: a group's name and a space; empty for the program itself.
    """

    def __init__(self, *, prefix: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click names it
        """In the table's order."""
        own = (path.removeprefix(self.prefix) for path in COMMANDS if path.startswith(self.prefix))
        return list(dict.fromkeys(name.split()[0] for name in own))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click names it
        """Import it; None: there is none of this name."""
        path = self.prefix + cmd_name
        if path in GROUPS:
            return LazyGroup(prefix=f"{path} ", name=cmd_name, help=GROUPS[path])
        if path not in COMMANDS:
            return None
        with imports_without_collector():
            module = importlib.import_module(f"simulation.cli.{COMMANDS[path].module}")
        command = getattr(module, path.replace(" ", "_"))
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands, from the table: nothing is imported for it."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return [CompletionItem(name, help=short_help(self.prefix + name)) for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table: nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short_help(self.prefix + name)) for name in self.list_commands(ctx)])


def short_help(path: str) -> str:
    """What a list of commands says of the command or group."""
    return GROUPS[path] if path in GROUPS else COMMANDS[path].help


cli = LazyGroup(
    name="simulate",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    help="""Prove that a money-moving contest platform survives days in which nobody touches it.

    A run simulates players, Stripe, the score provider and an operator around a real platform with a real
    PostgreSQL, injects faults, and has a jury judge what happened from independent records.

    Exit codes: 0 pass, 1 fail, 2 unknown, 254 wrong usage, 255 the harness or the machine failed.
    """,
)


def _print_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked:
        return
    from simulation.environment.release import release  # asks git

    click.echo(f"{cli.name} {release()}")
    context.exit()


cli.params.append(
    click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_print_version,
        help="Show the version and its commit.",
    )
)


def carry_out(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name; returns its exit code, or 254 for arguments that are wrong.

    Not by way of ``cli.main()``, which ends the program with 1 on any broken pipe.
    """
    if COMPLETION in os.environ:
        return _complete()
    try:
        with cli.make_context(cli.name, list(arguments)) as context:
            return int(cli.invoke(context))
    except click.exceptions.Exit as done:  # --help
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return UsageError.exit_code


def _complete() -> int:
    try:
        cli.main(prog_name=cli.name)
    except SystemExit as done:
        return UsageError.exit_code if done.code else 0
    raise AssertionError("click completes and exits")
