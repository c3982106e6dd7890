"""Every command that anything prints is one that there is, and finds what it names."""

from __future__ import annotations

import io
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from rich.console import Console

from simulation.assembly.request import RunRequest, prepare
from simulation.cli.commands import COMMANDS, cli
from simulation.errors import command
from simulation.events import RunStarted
from simulation.history import History
from simulation.paths import ROOT, SCENARIOS_FOLDER, STAGING_TARGET_FOLDER
from simulation.reporting.postmortem import render_postmortem
from simulation.reporting.terminal import render
from simulation.reporting.view import build_report
from simulation.reporting.write import files_of
from simulation.run_directory import RunDirectory
from tests.unit.reporting.sample import failed_verdict, sample_history

_SAID = re.compile(r"(?<![\w./-])simulate((?: [^\s'`\"<>|·…;)]+)+)")
_OPTION = re.compile(r"--[a-z][a-z-]+")


def _texts() -> Iterator[tuple[str, str]]:
    """Every text in which a command may be named: the source, templates, runbooks, pages, build files."""
    pages = [ROOT / "README.md", ROOT / "Makefile", *(ROOT / ".github").rglob("*"), *(ROOT / "fixtures").rglob("*.md")]
    source = [file for ending in ("*.py", "*.j2", "*.md") for file in (ROOT / "simulation").rglob(ending)]
    for file in [*pages, *source]:
        if file.is_file():
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


def _named_commands() -> list[tuple[str, str]]:
    """(place, words) of whatever stands as ``simulate …`` with the name of a command behind it or an option."""
    return [(place, found[1].strip()) for place, text in _texts() for found in _SAID.finditer(text)]


def _path(words: Sequence[str]) -> str | None:
    """The command that the first words name."""
    return next((path for path in (" ".join(words[:2]), words[0]) if path in COMMANDS), None)


def test_every_command_and_option_that_is_named_anywhere_exists() -> None:
    wrong, seen = [], 0
    for place, said in _named_commands():
        words = [word.strip("[],.:") for word in said.split()]
        path = _path(words)
        if path is None and words[0] in {name.split()[0] for name in COMMANDS}:
            continue  # a group, or several of its commands: `simulate snapshot start`, `end`
        if path is None:
            wrong += [] if words[0] in _NO_COMMANDS or words[0].startswith("--") else [f"{place}: simulate {said}"]
            continue
        seen += 1
        known = {option for parameter in _command(path).params for option in parameter.opts} | {"--help"}
        wrong += [f"{place}: simulate {said}: no {option}" for option in _OPTION.findall(said) if option not in known]
    assert not wrong, "\n".join(wrong)
    assert seen > 100


_NO_COMMANDS = {"builds", "left", "are", "ARGS=", "COMMAND"}
"""Words that follow the program's name in a sentence."""


def _command(path: str) -> click.Command:
    found: click.Command = cli
    for word in path.split():
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word) or found
    return found


# --- commands with the names that people give ---------------------------------------------------------------------


def _parsed(text: str) -> tuple[str, dict[str, Any]]:
    """A printed command as the program reads it: its path and the values of its parameters."""
    program, *words = shlex.split(text)
    assert program == "simulate", text
    path = _path(words)
    assert path is not None, text
    found = _command(path)
    with found.make_context(path, words[len(path.split()) :]) as context:
        return path, dict(context.params)


def _resolved(text: str) -> RunRequest | Path | None:
    """What the command would run or read; raises where it finds nothing."""
    path, given = _parsed(text)
    if path == "run":
        return prepare(
            scenario=given["scenario"],
            seed=given["seed"],
            days=given["days"],
            plan_file=given["plan_file"],
            environment="embedded",
            out=given["out"],
            target=given["target"],
            swarmed=given["swarm"],
        )
    if path in ("check", "postmortem"):
        found = RunDirectory.stored(given["run_dir"])
        assert found.history.is_file()
        return found.path
    assert path in ("sabotage", "runbook test"), path
    return None


NAMES = ["mine.yaml", "sub folder/mine.yaml", "it's a $cenario.yaml", "-dash.yaml", "ünï.yaml", "a:b.yaml"]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"seed": 7},
    {"days": 3},
    {"swarmed": True, "seed": 2},
    {"target": STAGING_TARGET_FOLDER},
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "absolute"),
    [
        *((name, False) for name in (*NAMES, "smoke_2d", "scenarios/regressions/what_tournaments_do.yaml")),
        (NAMES[1], True),
    ],
)
def test_a_run_says_how_to_see_it_again_whatever_its_scenario_is_called(here: Path, name: str, absolute: bool) -> None:
    given = name
    if name != "smoke_2d":
        (here / name).parent.mkdir(exist_ok=True, parents=True)
        source = ROOT / name if name.startswith("scenarios/") else SCENARIOS_FOLDER / "smoke_2d.yaml"
        shutil.copy(source, here / name)
        given = str(here / name) if absolute else name
    for options in OPTIONS if name == "mine.yaml" else OPTIONS[1:2]:
        request = prepare(scenario=given, environment="embedded", out=here, **{"seed": 1, **options})

        again = _resolved(command(*request.asked))

        assert isinstance(again, RunRequest)
        assert (again.scenario, again.seed, again.plan) == (request.scenario, request.seed, request.plan)
        assert again.target.option == request.target.option


def test_a_run_of_stored_faults_says_so(here: Path) -> None:
    plain = prepare(scenario="smoke_2d", seed=1, environment="embedded", out=here)
    (here / "my faults.json").write_text(plain.plan.model_copy(update={"faults": plain.plan.faults[:1]}).to_json())
    request = prepare(scenario="smoke_2d", seed=1, environment="embedded", out=here, plan_file=Path("my faults.json"))

    again = _resolved(command(*request.asked))

    assert isinstance(again, RunRequest)
    assert again.plan == request.plan != plain.plan


def test_a_target_is_named_with_its_folder_whatever_it_is_called(here: Path) -> None:
    shutil.copytree(STAGING_TARGET_FOLDER, here / "my target's")
    request = prepare(
        scenario="smoke_2d", seed=1, environment="embedded", out=here, target=Path("my target's"), swarmed=True
    )

    again = _resolved(command(*request.asked))

    assert isinstance(again, RunRequest)
    assert (again.scenario, again.target.option) == (request.scenario, request.target.option)


@pytest.mark.parametrize("name", ["smoke_2d", "scenarios/regressions/identical_board.yaml"])
@pytest.mark.parametrize("swarmed", [False, True])
def test_what_a_run_leaves_in_its_folder_gives_the_same_run(here: Path, name: str, swarmed: bool) -> None:
    """For runs that no command line asked for as they are: of crashpoints, interleave, sweep."""
    given = str(ROOT / name) if "/" in name else name
    request = prepare(scenario=given, seed=5, environment="embedded", out=here, swarmed=swarmed)
    directory = RunDirectory(path=Path("a folder") / "run-seed5")
    directory.path.mkdir(parents=True)
    directory.scenario.write_text(request.scenario.to_yaml())
    directory.faults.write_text(request.plan.to_json())

    again = _resolved(command(*directory.again(seed=5)))

    assert isinstance(again, RunRequest)
    assert (again.scenario, again.seed, again.plan) == (request.scenario, 5, request.plan)


@pytest.mark.parametrize("asked", [("sabotage", "wrong-winner", "--seeds", "3"), ("runbook", "test", "stripe_outage")])
def test_a_run_of_another_command_names_that_one(asked: tuple[str, ...]) -> None:
    assert _parsed(command(*asked))[0] in ("sabotage", "runbook test")


def test_what_a_run_leaves_names_commands_that_work(here: Path) -> None:
    """Report, summary, postmortem, terminal, JUnit and CTRF of a failed run of a file, in a folder with spaces."""
    (here / "my scenarios").mkdir()
    shutil.copy(SCENARIOS_FOLDER / "smoke_2d.yaml", here / "my scenarios" / "a b.yaml")
    request = prepare(scenario="my scenarios/a b.yaml", seed=7, environment="embedded", out=here)
    directory = RunDirectory(path=here / "all reports" / "latest")
    directory.path.mkdir(parents=True)
    history = _asked_by(request.asked)
    directory.history.write_text("".join(f"{event.model_dump_json()}\n" for event in history.events))

    report = build_report(history, failed_verdict(), folder=directory.shown)
    console = Console(width=200, file=io.StringIO())
    with console.capture() as shown:
        console.print(render(report, directory.report))
    texts = {**files_of(report, history), "postmortem.md": render_postmortem(report, ()), "terminal": shown.get()}

    for name in ("report.html", "summary.md", "junit.xml", "ctrf-report.json", "postmortem.md", "terminal"):
        found = set(_commands_in(texts[name]))
        assert found, f"{name} does not say how to see it again"
        for said in found:
            again = _resolved(said)
            if isinstance(again, RunRequest):
                assert (again.scenario.name, again.seed) == ("smoke_2d", 7)
            else:
                assert again == directory.path


def _asked_by(asked: tuple[str, ...]) -> History:
    first, *rest = sample_history().events
    assert isinstance(first, RunStarted)
    return History([first.model_copy(update={"asked": asked}), *rest])


def _commands_in(text: str) -> Iterator[str]:
    """Commands of ``run`` and ``check`` with what they are called with, to the end of line, quotation or element."""
    plain = text.replace("&#39;", "'").replace("&#x27;", "'").replace('\\"', '"')
    for found in re.finditer(r"simulate (?:run|check) [^\n<`]*", plain):
        yield found[0].split('",')[0].rstrip('"').strip()
