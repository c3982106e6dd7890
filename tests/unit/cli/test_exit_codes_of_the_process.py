"""A verdict's exit codes come from a verdict alone, whatever becomes of the output, the memory, or the process."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from simulation.cli import INSTALL
from simulation.history import line_of
from tests.unit.checks.story import passing

SIMULATE = [sys.executable, "-m", "simulation"]
WAITING = """
import signal, sys, time
from simulation.cli import commands, main
def wait(arguments):
    try:
        print("ready", file=sys.stderr, flush=True)
        time.sleep(600)
    finally:
        print("cleared up", flush=True)
commands.carry_out = wait
main()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a run that failed: its code is 1, which is also what Python, click and Rich end with by themselves."""
    book = passing()
    book.amend("settlements", "s1", results={"rankings": [], "platform_cents": 300})
    folder = tmp_path_factory.mktemp("failed")
    text = "".join(line_of(event) + "\n" for event in book.history().events)
    (folder / "history.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def passed(tmp_path: Path) -> Path:
    text = "".join(line_of(event) + "\n" for event in passing().history().events)
    (tmp_path / "history.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


def simulate(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SIMULATE, *map(str, arguments)], **{"stderr": subprocess.PIPE, **options}, text=True, check=False
    )


@pytest.fixture
def pipe_without_a_reader() -> Iterator[int]:
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def test_the_verdict_is_the_code(folder: Path) -> None:
    assert simulate("check", folder, stdout=subprocess.PIPE).returncode == 1


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_reader_who_leaves_changes_nothing(passed: Path, form: list[str], pipe_without_a_reader: int) -> None:
    done = simulate("check", passed, *form, stdout=pipe_without_a_reader)
    assert (done.returncode, done.stderr) == (0, "")
    assert (passed / "verdict.json").is_file()


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_output_that_finds_no_room_is_the_machines_fault(passed: Path, form: list[str]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = simulate("check", passed, *form, stdout=full)
    assert done.returncode == 255
    assert "standard output cannot be written: No space left on device\n  remedy:" in done.stderr
    assert (passed / "verdict.json").is_file()


def test_messages_that_find_no_room_change_nothing(folder: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        assert simulate("postmortem", folder, stdout=subprocess.PIPE, stderr=full).returncode == 0
        assert simulate("check", folder / "missing", stdout=subprocess.PIPE, stderr=full).returncode == 254


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_change_nothing(folder: Path, closed: str) -> None:
    shell = f'"$@" {closed}'
    done = subprocess.run(["bash", "-c", shell, "-", *SIMULATE, "check", str(folder)], check=False)
    assert done.returncode == 1


def test_a_pipe_gets_utf_8_whatever_the_locale(folder: Path) -> None:
    done = subprocess.run(
        [*SIMULATE, "check", str(folder)],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert "✗" in done.stdout.decode("utf-8")


@pytest.mark.parametrize("package", ["click", "rich"])
def test_a_missing_package_is_the_machines_fault(folder: Path, package: str) -> None:
    program = f"import sys; sys.modules[{package!r}] = None; from simulation.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "check", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 255
    assert f"the package {package} is not installed\n  remedy: {INSTALL}" in done.stderr


def test_too_little_memory_is_no_verdict(folder: Path) -> None:
    """Python needs some 15 MB before a line of ours runs. Above, it is said before a library runs out of it."""
    for megabytes in (25, 41, 48, 64, 200):
        limit = megabytes << 20
        done = simulate(
            "check",
            folder,
            stdout=subprocess.PIPE,
            preexec_fn=partial(resource.setrlimit, resource.RLIMIT_AS, (limit, limit)),
            timeout=60,
        )
        assert done.returncode == 255, done.stderr
        assert done.stderr.startswith("✗ there is not enough memory")
        assert "remedy: " in done.stderr


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_signal_unwinds_and_has_its_own_code(number: signal.Signals, code: int) -> None:
    with _waiting() as waiting:
        waiting.send_signal(number)
        output, errors = waiting.communicate()
    assert waiting.returncode == code
    assert output == "cleared up\n"
    assert "everything that was started is stopped" in errors


def test_a_hang_up_that_nohup_ignores_stays_ignored() -> None:
    with _waiting(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as waiting:
        waiting.send_signal(signal.SIGHUP)
        waiting.send_signal(signal.SIGTERM)
        waiting.communicate()
    assert waiting.returncode == 143


def test_a_librarys_own_exit_is_no_verdict() -> None:
    program = WAITING.replace("time.sleep(600)", "sys.exit(1)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 255


def _waiting(**options: Any) -> subprocess.Popen[str]:
    waiting = subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )
    assert waiting.stderr is not None
    assert waiting.stderr.readline() == "ready\n"
    return waiting


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("simulation.staging.settings.Settings.from_env({})", "the platform broke at"),
        ("1 / 0", "the harness itself broke"),
    ],
)
def test_what_nobody_foresaw_is_told_of_the_platform_where_its_code_broke(broken: str, said: str) -> None:
    program = (
        "import simulation.staging.settings\nfrom simulation.cli import commands, main\n"
        f"def broken(arguments):\n    {broken}\ncommands.carry_out = broken\nmain()\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 255
    assert said in ended.stderr
