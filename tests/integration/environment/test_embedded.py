"""The embedded server: on the simulated clock, with its roles, closed to founders, gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from simulation.clock_file import write_clock_file
from simulation.environment import data_folder
from simulation.environment.embedded import EmbeddedPostgres, embedded_postgres
from simulation.environment.protocol import Database
from simulation.environment.server import running
from simulation.environment.workspace import PREFIX, candidate_roots, reap_leftovers, workspace

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

HOLDER = """
import sys
from datetime import UTC, datetime
from simulation.environment.embedded import embedded_postgres
from simulation.environment.workspace import workspace
from simulation.cli import terminate
import signal
signal.signal(signal.SIGTERM, terminate)
with workspace() as folder, embedded_postgres(folder=folder, now=datetime(2026, 3, 1, tzinfo=UTC)) as server:
    print(folder, server._process.pid, flush=True)
    sys.stdin.read()
"""


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


@contextmanager
def _held() -> Iterator[tuple[subprocess.Popen[str], Path, int]]:
    """A process that holds a server, with its folder and the server's process id."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as holder:
        assert holder.stdout is not None
        folder, pid = holder.stdout.readline().split()
        yield holder, Path(folder), int(pid)


def test_the_server_lives_in_simulated_time(postgres: EmbeddedPostgres, database: Database) -> None:
    with psycopg.connect(database.conninfo("observer", application="test"), autocommit=True) as connection:
        write_clock_file(postgres.clock_file, NOON)
        row = connection.execute("SELECT now(), CURRENT_TIMESTAMP, clock_timestamp()").fetchone()
    assert row == (NOON, NOON, NOON)


def test_the_observer_cannot_write(database: Database) -> None:
    with (
        psycopg.connect(database.conninfo("observer", application="test")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("INSERT INTO users (name, email) VALUES ('x', 'x@y.z')")


@pytest.mark.parametrize("statement", ["DELETE FROM ledger", "TRUNCATE ledger", "ALTER TABLE ledger ADD x int"])
def test_the_platform_cannot_remove_or_change_tables(database: Database, statement: str) -> None:
    with (
        psycopg.connect(database.conninfo("platform", application="test")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)  # type: ignore[arg-type]


def test_no_password_reaches_the_log(postgres: EmbeddedPostgres, database: Database) -> None:
    log = "".join(postgres.server_log())
    assert "connection authorized" in log
    assert not [role for role, password in database.passwords.items() if password in log]


def test_revoked_roles_are_refused() -> None:
    with workspace() as folder, embedded_postgres(folder=folder, now=NOON) as server:
        server.prepare_template(lambda _url: None)
        database = server.clone("staging")
        with psycopg.connect(database.conninfo("founder", application="before")):
            pass
        server.revoke_founder()
        for role in ("founder", "superuser"):
            with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
                psycopg.connect(database.conninfo(role, application="after"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_after_an_interrupt(how: signal.Signals) -> None:
    with _held() as (holder, folder, pid):
        assert _alive(pid)
        holder.send_signal(how)
        holder.wait(20)
        assert not _alive(pid)
        assert not folder.exists()


def test_a_killed_runs_server_dies_with_it_and_the_next_run_reaps_its_folder() -> None:
    with _held() as (holder, folder, pid):
        holder.kill()
        holder.wait(20)
    assert folder in reap_leftovers()
    assert not folder.exists()
    assert not _alive(pid)


def test_reaping_spares_the_living() -> None:
    with workspace() as folder:
        assert folder not in reap_leftovers()
        assert folder.exists()


def test_the_workspace_is_ours_alone(tmp_path: Path) -> None:
    with workspace() as folder:
        assert folder.name.startswith(f"{PREFIX}{os.getpid()}-")
        assert folder.parent in candidate_roots()
        assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user: run the tests as root")
def test_no_other_account_comes_near_the_server_even_nobody() -> None:
    with workspace() as folder, embedded_postgres(folder=folder, now=NOON) as server:
        for user in (65534, 4711):
            tried = subprocess.run(
                ["/bin/sh", "-c", f"ls {server.host}"], user=user, group=user, extra_groups=[], capture_output=True,
                encoding="utf-8", cwd="/",
            )  # fmt: skip
            assert "Permission denied" in tried.stderr
        assert server.process_id is not None
        assert os.stat(f"/proc/{server.process_id}").st_uid not in (0, 65534)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT])
def test_no_shared_memory_is_left_of_a_killed_server(how: signal.Signals) -> None:
    with workspace() as folder:
        server = EmbeddedPostgres(folder=folder, now=NOON)
        server.start()
        process = server._process
        assert process is not None
        segment = (folder / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[6].split()[1]
        assert segment in _segments()
        assert list((folder / "data" / "pg_dynshmem").iterdir()), "what else it shares lies in its own folder"
        process.send_signal(how)
        process.wait(20)
        assert not server.alive
    assert segment not in _segments()
    assert not list(Path("/dev/shm").glob(f"*{folder.name}*"))


def _segments() -> set[str]:
    """Ids of System V shared memory on this machine."""
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text(encoding="utf-8").splitlines()[1:]}


def test_a_restart_keeps_data_clock_and_roles_and_brings_the_new_settings() -> None:
    with workspace() as folder, embedded_postgres(folder=folder, now=NOON) as server:
        server.prepare_template(lambda url: None)
        database = server.clone("kept")
        with server.superuser("kept") as connection:
            connection.execute("CREATE TABLE t AS SELECT now() AS at")
        server.revoke_founder()
        write_clock_file(server.clock_file, NOON.replace(hour=13))
        before = server._process
        server.restart({"max_connections": "77"})
        assert server._process is not before
        assert server.alive
        with psycopg.connect(database.conninfo("observer", application="test")) as connection:
            row = connection.execute(
                "SELECT current_setting('max_connections'), at, now() AS now, (SELECT count(*) FROM "
                "pg_replication_slots) FROM t"
            ).fetchone()
        assert row == ("77", NOON, NOON.replace(hour=13), 1)
        with pytest.raises(psycopg.OperationalError), server.superuser("kept"):
            pass


def test_a_template_is_prepared_once_for_each_schema_and_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_folder, "KEPT", tmp_path / "postgres")
    loaded: list[str] = []

    def load(url: str) -> None:
        loaded.append(url)
        with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
            connection.execute("CREATE TABLE t AS SELECT now() AS at")
            connection.execute("GRANT SELECT ON t TO observer")

    def begin(schema: str, now: datetime) -> tuple[datetime, str, str]:
        """What a run finds: the template's row, the superuser's password, its next transaction."""
        with workspace() as folder:
            server = EmbeddedPostgres(folder=folder, now=now, schema_digest=schema)
            with running(server):
                server.prepare_template(load)
                password = server.passwords["superuser"]
                database = server.clone("x")
                with psycopg.connect(database.conninfo("observer", application="test")) as connection:
                    row = connection.execute("SELECT at, pg_current_xact_id()::text FROM t").fetchone()
                assert row is not None
                return row[0], password, row[1]

    first, again = begin("one", NOON), begin("one", NOON)
    assert len(loaded) == 1, "the second run was given what the first had prepared"
    assert first[0] == again[0] == NOON
    assert first[1] != again[1], "each has passwords of its own"
    assert first[2] == again[2], "and goes on from the same transaction"
    begin("another", NOON)
    assert begin("one", NOON.replace(hour=13))[0] == NOON.replace(hour=13)
    assert len(loaded) == 3
