"""The reference pages are what the program says of itself, and leave out nothing of it."""

from __future__ import annotations

import signal
from functools import cache
from pathlib import Path

import click
import pytest

from simulation.cli import _BROKE, _INTERRUPTED, Terminated, reference, terminate
from simulation.cli.commands import COMMANDS, cli
from simulation.cli.reference import COMMAND_PAGE, SCENARIO_PAGE
from simulation.errors import EnvironmentFault, UsageError
from simulation.paths import SCENARIOS_FOLDER
from simulation.reference.command_page import EXIT_CODES, commands_of
from simulation.reference.scenario_page import EXAMPLE, EXAMPLE_OF_ORDERS, PARTS, descriptions, examples, written
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario

pages = cache(reference.pages)


@pytest.mark.parametrize("file", [COMMAND_PAGE, SCENARIO_PAGE], ids=lambda file: file.name)
def test_a_page_is_what_the_program_says_now(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == pages()[file], "run: make reference"


def test_every_command_has_a_row_and_every_option_of_it() -> None:
    page = pages()[COMMAND_PAGE]
    assert [name for name, _ in commands_of(cli)] == list(COMMANDS)
    for name, command in commands_of(cli):
        section = page.partition(f"\n### simulate {name}\n")[2].partition("\n### ")[0]
        for option in command.params:
            if isinstance(option, click.Option):
                assert f"`{option.opts[-1] if option.opts[-1].startswith('--') else option.opts[0]}" in section


def test_the_exit_codes_are_those_that_the_program_ends_with() -> None:
    ends = []
    for number in (signal.SIGHUP, signal.SIGTERM):
        before = {each: signal.getsignal(each) for each in (signal.SIGHUP, signal.SIGTERM)}
        with pytest.raises(Terminated) as stopped:
            terminate(number, None)
        for each, handler in before.items():
            signal.signal(each, handler)
        ends.append(stopped.value.code)
    assert set(EXIT_CODES) == {0, 1, 2, UsageError.exit_code, EnvironmentFault.exit_code, _BROKE, _INTERRUPTED, *ends}
    assert all(f"\n| {code} | " in pages()[COMMAND_PAGE] for code in (0, 1, 2, 129, 130, 143, 254, 255))


@pytest.mark.parametrize("part", PARTS)
def test_every_field_has_a_meaning_and_an_example(part: str) -> None:
    model = PARTS[part]
    assert set(written(model)) <= set(descriptions(model))
    assert set(written(model)) <= set(examples(model))
    rows = pages()[SCENARIO_PAGE].partition(f"\n### {part[:1].upper()}{part[1:]}\n")[2].partition("\n### ")[0]
    assert all(f"\n| `{name}` | " in rows for name in written(model))


def test_every_kind_of_fault_has_its_section() -> None:
    page = pages()[SCENARIO_PAGE]
    for kind in KINDS.values():
        section = page.partition(f"\n### `{kind.name()}`: ")[2].partition("\n### ")[0]
        assert kind.recovery in section
        assert all(f"\n| `{name}` | " in section for name in kind.takes())


def test_the_example_with_every_field_can_be_run(tmp_path: Path) -> None:
    beside = tmp_path / "scenarios"
    beside.mkdir()
    (tmp_path / "fixtures").symlink_to(SCENARIOS_FOLDER.parent / "fixtures")
    (beside / "example.yaml").write_text(EXAMPLE.read_text(encoding="utf-8"))
    scenario = load_scenario(beside / "example.yaml")
    of_orders = load_scenario(EXAMPLE_OF_ORDERS)
    assert set(Scenario.model_fields) == scenario.model_fields_set | of_orders.model_fields_set
