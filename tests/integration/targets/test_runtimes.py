"""Each runtime that can be had here lives in simulated time: its timers, its clock, its HTTPS, and after a kill."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from simulation.events import ProgramEnded
from simulation.targets.process.supervisor import DOWN_SECONDS
from tests.integration.targets.conftest import START, brought_up, edit, get, jobs

_BACKENDS = Path(__file__).parents[2] / "targets" / "runtimes"


@dataclass(frozen=True, kw_only=True)
class _Runtime:
    """:ivar package: of Debian. :ivar worker: a second program, which has the timer."""

    command: tuple[str, ...]
    package: str
    needs: tuple[str, ...] = ()
    worker: tuple[str, ...] = ()

    def lacks(self) -> list[str]:
        programs = [name for name in (self.command[0], *self.needs) if name != "BUILT"]
        return [name for name in programs if shutil.which(name) is None]


_RUNTIMES = {
    "go": _Runtime(command=("BUILT",), package="golang-go", needs=("go", "cc")),
    "go, linked statically": _Runtime(command=("BUILT",), package="golang-go", needs=("go", "cc")),
    "java": _Runtime(command=("java", "-cp", "CLASSES", "Backend"), package="default-jdk-headless", needs=("javac",)),
    "node": _Runtime(command=("node", f"{_BACKENDS}/backend.js"), package="nodejs"),
    "php": _Runtime(
        command=("php", "-S", "127.0.0.1:8080", f"{_BACKENDS}/backend.php"),
        worker=("php", f"{_BACKENDS}/worker.php"),
        package="php-cli",
    ),
    "python": _Runtime(command=(sys.executable, f"{_BACKENDS}/backend.py"), package="python3"),
    "ruby": _Runtime(command=("ruby", f"{_BACKENDS}/backend.rb"), package="ruby"),
}


def _commands(name: str, folder: Path) -> list[list[str]]:
    """Its programs, in a target folder; skips the test where the runtime is not here."""
    runtime = _RUNTIMES[name]
    variable = f"SIMULATE_REQUIRE_{name.split(',')[0].upper()}"
    if (lacks := runtime.lacks()) and not os.environ.get(variable):
        pytest.skip(
            f"no {lacks[0]} on this machine: apt-get install {runtime.package}; with {variable}=1 this fails instead"
        )
    if name == "java":
        subprocess.run(["javac", "-d", folder, _BACKENDS / "Backend.java"], check=True)
    built = folder / "backend"
    if name.startswith("go"):
        libraries = "0" if name.endswith("statically") else "1"
        subprocess.run(
            ["go", "build", "-o", built, _BACKENDS / "backend.go"],
            env={**os.environ, "CGO_ENABLED": libraries},
            check=True,
        )
    made = {"CLASSES": str(folder), "BUILT": str(built)}
    programs = [[made.get(word, word) for word in runtime.command]]
    return [*programs, list(runtime.worker)] if runtime.worker else programs


def _toml(command: list[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in command) + "]"


@pytest.mark.parametrize("name", _RUNTIMES)
def test_a_runtime_lives_in_simulated_time(name: str, folder: Path) -> None:
    web, *workers = _commands(name, folder)
    edit(folder, "target.toml", _line_of_command(folder), f"command = {_toml(web)}")
    edit(folder, "target.toml", 'WRONG = "nothing"', 'PORT = "${PORT}"\nSTRIPE_SECRET_KEY = "${STRIPE_SECRET_KEY}"')
    for worker in workers:
        edit(folder, "target.toml", "[web]", f'[[process]]\nname = "worker"\ncommand = {_toml(worker)}\n\n[web]')

    with brought_up(folder) as stand:
        kernel = stand.site.kernel
        jobs(stand).start()
        began = int(START.timestamp())

        kernel.run_until(START + timedelta(minutes=20))
        assert _ticks(stand.log()) == [began + 300 * number for number in (1, 2, 3, 4)], "its timer"
        assert get(stand) == (200, str(int(kernel.now.timestamp())).encode()), "its clock"
        assert get(stand, "/stripe") == (200, b"200"), "its trust in the twin"

        stand.target.supervisor.kill_and_restart()
        assert get(stand)[0] == 502
        kernel.run_until(kernel.now + timedelta(seconds=DOWN_SECONDS))
        again = int(kernel.now.timestamp())
        assert get(stand) == (200, str(again).encode()), "it is there again"
        kernel.run_until(kernel.now + timedelta(minutes=10))
        assert _ticks(stand.log())[4:] == [again + 300, again + 600], "its timer begins anew"
        assert get(stand, "/stripe") == (200, b"200")
        assert [event for event in stand.events() if isinstance(event, ProgramEnded)] == [], "it was killed, not lost"


_DRIVER = Path("/usr/share/java/postgresql.jar")
"""Of Debian's package libpostgresql-jdbc-java."""


def test_javas_driver_reaches_the_database_by_tcp(folder: Path) -> None:
    _commands("java", folder)
    if not _DRIVER.exists() and not os.environ.get("SIMULATE_REQUIRE_PGJDBC"):
        pytest.skip(
            "no PostgreSQL driver for Java: apt-get install libpostgresql-jdbc-java; with SIMULATE_REQUIRE_PGJDBC=1 "
            "this fails instead"
        )
    subprocess.run(["javac", "-d", folder, _BACKENDS / "Ledger.java"], check=True)
    edit(folder, "target.toml", _line_of_command(folder), f'command = ["java", "-cp", "{folder}:{_DRIVER}", "Ledger"]')
    url = "jdbc:postgresql://${DATABASE_TCP_HOST}:${DATABASE_TCP_PORT}/${DATABASE_NAME}"
    variables = {"PORT": "${PORT}", "DB_URL": url, "DB_USER": "${DATABASE_USER}", "DB_PASSWORD": "${DATABASE_PASSWORD}"}
    given = "\n".join(f'{name} = "{value}"' for name, value in variables.items())
    edit(folder, "target.toml", 'WRONG = "nothing"', given)

    with brought_up(folder) as stand:
        jobs(stand).start()
        stand.site.kernel.run_until(START + timedelta(minutes=20))
        stand.target.supervisor.kill_and_restart()
        stand.site.kernel.run_until(START + timedelta(minutes=26))
        with stand.site.server.superuser(stand.site.database.name) as connection:
            rows = [row[0] for row in connection.execute("SELECT name FROM people ORDER BY id").fetchall()]
        log = stand.log()

    minutes = [(datetime.fromisoformat(said) - START).total_seconds() / 60 for said in rows]
    assert [round(minute, 3) for minute in minutes] == [5, 10, 15, 20, 25.5], log
    assert len(_ticks(log)) == 5


def _line_of_command(folder: Path) -> str:
    lines = (folder / "target.toml").read_text().splitlines()
    return next(line for line in lines if line.startswith("command"))


def _ticks(log: str) -> list[int]:
    return [int(found) for found in re.findall(r"tick at (\d+)", log)]
