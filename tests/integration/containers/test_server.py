"""Postgres in a container: on the simulated clock, closed to founders, alone on its machine, gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from simulation.clock_file import write_clock_file
from simulation.environment.engine import connect, owner_labels, reap_containers, remove
from simulation.environment.server import PostgresServer
from tests.integration.containers.conftest import NOON, container

HOLDER = """
import sys
from tests.integration.containers.conftest import container
with container() as server:
    print(server.container.id, flush=True)
    sys.stdin.read()
"""


def _ask(server: PostgresServer, database: str, query: str, role: str = "observer") -> Any:
    with psycopg.connect(server.database(database).conninfo(role, application="test"), autocommit=True) as connection:
        return connection.execute(query).fetchone()  # type: ignore[arg-type]


def test_it_lives_in_simulated_time_that_moves_with_the_clock_file(server: PostgresServer) -> None:
    database = server.clone("clock")
    assert _ask(server, "clock", "SELECT now(), clock_timestamp()") == (NOON, NOON)
    write_clock_file(database.clock_file, NOON + timedelta(days=3))
    assert _ask(server, "clock", "SELECT now(), clock_timestamp()") == (NOON + timedelta(days=3),) * 2


def test_it_is_the_same_server_with_the_same_settings_as_embedded(
    server: PostgresServer, postgres: PostgresServer
) -> None:
    server.clone("settings")
    postgres.clone("settings")
    # Where it stands and listens, and what it runs beside: its owner's, not the server's.
    query = """SELECT string_agg(name || '=' || setting, E'\\n' ORDER BY name) FROM pg_settings
        WHERE name NOT LIKE '%directory' AND name NOT LIKE '%directories' AND name NOT LIKE '%_file'
        AND name NOT IN ('listen_addresses', 'application_name', 'external_pid_file')"""
    try:
        ours, theirs = (_ask(one, "settings", query)[0].splitlines() for one in (server, postgres))
        assert set(ours) ^ set(theirs) == set()
    finally:
        postgres.drop("settings")


def test_nothing_of_it_is_exposed(server: Any) -> None:
    settings = server.container.attrs["HostConfig"]
    server.container.reload()
    assert settings["NetworkMode"] == "none"
    assert not server.container.ports


def test_no_password_reaches_the_log_or_the_containers_description(server: Any) -> None:
    server.clone("secrets")
    _ask(server, "secrets", "SELECT 1")
    seen = "".join(server.server_log()) + str(server.container.attrs) + server.container.logs().decode()
    assert "connection authorized" in seen
    assert not [role for role, password in server.passwords.items() if password in seen]


def test_revoked_roles_are_refused() -> None:
    with container() as server:
        database = server.clone("staging")
        server.revoke_founder()
        for role in ("founder", "superuser"):
            with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
                psycopg.connect(database.conninfo(role, application="after"))


def test_two_side_by_side_do_not_see_each_other(server: PostgresServer) -> None:
    with container() as other:
        server.clone("mine")
        other.clone("theirs")
        write_clock_file(other.clock_file, NOON + timedelta(days=9))
        names = [row[0] for row in (_ask(one, "postgres", _DATABASES) for one in (server, other))]
        assert "theirs" not in names[0]
        assert "mine" not in names[1]
        assert _ask(other, "theirs", "SELECT now()") == (NOON + timedelta(days=9),)
        assert _ask(server, "mine", "SELECT now()") != (NOON + timedelta(days=9),)


_DATABASES = "SELECT string_agg(datname, ' ') FROM pg_database"


def _held() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True, env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip


def _is_there(identity: str) -> bool:
    with closing(connect()) as engine:
        return bool(engine.containers.list(all=True, filters={"id": identity}, ignore_removed=True))


def _gone_within(identity: str, wall_seconds: float) -> bool:
    deadline = time.monotonic() + wall_seconds
    while _is_there(identity):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_a_killed_runs_container_is_removed_by_its_watchdog() -> None:
    with _held() as holder:
        assert holder.stdout is not None
        identity = holder.stdout.readline().strip()
        assert _is_there(identity)
        holder.kill()
        holder.wait(20)
        assert _gone_within(identity, 60)


def test_an_interrupted_runs_container_is_gone_at_once() -> None:
    with _held() as holder:
        assert holder.stdout is not None
        identity = holder.stdout.readline().strip()
        holder.send_signal(signal.SIGINT)
        holder.wait(20)
        assert not _is_there(identity)


def test_a_container_without_an_owner_is_reaped_and_a_living_ones_spared(server: Any, tmp_path: Path) -> None:
    with closing(connect()) as engine:
        orphan = engine.containers.create(server.container.image.id, labels=owner_labels(tmp_path / "gone"))
        try:
            assert orphan.short_id in reap_containers(engine)
        finally:
            remove(orphan)
    assert server.alive
