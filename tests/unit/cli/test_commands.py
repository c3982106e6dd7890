"""The list of commands: true to each of them, and there without importing any."""

from __future__ import annotations

import re
import subprocess
import sys

import click
import pytest

from simulation.cli.commands import COMMANDS, GROUPS, cli, short_help

HEAVY = ("simulation.run", "simulation.checks", "simulation.staging", "sqlalchemy", "pydantic", "psycopg", "rich")


def _command(path: str) -> click.Command:
    found: click.Command = cli
    for name in path.split():
        assert isinstance(found, click.Group)
        child = found.get_command(click.Context(found), name)
        assert child is not None
        found = child
    return found


@pytest.mark.parametrize("path", COMMANDS)
def test_the_list_says_of_a_command_what_it_says_of_itself_first(path: str) -> None:
    first = re.match(r".+?\.(?=\s|$)", _command(path).help or "")
    assert first is not None
    assert short_help(path) == first[0]


def test_every_group_has_commands_and_every_nested_command_a_group() -> None:
    assert {path.split()[0] for path in COMMANDS if " " in path} == set(GROUPS)


@pytest.mark.parametrize("arguments", [["--help"], ["runbook", "--help"], ["nonsense"]])
def test_help_imports_no_command(arguments: list[str]) -> None:
    program = (
        "import sys; from simulation.cli.commands import carry_out; code = carry_out(sys.argv[1:]);"
        "print(*sys.modules, sep='\\n'); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == (254 if arguments == ["nonsense"] else 0)
    assert "simulation.cli.commands" in done.stdout
    assert not set(HEAVY) & set(done.stdout.splitlines())


def test_help_lists_every_command_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["--help"], standalone_mode=False)
    said = " ".join(capsys.readouterr().out.split())
    for path in {path if " " not in path else path.split()[0] for path in COMMANDS}:
        assert f" {path} {short_help(path)}" in said
