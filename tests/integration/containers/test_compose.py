"""The environment that someone keeps up: one server with one clock, a fresh one for each run."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from docker.errors import APIError

from simulation.assembly.request import prepare
from simulation.cli import doctor
from simulation.clock_file import write_clock_file
from simulation.environment.compose import ComposePostgres, find_service
from simulation.environment.engine import connect
from simulation.environment.server import running
from simulation.errors import EnvironmentFault
from simulation.paths import COMPOSE_FILE
from simulation.progress import Silent
from simulation.run import run
from tests.integration.containers.conftest import NOON, REQUIRED, note_used


def _program() -> list[str] | None:
    """``docker compose``, or the older program; None where neither is."""
    modern = ["docker", "compose"]
    if shutil.which("docker") and subprocess.run([*modern, "version"], capture_output=True).returncode == 0:
        return modern
    return ["docker-compose"] if shutil.which("docker-compose") else None


@pytest.fixture(scope="module")
def ports() -> dict[str, str]:
    """Two free ports, so that what a developer keeps up is not in the way."""
    with closing(socket.socket()) as one, closing(socket.socket()) as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        names = ("SIMULATE_POSTGRES_PORT", "SIMULATE_STRIPE_MOCK_PORT")
        return {name: str(probe.getsockname()[1]) for name, probe in zip(names, (one, other), strict=True)}


@pytest.fixture(scope="module")
def up(ports: dict[str, str]) -> Iterator[None]:
    """The services up; down again afterwards unless they were up before."""
    program = _program()
    if program is None:
        assert not os.environ.get(REQUIRED), "neither 'docker compose' nor 'docker-compose' is here"
        pytest.skip("neither 'docker compose' nor 'docker-compose' is here: apt-get install docker-compose")
    command = [*program, "-f", str(COMPOSE_FILE)]
    if _is_up():
        yield
        return
    subprocess.run([*command, "up", "-d"], check=True, capture_output=True, env={**os.environ, **ports})
    yield
    subprocess.run([*command, "down", "--volumes"], check=True, capture_output=True, env={**os.environ, **ports})


def _is_up() -> bool:
    with closing(connect()) as engine:
        try:
            find_service(engine, "postgres")
        except EnvironmentFault:
            return False
        return True


def test_a_service_that_is_not_up_names_the_command() -> None:
    if _is_up():
        pytest.skip("somebody keeps it up")
    with pytest.raises(EnvironmentFault, match="up -d --wait"), running(ComposePostgres(now=NOON)):
        pass


def test_a_taken_port_is_named_before_it_is_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    if _is_up():
        pytest.skip("somebody keeps it up")
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("SIMULATE_POSTGRES_PORT", str(taken.getsockname()[1]))
        with pytest.raises(EnvironmentFault, match="is taken"):
            doctor._compose()


@pytest.mark.usefixtures("up")
def test_each_run_begins_with_an_empty_server_at_its_own_time_whose_superuser_is_open() -> None:
    for _ in range(2):
        with running(ComposePostgres(now=NOON)) as server:
            note_used(server)
            server.prepare_template(lambda _url: None)
            database = server.clone("staging")
            with psycopg.connect(database.conninfo("observer", application="test")) as connection:
                assert connection.execute("SELECT now()").fetchone() == (NOON,)
            server.revoke_founder()
            assert "connection authorized" in "".join(server.server_log())


@pytest.mark.usefixtures("up")
def test_the_services_come_up_again_where_a_run_has_moved_the_clock() -> None:
    """As after a restart of the machine: nobody has set the clock back."""
    with running(ComposePostgres(now=NOON)) as server:
        assert isinstance(server, ComposePostgres)
        write_clock_file(server.clock_file, NOON + timedelta(days=2))
        container = server.container
    container.restart(timeout=1)
    ready = ["pg_isready", "-q", "-h", "/var/run/postgresql"]
    with contextlib.suppress(APIError):  # it is not running any more
        while container.exec_run(ready).exit_code != 0:
            time.sleep(0.05)
    container.reload()
    assert container.status == "running", container.logs(tail=3)


@pytest.mark.usefixtures("up")
def test_a_second_run_is_refused_while_the_first_has_the_clock() -> None:
    with (
        running(ComposePostgres(now=NOON)),
        pytest.raises(EnvironmentFault, match="another run uses"),
        running(ComposePostgres(now=NOON)),
    ):
        pass


@pytest.mark.usefixtures("up")
def test_the_digest_is_the_same_in_compose_as_embedded(tmp_path: Path) -> None:
    verdicts = [
        run(prepare(scenario="smoke_2d", seed=1, environment=name, out=tmp_path), Silent()).verdict
        for name in ("embedded", "compose")
    ]
    assert [verdict.outcome for verdict in verdicts] == ["pass", "pass"]
    assert verdicts[0].digest == verdicts[1].digest
